//! CPU kernels over plain slices: no tensors, no graph, no dependency on the rest of the project.
//!
//! Each kernel is one module with one ladder of instruction sets ([`isa::Isa`]), from portable Rust up to AVX-512,
//! chosen at run time, and a slow reference beside it that the tests hold it equal to.

pub mod arg;
pub mod attention;
mod buffer;
pub mod cast;
pub mod compare;
pub mod conv;
pub mod copy;
pub mod cpu;
pub mod cumsum;
pub mod elementwise;
pub mod error;
pub mod gemm;
pub mod integer;
pub mod isa;
mod lanes;
pub mod math;
pub mod matrix;
pub mod norm;
pub mod place;
pub mod pool;
pub mod pooling;
pub mod random;
pub mod reduce;
pub mod roofline;
pub mod scatter;
pub mod select;
mod simd;
pub mod softmax;
pub mod sort;
pub mod take;
#[cfg(test)]
mod test;
pub mod walk;
