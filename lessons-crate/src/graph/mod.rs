//! WHAT to compute: graphs of tensor ops with symbolic dims, and their errors.
//!
//! Start at [`Graph::build`] (`builder.rs`), then [`Value`] (what ops take and return), [`ops`] (one
//! family a file) and [`verify`] (what every graph satisfies). There is no tensor data here, beyond
//! small constants, and nothing that knows how or where a graph runs.

mod builder;
mod dim;
mod dtype;
mod error;
mod ir;
pub mod ops;
mod print;
mod shape;
mod site;
mod tensor_type;
mod value;
pub mod verify;

pub use builder::Builder;
pub(crate) use builder::refuse;
pub use dim::{Bindings, Dim};
pub use dtype::DType;
pub use error::{Broken, GraphError, Operand};
pub use ir::{Graph, Node, NodeId, Output, Parts, Scope};
pub use ops::{Custom, CustomInput, Window};
pub(crate) use shape::axis_of_rank;
pub use shape::{IntoShape, Shape};
pub use site::Site;
pub use tensor_type::{TensorType, f32s, i64s};
pub use value::{Value, concat, cond, stack, while_loop};

#[cfg(test)]
mod tests;
