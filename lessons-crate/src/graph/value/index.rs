//! Elements that are read, and written, by index.

use std::panic::Location;

use super::Value;
use crate::graph::builder::{apply, range_in, refuse};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::ops::{Cast, Combine, Compare, Gather, Permute, Place, Scatter, Take, axis_of};

/// Elements read by index. An index that is negative or past the end is an error when it runs.
impl Value {
    /// The slices along `axis` that `indices` names: with an axis of rows, the rows. The axis gives
    /// way to those of the indices. Along axis 0 it is [`gather`](Value::gather).
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("columns", |g| {
    ///     let x = g.input("x", f32s(("n", 3)));
    ///     g.output("y", x.take(g.input("columns", i64s((2,))), 1));
    /// })?;
    /// let x = Tensor::new(&[[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]], &Cpu)?;
    /// let columns = Tensor::new(&[2i64, 0], &Cpu)?;
    /// let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let y = model.run([("x", &x), ("columns", &columns)])?.only()?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[3.0, 1.0], [6.0, 4.0]]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn take(self, indices: Value, axis: i32) -> Value {
        let site = Location::caller();
        let at = match axis_of(&self.ty(), axis) {
            Ok(at) => at,
            Err(broken) => {
                let rule = "take([..a, n, ..b], indices: [..i], axis) -> [..a, ..i, ..b]";
                return refuse("take", broken, rule, &[self, indices], site);
            }
        };
        let (rank, new) = (self.shape().rank(), indices.shape().rank());
        // The axis goes to the front, its slices are gathered, and the indices' axes go back to it.
        let front = [at]
            .into_iter()
            .chain((0..rank).filter(|other| *other != at));
        let table = permute(self, front.collect(), site);
        let rows = apply(Gather.into(), &[table, indices], site);
        let back = (new..new + at)
            .chain(0..new)
            .chain(new + at..(new + rank).saturating_sub(1));
        permute(rows, back.collect(), site)
    }

    /// One element for each index: the one at that place along `axis`, where the index itself stands on
    /// all other axes. So [`argsort`](Value::argsort) sorts.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("chosen", |g| {
    ///     let (scores, class) = (g.input("scores", f32s(("n", 3))), g.input("class", i64s(("n",))));
    ///     g.output("score", scores.take_along_axis(class.unsqueeze(1), 1).squeeze(1));
    /// })?;
    /// let scores = Tensor::new(&[[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]], &Cpu)?;
    /// let class = Tensor::new(&[2i64, 0], &Cpu)?;
    /// let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let score = model.run([("scores", &scores), ("class", &class)])?.only()?;
    /// assert_eq!(score.to_vec1::<f32>()?, [3.0, 4.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn take_along_axis(self, indices: Value, axis: i32) -> Value {
        let place = Place::Along(axis);
        apply(Take { place }.into(), &[self, indices], Location::caller())
    }

    /// What lies at places along several axes: the last axis of `indices` holds one number for each of
    /// the first axes of this value.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("points", |g| {
    ///     let image = g.input("image", f32s(("height", "width")));
    ///     g.output("y", image.gather_nd(g.input("points", i64s(("n", 2)))));
    /// })?;
    /// let image = Tensor::new(&[[1f32, 2.0], [3.0, 4.0]], &Cpu)?;
    /// let points = Tensor::new(&[[1i64, 0], [0, 1], [1, 1]], &Cpu)?;
    /// let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let y = model.run([("image", &image), ("points", &points)])?.only()?;
    /// assert_eq!(y.to_vec1::<f32>()?, [3.0, 2.0, 4.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn gather_nd(self, indices: Value) -> Value {
        let place = Place::Nd;
        apply(Take { place }.into(), &[self, indices], Location::caller())
    }

    /// For each index a row of `classes` numbers, 1 at that place and 0 elsewhere, as `f32`; all of them
    /// 0 where the index is none of a class.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("labels", |g| {
    ///     g.output("y", g.input("labels", i64s(("n",))).one_hot(3));
    /// })?;
    /// let labels = Tensor::new(&[2i64, 0], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&labels)?;
    /// assert_eq!(y.to_vec2::<f32>()?, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn one_hot(self, classes: impl Into<Dim>) -> Value {
        let site = Location::caller();
        let dtype = self.dtype();
        if !dtype.is_int() {
            let broken = Broken::new(format!("the indices {{0}} hold {dtype}, not integers"))
                .help("{0}.cast(DType::I64)");
            let rule = "one_hot(indices: [..i], n) -> f32[..i, n]; indices are integers";
            return refuse("one_hot", broken, rule, &[self], site);
        }
        let mut classes = range_in(self.graph, classes.into(), site);
        if dtype != DType::I64 {
            classes = apply(Cast { dtype }.into(), &[classes], site);
        }
        let is = apply(Compare::Equal.into(), &[self.unsqueeze(-1), classes], site);
        apply(Cast { dtype: DType::F32 }.into(), &[is], site)
    }
}

