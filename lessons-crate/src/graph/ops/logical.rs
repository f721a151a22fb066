//! Logic of bools.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, broadcast_shapes};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::TensorType;

/// An operation on bools, element by element, with broadcasting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logical {
    And,
    Or,
    /// Whether exactly one of both is true.
    Xor,
    Not,
}

impl Logical {
    pub const ALL: [Logical; 4] = [Logical::And, Logical::Or, Logical::Xor, Logical::Not];
}

impl OpDef for Logical {
    fn name(&self) -> &str {
        match self {
            Logical::And => "logical_and",
            Logical::Or => "logical_or",
            Logical::Xor => "logical_xor",
            Logical::Not => "logical_not",
        }
    }

    fn arity(&self, _given: usize) -> usize {
        match self {
            Logical::Not => 1,
            _ => 2,
        }
    }

    fn rule(&self) -> &'static str {
        match self {
            Logical::Not => "not(a: bool) -> bool",
            _ => {
                "f(a: bool, b: bool) -> bool: aligned at the last axis, dims are equal or one of them is 1"
            }
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let shape = match inputs {
            [a, b] => broadcast_shapes(&a.shape, &b.shape)?,
            _ => inputs[0].shape.clone(),
        };
        let number = inputs.iter().position(|input| input.dtype != DType::Bool);
        if let Some(at) = number {
            return Err(
                Broken::new(format!("{{{at}}} holds {}, not bools", inputs[at].dtype))
                    .help(format!("compare it first: {{{at}}}.not_equal(0)")),
            );
        }
        Ok(TensorType {
            dtype: DType::Bool,
            shape,
        })
    }

    fn samples() -> Vec<Sample> {
        let bools = |shape: (&str, usize)| TensorType::new(DType::Bool, shape);
        Logical::ALL
            .map(|op| Sample {
                op: op.into(),
                inputs: [bools(("n", 3)), TensorType::new(DType::Bool, (3,))][..op.arity(0)]
                    .to_vec(),
            })
            .to_vec()
    }
}
