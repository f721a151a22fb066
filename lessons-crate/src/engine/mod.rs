//! WHERE it runs: sessions, plans and models on the CPU, CUDA and Metal, and the reference engine.
//!
//! [`Session::compile`] optimizes a graph into a [`Plan`], [`Plan::load`] gives it weights, and
//! [`Model::run`] runs it. The [`Reference`] runs the graph as it was written and is what every
//! fast path is compared with.

mod binding;
mod control;
mod cpu;
mod device;
mod error;
mod limits;
mod miscompile;
mod model;
mod outputs;
mod plan;
mod profile;
mod reference;
mod session;

pub use cpu::{Arena, MemoryPlan, PlacedValue};
pub use device::{Device, DeviceError};
pub use error::RunError;
pub use limits::Limits;
pub use model::Model;
pub use outputs::Outputs;
pub use plan::Plan;
pub use profile::{KernelTime, Profile};
pub use reference::{Folder, Precision, Reference};
pub use session::Session;

#[cfg(test)]
mod tests;
