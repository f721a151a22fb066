//! Convolutions with their weights.

use crate::graph::{Builder, Value, Window, f32s};

/// A convolution of images `[batch, from, height, width]` and a bias; the result has the shape
/// `[batch, to, positions]`. Declares `{prefix}.weight` of shape `[to, from, height, width]` and
/// `{prefix}.bias` of shape `[to]`, as PyTorch's `Conv2d` does.
///
/// ```
/// use lessons::prelude::*;
/// let graph = Graph::build("conv", |g| {
///     let x = g.input("x", f32s(("batch", 3, 32, 32)));
///     let y = nn::conv2d(g, "conv", x, [3, 16], Window::of(3).padding(1)).relu();
///     g.output("y", y.max_pool2d(Window::tiles(2)));
/// })?;
/// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[batch, 16, 16, 16]");
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn conv2d(g: &Builder, prefix: &str, x: Value, channels: [usize; 2], window: Window) -> Value {
    grouped_conv2d(g, prefix, x, channels, window, 1)
}

/// [`conv2d`] in so many groups, each with its own input and output channels; the weight has the
/// shape `[to, from / groups, height, width]`.
#[track_caller]
pub fn grouped_conv2d(
    g: &Builder,
    prefix: &str,
    x: Value,
    [from, to]: [usize; 2],
    window: Window,
    groups: usize,
) -> Value {
    let [height, width] = window.kernel;
    let shape = (to, from / groups.max(1), height, width);
    let weight = g.weight(&format!("{prefix}.weight"), f32s(shape));
    let bias = g.weight(&format!("{prefix}.bias"), f32s((to,)));
    x.grouped_conv2d(weight, window, groups) + bias.reshape((to, 1, 1))
}
