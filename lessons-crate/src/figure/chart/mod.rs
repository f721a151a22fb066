//! Charts, drawn by plotters onto our SVG.

mod axes;
mod backend;
mod bar;
mod boxes;
mod distribution;
mod ecdf;
mod intervals;
mod line;
mod log_axis;
mod loss;
mod memory_plan;
mod roofline;
mod sample;
mod timeline;

pub use backend::SvgBackend;
pub use bar::BarChart;
pub use boxes::BoxChart;
pub use distribution::Distribution;
pub use ecdf::Ecdf;
pub use intervals::IntervalChart;
pub use line::LineChart;
pub use loss::LossCurve;
pub use roofline::Roofline;
pub use timeline::Timeline;

use plotters::coord::Shift;
use plotters::prelude::DrawingArea;

use super::error::FigureError;
use super::picture::{Figure, Words};

/// What plotters draws on: an area of our SVG.
pub type Area<'a> = DrawingArea<SvgBackend<'a>, Shift>;

impl Figure {
    /// Anything that plotters can draw, as a figure of `size` pixels. `finding` says in a sentence
    /// what there is to see, for those who cannot.
    ///
    /// The area has [`SvgBackend::SCALE`] units a pixel, which keeps curves smooth; a line or letter
    /// size of `n` pixels is `n * SvgBackend::SCALE`.
    ///
    /// # Errors
    /// When `finding` is empty, or plotters fails.
    ///
    /// ```
    /// use lessons::figure::{Figure, chart::SvgBackend};
    /// use plotters::prelude::*;
    ///
    /// let figure = Figure::plot("dot", "one dot in the middle", (200, 100), |area| {
    ///     area.draw(&Circle::new((1000, 500), 5 * SvgBackend::SCALE as i32, BLUE.filled()))?;
    ///     Ok(())
    /// })?;
    /// assert!(figure.to_svg().contains("<circle cx=\"100\" cy=\"50\" r=\"5\""));
    /// # Ok::<(), lessons::figure::FigureError>(())
    /// ```
    pub fn plot(
        title: &str,
        finding: &str,
        size: (u32, u32),
        draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>,
    ) -> Result<Figure, FigureError> {
        if finding.trim().is_empty() {
            return Err(FigureError::NoAltText);
        }
        let words = Words {
            title: title.to_owned(),
            kind: "Chart",
            finding: finding.to_owned(),
            text: String::new(),
        };
        let svg = backend::draw(size, draw)?;
        Ok(Figure::new(
            words,
            svg,
            f64::from(size.0),
            f64::from(size.1),
        ))
    }
}
