//! The axes that all charts have in common: ticks, grid lines, names.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, TextStyle};

use super::Area;
use super::backend::SvgBackend;
use crate::figure::number::short;
use crate::figure::palette::{self, Color};
use crate::figure::typography::Face;

pub(super) const LETTER: f64 = 12.0;
const TICK: f64 = 11.0;

pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A chart with its axes drawn.
pub(super) type Chart<'a, 'b, X, Y> = ChartContext<
    'a,
    SvgBackend<'b>,
    Cartesian2d<<X as AsRangedCoord>::CoordDescType, <Y as AsRangedCoord>::CoordDescType>,
>;

/// What the axes say, and how much room there is around them, in pixels.
pub(super) struct Axes<'a> {
    pub x: &'a str,
    pub y: &'a str,
    /// For what the vertical axis says.
    pub left: f64,
    pub right: f64,
    /// Whether the vertical axis has ticks and grid lines.
    pub ticks: bool,
}

impl Axes<'_> {
    pub fn on<'a, 'b, X, Y>(
        &self,
        area: &'a Area<'b>,
        x: X,
        y: Y,
    ) -> Result<Chart<'a, 'b, X, Y>, Box<dyn std::error::Error>>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let scale = SvgBackend::SCALE;
        let mut chart = ChartBuilder::on(area)
            .margin(4 * scale)
            .margin_right(self.right * f64::from(scale))
            .x_label_area_size(42 * scale)
            .y_label_area_size(self.left * f64::from(scale))
            .build_cartesian_2d(x, y)?;
        let label = |value: &f64| short(*value, 4);
        let mut mesh = chart.configure_mesh();
        if !self.ticks {
            mesh.disable_y_mesh().disable_y_axis();
        }
        mesh.x_desc(self.x)
            .y_desc(self.y)
            .x_labels(7)
            .y_labels(6)
            .max_light_lines(0)
            .set_all_tick_mark_size(5 * scale)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .axis_style(rgb(palette::LINE).stroke_width(scale))
            .bold_line_style(rgb(palette::RULE).stroke_width(scale))
            .label_style(letters(TICK).into_font().color(&rgb(palette::MUTED)))
            .axis_desc_style(letters(LETTER).into_font().color(&rgb(palette::INK)))
            .draw()?;
        Ok(chart)
    }
}

pub(super) fn rgb(Color(r, g, b): Color) -> RGBColor {
    RGBColor(r, g, b)
}

fn letters(size: f64) -> (&'static str, f64) {
    ("sans-serif", size * f64::from(SvgBackend::SCALE))
}

/// Letters beside a point, which they begin or end at.
pub(super) fn label(face: Face, ink: Color, at: HPos) -> TextStyle<'static> {
    let style = match face {
        Face::Bold => FontStyle::Bold,
        _ => FontStyle::Normal,
    };
    letters(LETTER)
        .into_font()
        .style(style)
        .color(&rgb(ink))
        .pos(Pos::new(at, VPos::Center))
}

/// The color of a series, dark enough for letters.
pub(super) fn ink(series: usize) -> Color {
    let mut color = palette::SERIES[series % palette::SERIES.len()];
    while palette::contrast(color, palette::CARD) < 4.5 {
        color = palette::mix(color, palette::INK, 0.1);
    }
    color
}

/// The least and greatest value with some space around, never an empty range.
pub(super) fn limits(values: impl Iterator<Item = f64>, log: bool, space: f64) -> Range<f64> {
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        (least, greatest) = (least.min(value), greatest.max(value));
    }
    if least > greatest {
        return if log { 1.0..10.0 } else { 0.0..1.0 };
    }
    if log {
        let room = ((greatest.ln() - least.ln()) * space).exp().max(1.05);
        return (least / room).max(f64::MIN_POSITIVE)..(greatest * room).min(f64::MAX);
    }
    if least == greatest {
        let half = if least == 0.0 { 1.0 } else { least.abs() * 0.5 };
        return least - half..greatest + half;
    }
    let room = (greatest - least) * space;
    least - room..greatest + room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_series_can_be_read() {
        for series in 0..palette::SERIES.len() {
            assert!(palette::contrast(ink(series), palette::CARD) >= 4.5);
        }
    }
}
