//! Layers as functions on values: each declares its weights under a prefix, with the names that
//! Hugging Face and PyTorch give them, and returns what it computes.

mod attention;
mod batch_norm;
mod conv2d;
mod embedding;
mod group_norm;
mod gru;
mod layer_norm;
mod linear;
mod rms_norm;

pub use attention::{Attended, attention};
pub use batch_norm::batch_norm;
pub use conv2d::{conv2d, grouped_conv2d};
pub use embedding::embedding;
pub use group_norm::group_norm;
pub use gru::{Recurrent, gru};
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use rms_norm::rms_norm;
