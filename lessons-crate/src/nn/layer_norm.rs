//! Layer normalization with its weights.

use crate::graph::{Builder, Value, f32s};

/// Layer normalization over the last axis, of size `width`. Declares `{prefix}.weight` and
/// `{prefix}.bias`, both of shape `[width]`.
#[track_caller]
pub fn layer_norm(g: &Builder, prefix: &str, x: Value, width: usize, epsilon: f64) -> Value {
    let scale = g.weight(&format!("{prefix}.weight"), f32s((width,)));
    let shift = g.weight(&format!("{prefix}.bias"), f32s((width,)));
    x.layer_norm(scale, shift, epsilon)
}
