//! Products of matrices in f32: `C = A · W`, with `W` packed once, and what is to be done with the result while it is in the
//! cache.
//!
//! `W` is cut into panels of as many columns as two vectors hold, one after the other, so that a product reads it as one
//! stream. A tile of up to 12 rows of `A` and one panel is summed up in registers (Goto and van de Geijn, 2008). With few
//! rows, `W` is read at the speed of memory; with many, the rows of `A` and the tiles of `C` stay in the second-level cache.

pub(crate) mod epilogue;
pub(crate) mod packed;
mod product;
mod reference;
#[cfg(test)]
mod tests;
pub(crate) mod tile;

pub use epilogue::{Epilogue, MAX_OPERANDS, Operand, Then};
pub use packed::PackedMatrix;
pub use product::gemm;
pub use reference::gemm_reference;
