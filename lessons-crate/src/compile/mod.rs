//! HOW to compute it: passes over graphs, and the report of what each did.
//!
//! A pass ([`Pass`]) proposes patches; the driver applies them one by one and verifies the graph
//! after each. Nothing here computes a tensor: what must be evaluated at compile time is asked of
//! [`Evaluate`], and which kernels there are of [`Target`].

mod bisect;
mod cost;
mod driver;
mod evaluate;
mod fold_channels;
mod fold_constants;
mod fuse_elementwise;
mod fuse_epilogue;
mod fuse_pool;
mod fuse_residual_norm;
mod load_time;
mod merge_projections;
mod optimize_bodies;
mod pass;
mod pattern;
mod recognize_attention;
mod recognize_gelu;
mod recognize_layer_norm;
mod recognize_softmax;
mod remove_dead;
mod report;
mod report_json;
mod rule;
mod share_subexpressions;
pub mod simplify_algebra;
pub mod simplify_movement;

pub use bisect::{Culprit, bisect};
pub use cost::Cost;
pub use driver::{Compiled, Options, Stage, compile, compile_with, passes};
pub use evaluate::Evaluate;
pub use fold_channels::FoldChannels;
pub use fold_constants::FoldConstants;
pub use fuse_elementwise::FuseElementwise;
pub use fuse_epilogue::FuseEpilogue;
pub use fuse_pool::FusePool;
pub use fuse_residual_norm::FuseResidualNorm;
pub use load_time::load_time;
pub use merge_projections::MergeProjections;
pub use optimize_bodies::OptimizeBodies;
pub use pass::{Pass, Patch, Tools};
pub use recognize_attention::RecognizeAttention;
pub use recognize_gelu::RecognizeGelu;
pub use recognize_layer_norm::RecognizeLayerNorm;
pub use recognize_softmax::RecognizeSoftmax;
pub use remove_dead::RemoveDead;
pub use report::{Choice, KernelReport, PassReport, Report, Target};
pub use share_subexpressions::ShareSubexpressions;
pub use simplify_algebra::SimplifyAlgebra;
pub use simplify_movement::SimplifyMovement;

#[cfg(test)]
mod tests;
