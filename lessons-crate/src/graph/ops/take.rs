//! Elements by index.

use serde::{Deserialize, Serialize};

use super::{OpDef, Place, Sample};
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s, i64s};

/// The elements of the first input that the second one, the indices, names. Rows of a table have an op
/// of their own, [`Gather`](super::Gather).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    pub place: Place,
}

impl OpDef for Take {
    fn name(&self) -> &str {
        match self.place {
            Place::Along(_) => "take_along_axis",
            Place::Nd => "gather_nd",
        }
    }

    fn attributes(&self) -> String {
        self.place.attributes()
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        match self.place {
            Place::Along(_) => {
                "take_along_axis([.., n, ..], indices: [.., i, ..], axis) -> [.., i, ..]; all other dims are equal"
            }
            Place::Nd => {
                "gather_nd([a, b, .., ..rest], indices: [..i, k]) -> [..i, ..rest]; k axes are indexed"
            }
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: self.place.shape(inputs[0], inputs[1])?,
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let sample = |place, value, indices| Sample {
            op: Take { place }.into(),
            inputs: vec![value, indices],
        };
        vec![
            sample(Place::Along(1), f32s(("n", 6)), i64s(("n", 2))),
            sample(Place::Along(0), f32s((6, "n")), i64s((2, "n"))),
            sample(Place::Nd, f32s((5, 6, "n")), i64s((4, 2))),
        ]
    }
}
