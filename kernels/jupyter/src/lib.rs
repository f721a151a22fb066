//! A Jupyter kernel for Rust cells.
//!
//! [`protocol`] speaks with frontends, [`kernel`] turns their requests into cells, completions and
//! replies, and [`assist`] reads along. [`cell`] reads a cell's text, [`engine`] compiles and runs
//! it against the prebuilt [`library`], and [`runtime`] is the process in which its code runs.
//! [`setup`] installs it all.

pub mod assist;
pub mod engine;
pub mod kernel;
pub mod library;
pub mod paths;
pub mod protocol;
pub mod runtime;
pub mod setup;

pub use lessons_syntax as cell;
