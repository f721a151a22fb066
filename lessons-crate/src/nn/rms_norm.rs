//! Normalization by the root of the mean square, with its weight.

use crate::graph::{Builder, Value, f32s};

/// The last axis, of size `width`, divided by the root of its mean square. Declares
/// `{prefix}.weight` of shape `[width]`.
#[track_caller]
pub fn rms_norm(g: &Builder, prefix: &str, x: Value, width: usize, epsilon: f64) -> Value {
    x.rms_norm(
        g.weight(&format!("{prefix}.weight"), f32s((width,))),
        epsilon,
    )
}
