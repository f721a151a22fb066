//! Shapes: lists of dims, written as tuples or arrays.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::dim::{Bindings, Dim, Symbols};

/// The dims of a tensor, outermost first.
///
/// ```
/// use lessons::graph::{IntoShape, Shape};
/// let shape: Shape = ("batch", 4).into_shape();
/// assert_eq!(shape.to_string(), "[batch, 4]");
/// assert_eq!([2, 4].into_shape().rank(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<Dim>);

impl Shape {
    pub fn new(dims: Vec<Dim>) -> Shape {
        Shape(dims)
    }

    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements.
    pub fn elements(&self) -> Dim {
        self.0
            .iter()
            .cloned()
            .fold(Dim::constant(1), |product, dim| product * dim)
    }

    /// The sizes, if every dim is known.
    pub fn known(&self) -> Option<Vec<usize>> {
        self.0.iter().map(Dim::known).collect()
    }

    /// The sizes when the symbols stand for `bindings`; `None` if one is not bound.
    pub fn bind(&self, bindings: &Bindings) -> Option<Vec<usize>> {
        self.0.iter().map(|dim| dim.bind(bindings)).collect()
    }

    /// The shape with other dims in the place of symbols.
    pub(crate) fn substitute(&self, symbols: &Symbols) -> Shape {
        Shape(self.0.iter().map(|dim| dim.substitute(symbols)).collect())
    }

    /// The axis that `axis` names, where negative numbers count from the end.
    pub fn axis(&self, axis: i32) -> Option<usize> {
        axis_of_rank(self.rank(), axis)
    }

    pub(crate) fn unknown() -> Shape {
        Shape(vec![Dim::unknown()])
    }
}

/// The axis that `axis` names among `rank` axes, where negative numbers count from the end.
pub(crate) fn axis_of_rank(rank: usize, axis: i32) -> Option<usize> {
    let rank = i32::try_from(rank).ok()?;
    let index = if axis < 0 { axis + rank } else { axis };
    (0..rank).contains(&index).then_some(index as usize)
}

impl Deref for Shape {
    type Target = [Dim];

    fn deref(&self) -> &[Dim] {
        &self.0
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.0.iter().map(Dim::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

/// Anything that can be written where a shape is meant: tuples and arrays of names and numbers.
pub trait IntoShape {
    fn into_shape(self) -> Shape;
}

impl IntoShape for Shape {
    fn into_shape(self) -> Shape {
        self
    }
}

impl IntoShape for &Shape {
    fn into_shape(self) -> Shape {
        self.clone()
    }
}

impl IntoShape for () {
    fn into_shape(self) -> Shape {
        Shape::default()
    }
}

impl<D: Into<Dim>> IntoShape for Vec<D> {
    fn into_shape(self) -> Shape {
        Shape(self.into_iter().map(Into::into).collect())
    }
}

impl<D: Into<Dim> + Clone> IntoShape for &[D] {
    fn into_shape(self) -> Shape {
        self.to_vec().into_shape()
    }
}

impl<D: Into<Dim>, const N: usize> IntoShape for [D; N] {
    fn into_shape(self) -> Shape {
        Shape(self.into_iter().map(Into::into).collect())
    }
}

macro_rules! tuple_shapes {
    ($(($($dim:ident),+))*) => {$(
        impl<$($dim: Into<Dim>),+> IntoShape for ($($dim,)+) {
            #[allow(non_snake_case)]
            fn into_shape(self) -> Shape {
                let ($($dim,)+) = self;
                Shape(vec![$($dim.into()),+])
            }
        }
    )*};
}

tuple_shapes! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }
