//! Linear layers.

use crate::graph::{Builder, Value, f32s};

/// `x · Wᵀ + b` for `x` of shape `[.., inputs]`; the result has the shape `[.., outputs]`. Declares
/// `{prefix}.weight` of shape `[outputs, inputs]` and `{prefix}.bias` of shape `[outputs]`, as
/// PyTorch's `Linear` does.
///
/// ```
/// use lessons::prelude::*;
/// let graph = Graph::build("linear", |g| {
///     let x = g.input("x", f32s(("batch", 4)));
///     g.output("y", nn::linear(g, "fc", x, 4, 2));
/// })?;
/// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[batch, 2]");
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn linear(g: &Builder, prefix: &str, x: Value, inputs: usize, outputs: usize) -> Value {
    let weight = g.weight(&format!("{prefix}.weight"), f32s((outputs, inputs)));
    let bias = g.weight(&format!("{prefix}.bias"), f32s((outputs,)));
    x.matmul(weight.t()) + bias
}
