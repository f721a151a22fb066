//! The type of a tensor: element type and shape.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::dim::{Dim, Symbols};
use super::dtype::DType;
use super::shape::{IntoShape, Shape};

/// The element type and shape of a value in a graph.
///
/// ```
/// use lessons::graph::{f32s, TensorType};
/// let ty: TensorType = f32s(("batch", 4));
/// assert_eq!(ty.to_string(), "f32[batch, 4]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TensorType {
    pub dtype: DType,
    pub shape: Shape,
}

impl TensorType {
    pub fn new(dtype: DType, shape: impl IntoShape) -> TensorType {
        TensorType {
            dtype,
            shape: shape.into_shape(),
        }
    }

    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// The size in bytes.
    pub fn bytes(&self) -> Dim {
        self.shape.elements() * Dim::from(self.dtype.bytes())
    }

    /// The type with other dims in the place of symbols.
    pub(crate) fn substitute(&self, symbols: &Symbols) -> TensorType {
        TensorType {
            dtype: self.dtype,
            shape: self.shape.substitute(symbols),
        }
    }

    /// The type of a value that does not exist because an earlier op failed.
    pub(crate) fn unknown() -> TensorType {
        TensorType {
            dtype: DType::F32,
            shape: Shape::unknown(),
        }
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}

/// A tensor type of 32-bit floats: `f32s(("batch", 4))`.
pub fn f32s(shape: impl IntoShape) -> TensorType {
    TensorType::new(DType::F32, shape)
}

/// A tensor type of 64-bit integers: `i64s(("batch", "seq"))`.
pub fn i64s(shape: impl IntoShape) -> TensorType {
    TensorType::new(DType::I64, shape)
}
