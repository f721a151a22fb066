//! Normalization by the root of the mean square.

use serde::{Deserialize, Serialize};

use super::layer_norm::fit_last_axis;
use super::{OpDef, Sample, Tolerance, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `x / sqrt(mean(x²) + epsilon) * scale` along the last axis (Zhang and Sennrich, 2019). Inputs: x,
/// scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RmsNorm {
    pub epsilon: f64,
}

impl OpDef for RmsNorm {
    fn name(&self) -> &str {
        "rms_norm"
    }

    fn attributes(&self) -> String {
        format!("epsilon={:e}", self.epsilon)
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        "rms_norm(x: [.., n], scale: [n]) has the type of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        fit_last_axis(inputs)?;
        same_float(inputs)?;
        Ok(inputs[0].clone())
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        output.shape.elements() * Dim::constant(4)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: RmsNorm { epsilon: 1e-6 }.into(),
            inputs: vec![f32s(("n", 4)), f32s((4,))],
        }]
    }
}
