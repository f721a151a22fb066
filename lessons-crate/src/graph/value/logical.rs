//! Logic of bools, and questions about floats.

use std::ops::{BitAnd, BitOr, BitXor, Not};
use std::panic::Location;

use super::Value;
use crate::graph::builder::apply;
use crate::graph::ops::{Compare, Logical};

/// Logic of bools, and questions about floats.
impl Value {
    /// Whether both are true: `a & b`.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("inside", |g| {
    ///     let x = g.input("x", f32s(("n",)));
    ///     let inside = x.greater(0).logical_and(x.less(1)) & !x.is_nan();
    ///     g.output("y", inside.select(x, 0 * x));
    /// })?;
    /// let x = Tensor::new(&[-1f32, 0.5, 2.0], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec1::<f32>()?, [0.0, 0.5, 0.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn logical_and(self, other: Value) -> Value {
        apply(Logical::And.into(), &[self, other], Location::caller())
    }

    /// Whether one of both is true, or both are: `a | b`.
    #[track_caller]
    pub fn logical_or(self, other: Value) -> Value {
        apply(Logical::Or.into(), &[self, other], Location::caller())
    }

    /// Whether exactly one of both is true: `a ^ b`.
    #[track_caller]
    pub fn logical_xor(self, other: Value) -> Value {
        apply(Logical::Xor.into(), &[self, other], Location::caller())
    }

    /// Whether it is false: `!a`.
    #[track_caller]
    pub fn logical_not(self) -> Value {
        apply(Logical::Not.into(), &[self], Location::caller())
    }

    /// Which elements are NaN: those that do not equal themselves.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("nan", |g| {
    ///     let x = g.input("x", f32s(("n",)));
    ///     g.output("y", (x.is_nan() | x.is_inf()).cast(DType::F32));
    /// })?;
    /// let x = Tensor::new(&[1f32, f32::NAN, f32::NEG_INFINITY], &Cpu)?;
    /// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
    /// assert_eq!(y.to_vec1::<f32>()?, [0.0, 1.0, 1.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn is_nan(self) -> Value {
        apply(Compare::NotEqual.into(), &[self, self], Location::caller())
    }

    /// Which elements are infinite, of either sign.
    #[track_caller]
    pub fn is_inf(self) -> Value {
        self.abs().equal(f64::INFINITY)
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident => $op:ident),+) => {$(
        impl $operator for Value {
            type Output = Value;

            #[track_caller]
            fn $method(self, other: Value) -> Value {
                apply(Logical::$op.into(), &[self, other], Location::caller())
            }
        }
    )+};
}

operators! { BitAnd bitand => And, BitOr bitor => Or, BitXor bitxor => Xor }

impl Not for Value {
    type Output = Value;

    #[track_caller]
    fn not(self) -> Value {
        self.logical_not()
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn numbers_are_not_taken_for_bools() {
        let error = Graph::build("and", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", x.greater(0) & x);
        })
        .unwrap_err();
        assert_eq!(error.what(), "x holds f32, not bools");
        assert_eq!(error.suggestion(), Some("compare it first: x.not_equal(0)"));
    }
}
