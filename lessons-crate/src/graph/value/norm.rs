//! Normalizations with their scales and shifts as values.

use std::panic::Location;

use super::Value;
use crate::graph::Dim;
use crate::graph::builder::apply;
use crate::graph::ops::{LayerNorm, RmsNorm};
use crate::graph::shape::Shape;

/// Normalizations.
impl Value {
    /// Layer normalization over the last axis, then `* scale + shift`.
    #[track_caller]
    pub fn layer_norm(self, scale: Value, shift: Value, epsilon: f64) -> Value {
        let op = LayerNorm {
            epsilon,
            affine: true,
        };
        apply(op.into(), &[self, scale, shift], Location::caller())
    }

    /// The last axis divided by the root of its mean square, then `* scale`.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("rms", |g| {
    ///     let x = g.input("x", f32s(("n", 2)));
    ///     g.output("y", x.rms_norm(g.constant([1.0, 10.0], (2,)), 0.0));
    /// })?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&Tensor::new(&[[1f32, -7.0]], &Cpu)?)?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[0.2, -14.0]]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn rms_norm(self, scale: Value, epsilon: f64) -> Value {
        apply(
            RmsNorm { epsilon }.into(),
            &[self, scale],
            Location::caller(),
        )
    }

    /// Normalization over all numbers of each of so many groups of channels (Wu and He, 2018), then
    /// `* scale + shift` by channel, of values `[batch, channels, ..]`. With as many groups as
    /// channels it is instance normalization.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("norm");
    /// let x = g.input("x", f32s(("batch", 8, "height", "width")));
    /// let [scale, shift] = ["scale", "shift"].map(|name| g.weight(name, f32s((8,))));
    /// assert_eq!(x.group_norm(4, scale, shift, 1e-5).ty(), x.ty());
    /// ```
    #[track_caller]
    pub fn group_norm(self, groups: usize, scale: Value, shift: Value, epsilon: f64) -> Value {
        let shape = self.shape();
        let [batch, ..] = &shape[..] else {
            return self.layer_norm(scale, shift, epsilon);
        };
        let op = LayerNorm {
            epsilon,
            affine: false,
        };
        // The channels by themselves first, so that it is an error if they do not make groups.
        let pixels = shape[1..].iter().skip(1).cloned();
        let channels = [batch.clone(), groups.into(), Dim::constant(-1)].into_iter();
        let rows = self
            .reshape(Shape::new(channels.chain(pixels).collect()))
            .reshape((batch, groups, -1));
        let normal = apply(op.into(), &[rows], Location::caller()).reshape(shape);
        normal * normal.by_channel(scale) + normal.by_channel(shift)
    }

    /// Normalization of each channel by a mean and a variance that are given, as they were found in
    /// training (Ioffe and Szegedy, 2015), then `* scale + shift`, of values `[batch, channels, ..]`.
    /// After a convolution or linear layer it costs nothing, since the compiler makes it part of the
    /// weights.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("norm", |g| {
    ///     let x = g.input("x", f32s(("batch", 1)));
    ///     let [scale, shift, mean, variance] = [1.0, 10.0, 3.0, 4.0].map(|x| g.constant([x], (1,)));
    ///     g.output("y", x.batch_norm(scale, shift, mean, variance, 0.0));
    /// })?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&Tensor::new(&[[5f32]], &Cpu)?)?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[11.0]]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn batch_norm(
        self,
        scale: Value,
        shift: Value,
        mean: Value,
        variance: Value,
        epsilon: f64,
    ) -> Value {
        let factor = scale * (variance + epsilon).rsqrt();
        let rest = shift - mean * factor;
        self * self.by_channel(factor) + self.by_channel(rest)
    }

    /// One number for each channel, axis 1, in a shape that broadcasts to this value.
    #[track_caller]
    fn by_channel(self, numbers: Value) -> Value {
        let mut dims = vec![Dim::constant(1); self.shape().rank().saturating_sub(1)];
        if let Some(channels) = dims.first_mut() {
            *channels = Dim::constant(-1);
        }
        numbers.reshape(Shape::new(dims))
    }
}
