//! A Jupyter kernel for Rust cells.
//!
//! [`cell`] reads a cell's text, [`engine`] compiles and runs it against the prebuilt [`library`],
//! and [`runtime`] is the process in which its code runs.

pub mod cell;
pub mod engine;
pub mod library;
pub mod runtime;
