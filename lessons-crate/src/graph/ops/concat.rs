//! Values end to end.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, axis_of, same_dtype};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// The inputs one after the other along `axis`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concat {
    pub axis: i32,
}

impl OpDef for Concat {
    fn name(&self) -> &str {
        "concat"
    }

    fn attributes(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn arity(&self, given: usize) -> usize {
        given.max(1)
    }

    fn rule(&self) -> &'static str {
        "concat([.., a, ..], [.., b, ..], axis) -> [.., a + b, ..]; all other dims are equal"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let axis = axis_of(inputs[0], self.axis)?;
        same_dtype(inputs)?;
        let mut dims = inputs[0].shape.to_vec();
        for (index, input) in inputs.iter().enumerate().skip(1) {
            let fits = input.rank() == dims.len()
                && (0..dims.len()).all(|at| at == axis || input.shape[at] == inputs[0].shape[at]);
            if !fits {
                return Err(Broken::new(format!(
                    "{{0}} has the shape {} and {{{index}}} the shape {}: they may differ at axis {} only",
                    inputs[0].shape, input.shape, self.axis
                )));
            }
            dims[axis] = dims[axis].clone() + input.shape[axis].clone();
        }
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
            op: Concat { axis: 0 }.into(),
            inputs: vec![f32s(("n", 3)), f32s((2, 3))],
        }]
    }
}
