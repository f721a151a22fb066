//! Group normalization with its weights.

use crate::graph::{Builder, Value, f32s};

/// Normalization over all numbers of each of so many groups of the channels of `[batch, channels,
/// ..]`. Declares `{prefix}.weight` and `{prefix}.bias`, both of shape `[channels]`, as PyTorch's
/// `GroupNorm` does.
#[track_caller]
pub fn group_norm(
    g: &Builder,
    prefix: &str,
    x: Value,
    groups: usize,
    channels: usize,
    epsilon: f64,
) -> Value {
    let scale = g.weight(&format!("{prefix}.weight"), f32s((channels,)));
    let shift = g.weight(&format!("{prefix}.bias"), f32s((channels,)));
    x.group_norm(groups, scale, shift, epsilon)
}