fn permute(value: Value, axes: Vec<usize>, site: &Location<'_>) -> Value {
    match axes.is_sorted() {
        true => value,
        false => apply(Permute { axes }.into(), &[value], site),
    }
}

macro_rules! scatter_methods {
    ($($what:literal $along:ident $nd:ident => $combine:ident),+ $(,)?) => {
        /// Elements written by index; the result is a new value, and this one stays as it is. Updates
        /// of one place are taken in row-major order.
        impl Value {$(
            #[doc = concat!(
                "This value, but ", $what, " at the place along `axis` that its index names. Indices ",
                "and updates have one shape, which differs from that of this value at `axis` only."
            )]
            #[track_caller]
            pub fn $along(self, indices: Value, updates: Value, axis: i32) -> Value {
                scatter(
                    self,
                    [indices, updates],
                    (Place::Along(axis), Combine::$combine),
                    Location::caller(),
                )
            }

            #[doc = concat!(
                "This value, but ", $what, " at the place that the last axis of `indices` names, as in ",
                "[`gather_nd`](Value::gather_nd)."
            )]
            #[track_caller]
            pub fn $nd(self, indices: Value, updates: Value) -> Value {
                scatter(
                    self,
                    [indices, updates],
                    (Place::Nd, Combine::$combine),
                    Location::caller(),
                )
            }
        )+}
    };
}

scatter_methods! {
    "with each update in the place of the element" scatter scatter_nd => Set,
    "with each update added to the element" scatter_add scatter_nd_add => Add,
    "with the element multiplied by each update" scatter_mul scatter_nd_mul => Mul,
    "with the larger of update and element" scatter_max scatter_nd_max => Max,
    "with the smaller of update and element" scatter_min scatter_nd_min => Min,
}

