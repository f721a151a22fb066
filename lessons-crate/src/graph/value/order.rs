//! Running sums, and elements in order.

use std::panic::Location;

use super::Value;
use crate::graph::builder::apply;
use crate::graph::dim::Dim;
use crate::graph::ops::{ArgSort, CumSum, Place, Take};

/// Running sums, and elements in order.
impl Value {
    /// Each element and all before it along `axis`, added up.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("cumsum", |g| {
    ///     g.output("y", g.input("x", f32s(("n",))).cumsum(0));
    /// })?;
    /// let x = Tensor::new(&[1f32, 2.0, 3.0], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec1::<f32>()?, [1.0, 3.0, 6.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn cumsum(self, axis: i32) -> Value {
        apply(CumSum { axis }.into(), &[self], Location::caller())
    }

    /// The indices of the elements along `axis` from the smallest to the largest, or the other way
    /// round if `descending`. Equal elements keep their order; NaN counts as the largest.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("sort", |g| {
    ///     let x = g.input("x", f32s(("n",)));
    ///     g.output("sorted", x.take_along_axis(x.argsort(0, false), 0));
    /// })?;
    /// let x = Tensor::new(&[3f32, 1.0, 2.0], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec1::<f32>()?, [1.0, 2.0, 3.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn argsort(self, axis: i32, descending: bool) -> Value {
        let sort = ArgSort {
            axis,
            descending,
            count: None,
        };
        apply(sort.into(), &[self], Location::caller())
    }

    /// The `k` largest elements along `axis`, the largest first, and their indices, as `i64`. Of
    /// equal ones the first comes first; NaN counts as the largest.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("best", |g| {
    ///     let (values, indices) = g.input("x", f32s(("n",))).top_k(2, 0);
    ///     g.output("values", values);
    ///     g.output("indices", indices);
    /// })?;
    /// let x = Tensor::new(&[1f32, 9.0, 4.0], &Cpu)?;
    /// let best = Session::cpu().load(&graph, &Weights::new())?.run([("x", &x)])?;
    /// assert_eq!(best["values"].to_vec1::<f32>()?, [9.0, 4.0]);
    /// assert_eq!(best["indices"].to_vec1::<i64>()?, [1, 2]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn top_k(self, k: impl Into<Dim>, axis: i32) -> (Value, Value) {
        first(self, k.into(), axis, true, Location::caller())
    }

    /// The `k` smallest elements along `axis`, the smallest first, and their indices, as `i64`. Of
    /// equal ones the first comes first.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("bottom_k");
    /// let distances = g.input("distances", f32s(("batch", "points")));
    /// let (nearest, which) = distances.bottom_k(3, -1);
    /// assert_eq!(nearest.ty().to_string(), "f32[batch, 3]");
    /// assert_eq!(which.ty().to_string(), "i64[batch, 3]");
    /// ```
    #[track_caller]
    pub fn bottom_k(self, k: impl Into<Dim>, axis: i32) -> (Value, Value) {
        first(self, k.into(), axis, false, Location::caller())
    }
}

fn first(
    value: Value,
    count: Dim,
    axis: i32,
    descending: bool,
    site: &Location<'_>,
) -> (Value, Value) {
    let sort = ArgSort {
        axis,
        descending,
        count: Some(count),
    };
    let indices = apply(sort.into(), &[value], site);
    let place = Place::Along(axis);
    (
        apply(Take { place }.into(), &[value, indices], site),
        indices,
    )
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn ties_keep_their_order_and_nan_is_the_largest() {
        let graph = Graph::build("order", |g| {
            let x = g.input("x", f32s((2, 4)));
            g.output("up", x.argsort(-1, false));
            g.output("down", x.argsort(1, true));
            g.output("across", x.argsort(0, false));
            g.output("best", x.top_k(2, 1).1);
            g.output("worst", x.bottom_k(1, 1).0);
        })
        .unwrap();
        let rows = [[1f32, f32::NAN, 0.0, 1.0], [-0.0, 0.0, f32::INFINITY, -1.0]];
        let x = Tensor::new(&rows, &Cpu).unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let outputs = model.run([("x", &x)]).unwrap();
        let rows = |name: &str| outputs[name].to_vec2::<i64>().unwrap();
        assert_eq!(rows("up"), [[2, 0, 3, 1], [3, 0, 1, 2]]);
        assert_eq!(rows("down"), [[1, 0, 3, 2], [2, 0, 1, 3]]);
        assert_eq!(rows("across"), [[1, 1, 0, 1], [0, 0, 1, 0]]);
        assert_eq!(rows("best"), [[1, 0], [2, 0]]);
        assert_eq!(outputs["worst"].to_vec2::<f32>().unwrap(), [[0.0], [-1.0]]);
    }

    #[test]
    fn more_than_there_are_cannot_be_taken() {
        let error = Graph::build("many", |g| {
            g.output("y", g.input("x", f32s((3,))).top_k(4, 0).0);
        })
        .unwrap_err();
        assert_eq!(error.op(), "arg_top_k");
        assert_eq!(error.suggestion(), Some("k up to 3"));

        let graph = Graph::build("later", |g| {
            g.output("y", g.input("x", f32s(("n",))).top_k(4, 0).0);
        })
        .unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let short = Tensor::new(&[1f32, 2.0], &Cpu).unwrap();
        let error = model.call(&short).unwrap_err().to_string();
        assert!(
            error.contains("has 2 elements in this run, and 4 are asked for"),
            "{error}"
        );
    }

    #[test]
    fn running_sums_go_along_any_axis_of_any_numbers() {
        let graph = Graph::build("sums", |g| {
            let counts = g.input("counts", i64s((2, "n")));
            g.output("down", counts.cumsum(0));
            g.output("along", counts.cumsum(-1));
        })
        .unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        let counts = Tensor::new(&[[1i64, 2, 3], [4, 5, 6]], &Cpu).unwrap();
        let outputs = model.run([("counts", &counts)]).unwrap();
        let rows = |name: &str| outputs[name].to_vec2::<i64>().unwrap();
        assert_eq!(rows("down"), [[1, 2, 3], [5, 7, 9]]);
        assert_eq!(rows("along"), [[1, 3, 6], [4, 9, 15]]);
        let none = Tensor::zeros((2, 0), candle_core::DType::I64, &Cpu).unwrap();
        assert_eq!(
            model.run([("counts", &none)]).unwrap()["along"].dims(),
            [2, 0]
        );
    }
}
