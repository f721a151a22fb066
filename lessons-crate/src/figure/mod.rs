//! Pictures: whatever a notebook shows, with alt text and a text twin.
//!
//! [`Figure`] is what every picture is; [`Show`] gives the things of this library theirs. One figure
//! a file; all draw through [`svg`], take their colors from [`palette`] and say their finding in
//! words that are made from the data. Figures read graphs, plans and measurements; nothing reads
//! figures.

mod attention;
pub mod chart;
mod classification;
pub mod diagram;

mod error;
mod heat_map;
mod matrix;
mod number;
pub mod palette;
mod picture;
mod report;
mod show;
pub mod svg;
mod table;
mod tensor;
mod tokens;
pub mod typography;

pub use attention::AttentionMaps;
pub use chart::{BarChart, LineChart};
pub use diagram::{Diagram, Direction};
pub use error::FigureError;
pub use heat_map::HeatMap;
pub use number::{grouped, short};
pub use picture::Figure;
pub use show::Show;
pub use table::Table;
pub use tokens::TokenStrip;
