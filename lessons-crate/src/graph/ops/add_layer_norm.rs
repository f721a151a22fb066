//! A residual connection and the layer normalization after it, as one op.

use serde::{Deserialize, Serialize};

use super::{LayerNorm, OpDef, Sample, Tolerance};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `layer_norm(x + residual, scale, shift)` along the last axis: what the compiler makes of the end
/// of a transformer's half-layer, so that the sum is never written to memory. Inputs: x, residual,
/// scale, shift.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AddLayerNorm {
    pub epsilon: f64,
}

impl AddLayerNorm {
    fn norm(self) -> LayerNorm {
        LayerNorm {
            epsilon: self.epsilon,
            affine: true,
        }
    }
}

impl OpDef for AddLayerNorm {
    fn name(&self) -> &str {
        "add_layer_norm"
    }

    fn attributes(&self) -> String {
        self.norm().attributes()
    }

    fn arity(&self, _given: usize) -> usize {
        4
    }

    fn rule(&self) -> &'static str {
        "add_layer_norm(x: [.., n], residual: [.., n], scale: [n], shift: [n]): x and residual have one type, and the result has it"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        if inputs[0].shape != inputs[1].shape {
            return Err(Broken::new(format!(
                "{{0}} has the shape {} and {{1}} the shape {}",
                inputs[0].shape, inputs[1].shape
            ))
            .help("bring them to one shape: {1}.broadcast_to(..)"));
        }
        self.norm().infer(&[inputs[0], inputs[2], inputs[3]])?;
        super::same_float(inputs)?;
        Ok(inputs[0].clone())
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        self.norm().flops(inputs, output) + output.shape.elements()
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let inputs = vec![f32s(("n", 4)), f32s(("n", 4)), f32s((4,)), f32s((4,))];
        vec![Sample {
            op: AddLayerNorm { epsilon: 1e-5 }.into(),
            inputs,
        }]
    }
}
