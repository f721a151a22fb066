//! Reductions of values.

use std::panic::Location;

use super::Value;
use crate::graph::builder::apply;
use crate::graph::ops::{Reduce, ReduceKind};

/// Places of extremes.
impl Value {
    /// The index of the first largest element along `axis`, as `i64`; the axis goes away.
    #[track_caller]
    pub fn argmax(self, axis: i32) -> Value {
        reduce(self, ReduceKind::ArgMax, axis, false, Location::caller())
    }

    /// The index of the first smallest element along `axis`, as `i64`; the axis goes away.
    #[track_caller]
    pub fn argmin(self, axis: i32) -> Value {
        reduce(self, ReduceKind::ArgMin, axis, false, Location::caller())
    }
}

macro_rules! reduce_methods {
    ($($doc:literal $method:ident $keep:ident => $kind:ident),+ $(,)?) => {
        /// Reductions along one axis, which may count from the end.
        impl Value {$(
            #[doc = concat!($doc, " along `axis`; the axis goes away.")]
            #[track_caller]
            pub fn $method(self, axis: i32) -> Value {
                reduce(self, ReduceKind::$kind, axis, false, Location::caller())
            }

            #[doc = concat!($doc, " along `axis`; the axis stays, with size 1.")]
            #[track_caller]
            pub fn $keep(self, axis: i32) -> Value {
                reduce(self, ReduceKind::$kind, axis, true, Location::caller())
            }
        )+}
    };
}

reduce_methods! {
    "The sum" sum sum_keepdim => Sum,
    "The mean" mean mean_keepdim => Mean,
    "The product" prod prod_keepdim => Prod,
    "The largest element" max max_keepdim => Max,
    "The smallest element" min min_keepdim => Min,
}

pub(super) fn reduce(
    value: Value,
    kind: ReduceKind,
    axis: i32,
    keep: bool,
    site: &Location<'_>,
) -> Value {
    apply(Reduce { kind, axis, keep }.into(), &[value], site)
}
