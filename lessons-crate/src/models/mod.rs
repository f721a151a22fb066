//! Models: each a config, what computes it, and the names of its weights.

pub mod classifier;
pub mod directory;
pub mod distilbert;
mod embedded;
mod error;
pub mod lexicon;

pub use classifier::{Attention, Classification, Classifier};
pub use error::ModelError;

#[cfg(test)]
mod tests;
