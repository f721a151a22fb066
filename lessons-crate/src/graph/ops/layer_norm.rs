//! Layer normalization over the last axis.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `(x - mean) / sqrt(variance + epsilon) * scale + shift` along the last axis, with the population
/// variance (Ba, Kiros and Hinton, 2016). Inputs: x, then scale and shift if it is affine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LayerNorm {
    pub epsilon: f64,
    /// Whether there are a scale and a shift.
    pub affine: bool,
}

/// Says no unless there is a last axis, and all inputs but the first are vectors of its size.
pub(super) fn fit_last_axis(inputs: &[&TensorType]) -> Result<(), Broken> {
    let Some(width) = inputs[0].shape.last() else {
        return Err(Broken::new(
            "{0} is a scalar, and there is no last axis to normalize",
        ));
    };
    for (index, input) in inputs.iter().enumerate().skip(1) {
        if input.rank() != 1 || input.shape[0] != *width {
            return Err(Broken::new(format!(
                "{{{index}}} has the shape {}, and the last axis of {{0}} has the dim {width}",
                input.shape
            ))
            .help(format!("declare {{{index}}} as f32s(({width},))")));
        }
    }
    Ok(())
}

impl OpDef for LayerNorm {
    fn name(&self) -> &str {
        "layer_norm"
    }

    fn attributes(&self) -> String {
        let affine = if self.affine { "" } else { ", no scale" };
        format!("epsilon={:e}{affine}", self.epsilon)
    }

    fn arity(&self, _given: usize) -> usize {
        if self.affine { 3 } else { 1 }
    }

    fn rule(&self) -> &'static str {
        "layer_norm(x: [.., n], scale: [n], shift: [n]) has the type of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        fit_last_axis(inputs)?;
        same_float(inputs)?;
        Ok(inputs[0].clone())
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        output.shape.elements() * Dim::constant(8)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let inputs = vec![f32s(("n", 4)), f32s((4,)), f32s((4,))];
        let sample = |affine, inputs| Sample {
            op: LayerNorm {
                epsilon: 1e-5,
                affine,
            }
            .into(),
            inputs,
        };
        vec![
            sample(true, inputs),
            sample(false, vec![f32s(("batch", "n", 4))]),
        ]
    }
}
