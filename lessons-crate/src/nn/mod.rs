//! Layers as functions on values: each declares its weights under a prefix, with the names that
//! Hugging Face and PyTorch give them, and returns what it computes.

mod attention;
mod embedding;
mod layer_norm;
mod linear;

pub use attention::{Attended, attention};
pub use embedding::embedding;
pub use layer_norm::layer_norm;
pub use linear::linear;
