//! Benchmarks: what a TOML file describes, run and reported.
//!
//! [`Config`] is the description, [`run`] measures, and [`BenchReport`] is what it found, as text,
//! Markdown, CSV or JSON. What is measured is an engine: ours, or a process that speaks the protocol
//! of `docs/bench.md`.

mod attention;
mod cnn;
mod compiling;
mod config;
mod crossover;
mod distilbert;
mod engine;
mod fresh;
mod gpu;
mod groups;
mod implementation;
mod initial;
mod json;
mod limits;
#[cfg(test)]
mod made_up;
mod memory;
mod names;
mod ours;
mod output;
mod page;
mod picture;
mod process;
mod report;
mod rnn;
mod roofline;
mod run;
mod shape;
mod suggestion;
mod table;
mod work;

pub use config::{About, Config, Devices, Measure, Measures, ModelKeys, Precision, TestData};
pub use crossover::Crossover;
pub use distilbert::write_directory;
pub use engine::Loaded;
pub use fresh::{Once, once};
pub use implementation::Implementation;
pub use limits::Limits;
pub use memory::Memory;
pub use output::{Output, REPORT_FOLDER};
pub use page::Page;
pub use report::{BenchReport, CaseReport, Ratio};
pub use roofline::{Bandwidth, Roofline, RooflineKeys, RooflineRow, roofline};
pub use run::run;
pub use shape::CaseShape;

#[cfg(all(test, unix))]
mod tests;
