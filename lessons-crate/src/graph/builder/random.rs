//! Random numbers.

use std::panic::Location;

use super::{Builder, apply_in};
use crate::graph::ops::{Distribution, Random};
use crate::graph::shape::IntoShape;
use crate::graph::value::Value;

impl Builder {
    /// Random numbers from 0 up to 1, all as likely, in `f32`. They depend on the seed alone: two of one
    /// seed are the same numbers, in this run and every other, on every device.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("dropout", |g| {
    ///     let x = g.input("x", f32s(("n",)));
    ///     let keep = g.random_uniform(("n",), 42).greater_equal(0.5);
    ///     g.output("y", keep.select(2 * x, 0 * x));
    /// })?;
    /// let x = Tensor::new(&[1f32; 8], &Cpu)?;
    /// let model = Session::cpu().load(&graph, &Weights::new())?;
    /// assert_eq!(model.call(&x)?.to_vec1::<f32>()?, model.call(&x)?.to_vec1::<f32>()?);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn random_uniform(&self, shape: impl IntoShape, seed: u64) -> Value {
        random(self, Distribution::Uniform, shape, seed, Location::caller())
    }

    /// Random numbers of a normal distribution with mean 0 and variance 1, in `f32`; of one seed they
    /// are always the same.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("noise");
    /// let x = g.input("x", f32s(("n", 3)));
    /// let noisy = x + 0.1 * g.random_normal(x.shape(), 7);
    /// assert_eq!(noisy.ty().to_string(), "f32[n, 3]");
    /// ```
    #[track_caller]
    pub fn random_normal(&self, shape: impl IntoShape, seed: u64) -> Value {
        random(self, Distribution::Normal, shape, seed, Location::caller())
    }
}

fn random(
    builder: &Builder,
    distribution: Distribution,
    shape: impl IntoShape,
    seed: u64,
    site: &Location<'_>,
) -> Value {
    let op = Random {
        distribution,
        seed,
        shape: shape.into_shape(),
    };
    apply_in(builder.id, op.into(), &[], site)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn numbers(seed: u64, size: usize, threads: usize) -> Vec<f32> {
        let graph = Graph::build("random", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", x + g.random_normal(("n",), seed));
        })
        .unwrap();
        let session = Session::cpu().with_threads(threads).unwrap();
        let model = session.load(&graph, &Weights::new()).unwrap();
        let zeros = Tensor::zeros(size, candle_core::DType::F32, &Cpu).unwrap();
        model.call(&zeros).unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_number_depends_on_seed_and_place_alone() {
        let long = numbers(1, 70_001, 2);
        assert_eq!(long, numbers(1, 70_001, 1));
        assert_eq!(long[..5], numbers(1, 5, 1));
        assert_ne!(long[..5], numbers(2, 5, 1));
    }
}