fn scatter(
    value: Value,
    [indices, updates]: [Value; 2],
    (place, combine): (Place, Combine),
    site: &Location<'_>,
) -> Value {
    let op = Scatter { place, combine };
    apply(op.into(), &[value, indices, updates], site)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn run(describe: impl Fn(Value, Value, Value) -> Value, at: &[i64]) -> Result<Vec<f32>> {
        let graph = Graph::build("index", |g| {
            let x = g.input("x", f32s((4,)));
            let at = g.input("at", i64s(("n",)));
            g.output("y", describe(x, at, g.input("updates", f32s(("n",)))));
        })?;
        let x = Tensor::new(&[1f32, 2.0, f32::NAN, 4.0], &Cpu)?;
        let updates: Vec<f32> = (0..at.len()).map(|n| 10.0 + n as f32).collect();
        let (at, updates) = (Tensor::new(at, &Cpu)?, Tensor::new(updates, &Cpu)?);
        let model = Session::cpu().load(&graph, &Weights::new())?;
        let y = model.run([("x", &x), ("at", &at), ("updates", &updates)])?;
        Ok(y.only()?.to_vec1()?)
    }

    #[test]
    fn updates_of_one_place_are_taken_in_order() {
        let at = [3, 0, 3, 2];
        let same = |got: Vec<f32>, expected: [f32; 4]| {
            assert_eq!(format!("{got:?}"), format!("{expected:?}"));
        };
        let nan = f32::NAN;
        let set = |x: Value, at, updates| x.scatter(at, updates, 0);
        same(run(set, &at).unwrap(), [11.0, 2.0, 13.0, 12.0]);
        let add = |x: Value, at, updates| x.scatter_add(at, updates, -1);
        same(run(add, &at).unwrap(), [12.0, 2.0, nan, 26.0]);
        let mul = |x: Value, at: Value, updates| x.scatter_nd_mul(at.unsqueeze(1), updates);
        same(run(mul, &at).unwrap(), [11.0, 2.0, nan, 480.0]);
        let max = |x: Value, at, updates| x.scatter_max(at, updates, 0);
        same(run(max, &at).unwrap(), [11.0, 2.0, nan, 12.0]);
        let min = |x: Value, at: Value, updates| x.scatter_nd_min(at.unsqueeze(1), updates);
        same(run(min, &at).unwrap(), [1.0, 2.0, nan, 4.0]);
        same(run(set, &[]).unwrap(), [1.0, 2.0, nan, 4.0]);
    }

    #[test]
    fn an_index_past_the_end_is_named() {
        for bad in [4, -1] {
            let set = |x: Value, at, updates| x.scatter(at, updates, 0);
            let taken = |x: Value, at: Value, _| x.take_along_axis(at, 0);
            for error in [
                run(set, &[bad]).unwrap_err(),
                run(taken, &[bad]).unwrap_err(),
            ] {
                let text = error.to_string();
                assert!(
                    text.contains(&format!(
                        "the index {bad} is not on axis 0, which has 4 elements"
                    )),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn slices_are_taken_along_every_axis() {
        let graph = Graph::build("take", |g| {
            let x = g.input("x", f32s((2, 3, 2)));
            let at = g.input("at", i64s((2, 1)));
            for axis in 0..3 {
                g.output(&format!("axis {axis}"), x.take(at, axis));
            }
        })
        .unwrap();
        let types: Vec<String> = graph
            .outputs()
            .iter()
            .map(|output| graph.node(output.node).unwrap().ty.to_string())
            .collect();
        assert_eq!(
            types,
            ["f32[2, 1, 3, 2]", "f32[2, 2, 1, 2]", "f32[2, 3, 2, 1]"]
        );
        let x: Vec<f32> = (0..12).map(|at| at as f32).collect();
        let x = Tensor::from_vec(x, (2, 3, 2), &Cpu).unwrap();
        let at = Tensor::new(&[[1i64], [0]], &Cpu).unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let outputs = model.run([("x", &x), ("at", &at)]).unwrap();
        let flat = Tensor::new(&[1i64, 0], &Cpu).unwrap();
        for axis in 0..3 {
            let got = outputs[format!("axis {axis}").as_str()]
                .flatten_all()
                .unwrap();
            let expected = x.index_select(&flat, axis).unwrap().flatten_all().unwrap();
            assert_eq!(
                got.to_vec1::<f32>().unwrap(),
                expected.to_vec1::<f32>().unwrap()
            );
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_explained() {
        let wrong = |describe: fn(Value, Value, Value) -> Value| {
            let error = Graph::build("wrong", |g| {
                let x = g.input("x", f32s(("n", 3)));
                let at = g.input("at", i64s(("n",)));
                g.output("y", describe(x, at, g.input("u", f32s(("n", 2)))));
            })
            .unwrap_err();
            let help = error.suggestion().unwrap_or("nothing");
            format!("{}: {} (try: {help})", error.op(), error.what())
        };
        let texts = [
            wrong(|x, at, _| x.take_along_axis(at, 1)),
            wrong(|x, _, u| x.take_along_axis(u, 1)),
            wrong(|x, at, _| x.gather_nd(at)),
            wrong(|x, at, u| x.scatter_nd(at.unsqueeze(1), u)),
            wrong(|x, at, _| x.scatter_add(at.unsqueeze(1), at.unsqueeze(1), 1)),
            wrong(|x, at, _| x.take(at, 2)),
            wrong(|_, _, u| u.one_hot(3)),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
