//! Fused elementwise programs in f32: a chain of operations over whole arrays, run as one loop.
//!
//! A [`Program`] is checked and scheduled once. [`Program::run`] walks the output block by block, so that every
//! intermediate value stays in the L1 cache; [`Program::run_reference`] computes the same, one element at a time, in f64.

mod chain;
mod error;
mod kernel;
mod layout;
mod program;
mod reference;
mod run;
mod schedule;
#[cfg(test)]
mod tests;

pub use error::{ProgramError, RunError};
pub(crate) use kernel::{Values, binary, unary};
pub(crate) use layout::BLOCK;
pub use program::{BinaryOp, Operand, Program, Step, UnaryOp, View};
