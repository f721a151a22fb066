//! Learn how a machine-learning graph compiler works by building one graph after another.
//!
//! Say *what* to compute ([`graph`]), let the compiler decide *how* ([`compile`]), run it *where*
//! you like ([`engine`]), and see all of it. Read the crate in that order.

pub mod graph;

mod error;

pub use error::{Error, Result};

/// What a notebook cell wants in scope.
pub mod prelude {
    pub use crate::error::{Error, Result};
    pub use crate::graph::{
        Builder, DType, Dim, Graph, IntoShape, Shape, TensorType, Value, concat, f32s, i64s,
    };
}
