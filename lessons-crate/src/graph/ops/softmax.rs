//! Softmax along one axis.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, axis_of, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `exp(x - m) / sum(exp(x - m))` along `axis`, where `m` is the largest element there. Elements of
/// minus infinity get 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softmax {
    pub axis: i32,
}

impl OpDef for Softmax {
    fn name(&self) -> &str {
        "softmax"
    }

    fn attributes(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "softmax(x, axis) has the type of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        axis_of(inputs[0], self.axis)?;
        same_float(inputs)?;
        Ok(inputs[0].clone())
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        output.shape.elements() * Dim::constant(5)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ROUNDING
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: Softmax { axis: -1 }.into(),
            inputs: vec![f32s(("n", 3))],
        }]
    }
}
