//! The CPU backend: our kernels over one arena, and the reference, through candle, for floats of
//! other sizes than 32 bits, in which there are few.
//!
//! [`load`] computes what depends on weights alone, once. [`specialize`] plans the rest for concrete
//! shapes: which values are mere views ([`layout`]), which kernel runs each of the others
//! ([`lower`]), and where its result lies ([`memory`]). [`run`] runs the plan.

mod bodies;
mod layout;
mod load;
mod lower;
mod memory;
mod memory_plan;
mod model;
mod run;
mod specialize;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod threads;
mod traffic;

pub use memory_plan::{MemoryPlan, PlacedValue};
pub use model::{Arena, CpuModel};
pub use target::CpuTarget;
pub use threads::Threads;
