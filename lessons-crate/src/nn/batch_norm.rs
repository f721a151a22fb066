//! Batch normalization, as it is after training.

use crate::graph::{Builder, Value, f32s};

/// Normalization of each channel of `[batch, channels, ..]` by the mean and variance that training
/// has found. Declares `{prefix}.weight`, `{prefix}.bias`, `{prefix}.running_mean` and
/// `{prefix}.running_var`, all of shape `[channels]`, as PyTorch's `BatchNorm2d` does.
///
/// ```
/// use lessons::prelude::*;
/// let graph = Graph::build("block", |g| {
///     let x = g.input("x", f32s(("batch", 3, 32, 32)));
///     let y = nn::conv2d(g, "conv", x, [3, 16], Window::of(3).padding(1));
///     g.output("y", nn::batch_norm(g, "norm", y, 16, 1e-5).relu());
/// })?;
/// // The normalization becomes part of the weights, and all is one kernel.
/// let plan = Session::cpu().compile(&graph)?;
/// assert!(plan.graph().to_string().contains("bias → relu"));
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn batch_norm(g: &Builder, prefix: &str, x: Value, channels: usize, epsilon: f64) -> Value {
    let [scale, shift, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
        .map(|name| g.weight(&format!("{prefix}.{name}"), f32s((channels,))));
    x.batch_norm(scale, shift, mean, variance, epsilon)
}
