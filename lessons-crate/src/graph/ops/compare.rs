//! Comparisons of two values, with broadcasting.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, broadcast_shapes, same_dtype};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// A comparison of the elements of two values at the same place; the result holds bools. Every
/// comparison with NaN is false, except `not_equal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    pub const ALL: [Compare; 6] = [
        Compare::Equal,
        Compare::NotEqual,
        Compare::Less,
        Compare::LessEqual,
        Compare::Greater,
        Compare::GreaterEqual,
    ];
}

impl OpDef for Compare {
    fn name(&self) -> &str {
        match self {
            Compare::Equal => "equal",
            Compare::NotEqual => "not_equal",
            Compare::Less => "less",
            Compare::LessEqual => "less_equal",
            Compare::Greater => "greater",
            Compare::GreaterEqual => "greater_equal",
        }
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        "f(a, b) -> bool: aligned at the last axis, dims are equal or one of them is 1; one dtype"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let shape = broadcast_shapes(&inputs[0].shape, &inputs[1].shape)?;
        same_dtype(inputs)?;
        Ok(TensorType {
            dtype: DType::Bool,
            shape,
        })
    }

    fn samples() -> Vec<Sample> {
        Compare::ALL
            .map(|op| Sample {
                op: op.into(),
                inputs: vec![f32s(("n", 3)), f32s((3,))],
            })
            .to_vec()
    }
}
