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
    /// `log(1 + x)`, accurate also where `x` is too small to change 1.
    Log1p,
    Sqrt,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `1 / x`
    Recip,
    Sin,
    Cos,
    /// The angle from 0 to pi whose cosine it is; NaN beyond -1 and 1.
    Acos,
    Tanh,
    /// The inverse of tanh; NaN beyond -1 and 1.
    Atanh,
    /// The error function, `2/sqrt(pi) * integral of exp(-t^2) from 0 to x`.
    Erf,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// The largest integer that is not above `x`.
    Floor,
    /// The smallest integer that is not below `x`.
    Ceil,
    /// The nearest integer; of two that are as near, the even one.
    Round,
    /// The fraction cut off: the next integer toward zero.
    Trunc,
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
    pub const ALL: [Unary; 24] = [
        Unary::Neg,
        Unary::Abs,
        Unary::Exp,
        Unary::Log,
        Unary::Log1p,
        Unary::Sqrt,
        Unary::Rsqrt,
        Unary::Recip,
        Unary::Sin,
        Unary::Cos,
        Unary::Acos,
        Unary::Tanh,
        Unary::Atanh,
        Unary::Erf,
        Unary::Sigmoid,
        Unary::Floor,
        Unary::Ceil,
        Unary::Round,
        Unary::Trunc,
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
            Unary::Log1p => "log1p",
            Unary::Sqrt => "sqrt",
            Unary::Rsqrt => "rsqrt",
            Unary::Recip => "recip",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Acos => "acos",
            Unary::Tanh => "tanh",
            Unary::Atanh => "atanh",
            Unary::Erf => "erf",
            Unary::Sigmoid => "sigmoid",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round",
            Unary::Trunc => "trunc",
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
            Unary::Neg
            | Unary::Abs
            | Unary::Floor
            | Unary::Ceil
            | Unary::Round
            | Unary::Trunc
            | Unary::Relu => Tolerance::EXACT,
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
