//! HOW to compute it: passes over graphs, and the report of what each did.
//!
//! A pass ([`Pass`]) proposes patches; the driver applies them one by one and verifies the graph
//! after each. Nothing here computes a tensor: what must be evaluated at compile time is asked of
//! [`Evaluate`], and which kernels there are of [`Target`].

mod cost;
mod driver;
mod evaluate;
mod fold_constants;
mod fuse_elementwise;
mod pass;
mod remove_dead;
mod report;

pub use cost::Cost;
pub use driver::{Compiled, Options, Stage, compile, compile_with, passes};
pub use evaluate::Evaluate;
pub use fold_constants::FoldConstants;
pub use fuse_elementwise::FuseElementwise;
pub use pass::{Pass, Patch, Tools};
pub use remove_dead::RemoveDead;
pub use report::{Choice, KernelReport, PassReport, Report, Target};

#[cfg(test)]
mod tests;
