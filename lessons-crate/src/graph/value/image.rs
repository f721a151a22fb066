//! Images: convolutions and pools.

use std::panic::Location;

use super::Value;
use super::reduce::reduce;
use crate::graph::Dim;
use crate::graph::builder::apply;
use crate::graph::ops::{Conv2d, Epilogue, Pool2d, PoolKind, ReduceKind, Reshape, Window};
use crate::graph::shape::Shape;

/// Convolutions and pools of images `[batch, channels, height, width]`.
impl Value {
    /// The convolution with a weight of shape `[outputs, channels, height, width]`; a bias is added
    /// as one of shape `[outputs, 1, 1]`.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("edges", |g| {
    ///     let x = g.input("x", f32s(("batch", 1, 1, "width")));
    ///     let change = g.constant([-1.0, 1.0], (1, 1, 1, 2));
    ///     g.output("y", x.conv2d(change, Window::of([1, 2])));
    /// })?;
    /// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[batch, 1, 1, width - 1]");
    /// let x = Tensor::new(&[[[[1f32, 1.0, 4.0, 2.0]]]], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [0.0, 3.0, -2.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn conv2d(self, weight: Value, window: Window) -> Value {
        self.grouped_conv2d(weight, window, 1)
    }

    /// The convolution in which each of so many groups of output channels reads a group of input
    /// channels alone; the weight has the shape `[outputs, channels / groups, height, width]`. With
    /// as many groups as channels it is a depthwise convolution.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("depthwise", |g| {
    ///     let x = g.input("x", f32s(("batch", 8, 28, 28)));
    ///     let weight = g.weight("weight", f32s((8, 1, 3, 3)));
    ///     g.output("y", x.grouped_conv2d(weight, Window::of(3).padding(1).stride(2), 8));
    /// })?;
    /// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[batch, 8, 14, 14]");
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn grouped_conv2d(self, weight: Value, window: Window, groups: usize) -> Value {
        let op = Conv2d {
            window,
            groups,
            epilogue: Epilogue::default(),
            pool: None,
        };
        apply(op.into(), &[self, weight], Location::caller())
    }

    /// The largest element or the mean of each window, in each channel by itself.
    #[track_caller]
    pub fn pool2d(self, kind: PoolKind, window: Window) -> Value {
        apply(Pool2d { kind, window }.into(), &[self], Location::caller())
    }

    /// The largest element of each window; padding does not count.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("pool", |g| {
    ///     let x = g.input("x", f32s((1, 1, 2, 4)));
    ///     g.output("y", x.max_pool2d(Window::tiles(2)));
    /// })?;
    /// let x = Tensor::new(&[[[[1f32, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]]], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [4.0, 8.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn max_pool2d(self, window: Window) -> Value {
        self.pool2d(PoolKind::Max, window)
    }

    /// The mean of each window; padding counts as zeros. [`PoolKind::MeanInside`] leaves it out.
    #[track_caller]
    pub fn avg_pool2d(self, window: Window) -> Value {
        self.pool2d(PoolKind::Mean, window)
    }

    /// The largest element of each channel, `[.., 1, 1]`.
    #[track_caller]
    pub fn global_max_pool2d(self) -> Value {
        self.over_image(ReduceKind::Max, Location::caller())
    }

    /// The mean of each channel, `[.., 1, 1]`.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("pool");
    /// let x = g.input("x", f32s(("batch", 64, "height", "width")));
    /// assert_eq!(x.global_avg_pool2d().ty().to_string(), "f32[batch, 64, 1, 1]");
    /// ```
    #[track_caller]
    pub fn global_avg_pool2d(self) -> Value {
        self.over_image(ReduceKind::Mean, Location::caller())
    }

    /// A reduction over the last two axes, seen as one, which costs nothing.
    fn over_image(self, kind: ReduceKind, site: &Location<'_>) -> Value {
        let shape = self.shape();
        let [outer @ .., height, width] = &shape[..] else {
            // There are no two axes, and the rule of the reduction says so.
            return reduce(self, kind, -2, true, site);
        };
        let reshaped = |value: Value, dims: &[Dim]| {
            let shape = Shape::new([outer, dims].concat());
            apply(Reshape { shape }.into(), &[value], site)
        };
        let pixels = reshaped(self, &[height.clone() * width.clone()]);
        let one = Dim::constant(1);
        reshaped(reduce(pixels, kind, -1, false, site), &[one.clone(), one])
    }
}
