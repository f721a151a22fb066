//! Matrix products with what follows them: bias, activation, residual.

use serde::{Deserialize, Serialize};

use super::{Epilogue, MatMul, OpDef, Sample, Tolerance, Unary};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `activation(x · w + bias) + residual`: what the compiler makes of a matrix product and the
/// elementwise ops behind it. Inputs: x, w, then those of the epilogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linear {
    #[serde(flatten)]
    pub epilogue: Epilogue,
}

impl OpDef for Linear {
    fn name(&self) -> &str {
        "linear"
    }

    fn attributes(&self) -> String {
        self.epilogue.steps().join(" → ")
    }

    fn arity(&self, _given: usize) -> usize {
        2 + self.epilogue.arity()
    }

    fn rule(&self) -> &'static str {
        "linear(x: [.., m, k], w: [k, n], bias: [n], residual: [.., m, n]) -> [.., m, n]"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        if inputs[1].rank() != 2 {
            return Err(Broken::new(format!(
                "the weight {{1}} has {} axes, not 2",
                inputs[1].rank()
            )));
        }
        let ty = MatMul.infer(&inputs[..2])?;
        self.epilogue.check(inputs, 2, &ty, ty.rank() - 1)?;
        super::same_float(inputs)?;
        Ok(ty)
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        MatMul.flops(inputs, output) + self.epilogue.flops(output)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let [x, w, bias, residual] = [f32s(("n", 3)), f32s((3, 2)), f32s((2,)), f32s(("n", 2))];
        let all = Epilogue {
            bias: true,
            activation: Some(Unary::Gelu),
            residual: true,
        };
        let plain = Epilogue {
            activation: Some(Unary::Relu),
            ..Epilogue::default()
        };
        vec![
            Sample {
                op: Linear { epilogue: all }.into(),
                inputs: vec![x.clone(), w.clone(), bias, residual],
            },
            Sample {
                op: Linear { epilogue: plain }.into(),
                inputs: vec![x, w],
            },
        ]
    }
}
