//! Functions of one element.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, same_float};
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// A function applied to each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    /// `-x`; for integers too.
    Neg,
    /// `|x|`; for integers too.
    Abs,
    Exp,
    /// The natural logarithm.
    Log,
    Sqrt,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `1 / x`
    Recip,
    Sin,
    Cos,
    Tanh,
    /// The error function, `2/sqrt(pi) * integral of exp(-t^2) from 0 to x`.
    Erf,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `max(x, 0)`; for integers too.
    Relu,
    /// `x * (1 + erf(x / sqrt(2))) / 2`, the exact Gaussian error linear unit (Hendrycks and Gimpel, 2016).
    Gelu,
    /// `x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3))) / 2`, the same paper's approximation.
    GeluTanh,
    /// `x * sigmoid(1.702 * x)`, its quicker one.
    GeluQuick,
    /// `x * sigmoid(x)`, also called swish.
    Silu,
}

impl Unary {
    pub const ALL: [Unary; 17] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Exp,
        Unary::Log,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Recip,
        Unary::Sin,
        Unary::Cos,
        Unary::Tanh,
        Unary::Erf,
        Unary::Sigmoid,
        Unary::Relu,
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::GeluQuick,
        Unary::Silu,
    ];

    fn takes_ints(self) -> bool {
        matches!(self, Unary::Neg | Unary::Abs | Unary::Relu)
    }
}

impl OpDef for Unary {
    fn name(&self) -> &str {
        match self {
            Unary::Neg => "neg",
            Unary::Abs => "abs",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Sqrt => "sqrt",
            Unary::Rsqrt => "rsqrt",
            Unary::Recip => "recip",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Tanh => "tanh",
            Unary::Erf => "erf",
            Unary::Sigmoid => "sigmoid",
            Unary::Relu => "relu",
            Unary::Gelu => "gelu",
            Unary::GeluTanh => "gelu_tanh",
            Unary::GeluQuick => "gelu_quick",
            Unary::Silu => "silu",
        }
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "f(x) has the type of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        if !(self.takes_ints() && inputs[0].dtype.is_int()) {
            same_float(inputs)?;
        }
        Ok(inputs[0].clone())
    }

    fn tolerance(&self) -> Tolerance {
        match self {
            Unary::Neg | Unary::Abs | Unary::Relu => Tolerance::EXACT,
            _ => Tolerance::ROUNDING,
        }
    }

    fn samples() -> Vec<Sample> {
        Unary::ALL
            .map(|op| Sample {
                op: op.into(),
                inputs: vec![f32s(("n", 3))],
            })
            .to_vec()
    }
}
