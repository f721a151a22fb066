//! Weights for a model that nobody has trained, such that numbers keep their size from layer to layer.

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::graph::Graph;
use crate::weights::Weights;

/// Random f32 weights from a seed; the same seed gives the same bits on every machine.
///
/// By names and shapes: biases lie within ±0.1, the scales of normalizations within 1 ± 0.1, embeddings
/// within ±1, and all others within ±√(3/n), n the numbers that are summed (all dims but the first), so
/// that a product has the variance of what goes in. A wrong op then shows in the outputs, which it
/// would not if they faded to nothing.
///
/// # Errors
/// When candle cannot make a tensor.
pub fn initial_weights(graph: &Graph, seed: u64) -> crate::Result<Weights> {
    let mut generator = StdRng::seed_from_u64(seed);
    let mut weights = Weights::new();
    for (name, node) in graph.weights() {
        let shape = node.ty.shape.known().unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or(name);
        let (center, reach) = if last.starts_with("bias") {
            (0.0, 0.1)
        } else if shape.len() < 2 {
            (1.0, 0.1)
        } else if name.contains("embeddings") {
            (0.0, 1.0)
        } else {
            let summed: usize = shape[1..].iter().product();
            (0.0, (3.0 / summed.max(1) as f32).sqrt())
        };
        let elements = shape.iter().product();
        let mut values = Vec::with_capacity(elements);
        values.extend((0..elements).map(|_| center + reach * generator.random_range(-1.0f32..1.0)));
        weights.insert(name, Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    Ok(weights)
}
