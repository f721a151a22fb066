//! Matrix products with what follows them: bias, activation, residual.

use serde::{Deserialize, Serialize};

use super::{MatMul, OpDef, Sample, Tolerance, Unary};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `activation(x · w + bias) + residual`: what the compiler makes of a matrix product and the
/// elementwise ops behind it, so that they happen while the product is still in registers. Inputs:
/// x, w, then the bias and the residual, as far as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linear {
    /// Whether a bias, one number a column, is added.
    pub bias: bool,
    /// What is applied to each element after the bias.
    pub activation: Option<Unary>,
    /// Whether a value of the result's type is added at the end.
    pub residual: bool,
}

impl OpDef for Linear {
    fn name(&self) -> &str {
        "linear"
    }

    fn attributes(&self) -> String {
        let parts = [
            self.bias.then_some("bias"),
            self.activation.as_ref().map(Unary::name),
            self.residual.then_some("residual"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" → ")
    }

    fn arity(&self, _given: usize) -> usize {
        2 + usize::from(self.bias) + usize::from(self.residual)
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
        let mut next = 2;
        if self.bias {
            if inputs[next].rank() != 1 || inputs[next].shape[0] != ty.shape[ty.rank() - 1] {
                return Err(Broken::new(format!(
                    "the bias {{{next}}} has the shape {}, and the product has {} columns",
                    inputs[next].shape,
                    ty.shape[ty.rank() - 1]
                )));
            }
            next += 1;
        }
        if self.residual && *inputs[next] != ty {
            return Err(Broken::new(format!(
                "the residual {{{next}}} is {}, and the product is {ty}",
                inputs[next]
            )));
        }
        super::same_float(inputs)?;
        Ok(ty)
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        let steps = usize::from(self.bias)
            + usize::from(self.activation.is_some())
            + usize::from(self.residual);
        MatMul.flops(inputs, output) + output.shape.elements() * Dim::from(steps)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let [x, w, bias, residual] = [f32s(("n", 3)), f32s((3, 2)), f32s((2,)), f32s(("n", 2))];
        let all = Linear {
            bias: true,
            activation: Some(Unary::Gelu),
            residual: true,
        };
        let plain = Linear {
            bias: false,
            activation: Some(Unary::Relu),
            residual: false,
        };
        vec![
            Sample {
                op: all.into(),
                inputs: vec![x.clone(), w.clone(), bias, residual],
            },
            Sample {
                op: plain.into(),
                inputs: vec![x, w],
            },
        ]
    }
}
