//! Axes in another order.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// Axis `i` of the result is axis `axes[i]` of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permute {
    pub axes: Vec<usize>,
}

impl OpDef for Permute {
    fn name(&self) -> &str {
        "permute"
    }

    fn attributes(&self) -> String {
        format!("axes={:?}", self.axes)
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "permute(x, axes): axes names each axis of x once"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let rank = inputs[0].rank();
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..rank) {
            return Err(Broken::new(format!(
                "{{0}} has {rank} axes, and {:?} is not an order of them",
                self.axes
            ))
            .help(format!("name each of 0 to {} once", rank.saturating_sub(1))));
        }
        let dims = self
            .axes
            .iter()
            .map(|axis| inputs[0].shape[*axis].clone())
            .collect();
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: Shape::new(dims),
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: Permute {
                axes: vec![1, 0, 2],
            }
            .into(),
            inputs: vec![f32s(("n", 2, 3))],
        }]
    }
}
