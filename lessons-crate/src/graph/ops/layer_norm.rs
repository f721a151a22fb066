//! Layer normalization over the last axis.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `(x - mean) / sqrt(variance + epsilon) * scale + shift` along the last axis, with the population
/// variance (Ba, Kiros and Hinton, 2016). Inputs: x, scale, shift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LayerNorm {
    pub epsilon: f64,
}

impl OpDef for LayerNorm {
    fn name(&self) -> &str {
        "layer_norm"
    }

    fn attributes(&self) -> String {
        format!("epsilon={:e}", self.epsilon)
    }

    fn arity(&self, _given: usize) -> usize {
        3
    }

    fn rule(&self) -> &'static str {
        "layer_norm(x: [.., n], scale: [n], shift: [n]) has the type of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let x = inputs[0];
        let Some(width) = x.shape.last() else {
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
        same_float(inputs)?;
        Ok(x.clone())
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        output.shape.elements() * Dim::constant(8)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let inputs = vec![f32s(("n", 4)), f32s((4,)), f32s((4,))];
        vec![Sample {
            op: LayerNorm { epsilon: 1e-5 }.into(),
            inputs,
        }]
    }
}
