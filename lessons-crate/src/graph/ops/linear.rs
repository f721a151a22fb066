//! Matrix products with what follows them: bias, activation, residual.

use serde::{Deserialize, Serialize};

use super::epilogue::{Step, Steps};
use super::{Epilogue, MatMul, OpDef, Sample, Tolerance, Unary};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `x · w`, and what the compiler has joined to it of the elementwise ops behind it, such as
/// `relu(x · w + bias + residual)`. Inputs: x, w, then those of the epilogue.
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
        self.epilogue.names().join(" → ")
    }

    fn arity(&self, _given: usize) -> usize {
        2 + self.epilogue.arity()
    }

    fn rule(&self) -> &'static str {
        "linear(x: [.., m, k], w: [k, n], bias: [n], residuals: [.., m, n]) -> [.., m, n]"
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
        let [gelu, relu] = [Unary::Gelu, Unary::Relu].map(Step::Activation);
        let sample = |bias: bool, steps: Vec<Step>, inputs: Vec<&TensorType>| {
            let steps = Steps::try_from(steps).unwrap_or_default();
            Sample {
                op: Linear {
                    epilogue: Epilogue { bias, steps },
                }
                .into(),
                inputs: inputs.into_iter().cloned().collect(),
            }
        };
        vec![
            sample(
                true,
                vec![gelu, Step::Residual],
                vec![&x, &w, &bias, &residual],
            ),
            sample(
                true,
                vec![Step::Residual, relu],
                vec![&x, &w, &bias, &residual],
            ),
            sample(false, vec![relu], vec![&x, &w]),
            sample(
                false,
                vec![Step::Residual, gelu, Step::Residual, relu],
                vec![&x, &w, &residual, &residual],
            ),
        ]
    }
}
