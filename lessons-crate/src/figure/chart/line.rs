//! Line charts: several series, linear or logarithmic axes, measured points or functions.

use std::ops::Range;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::Color as _;

use super::backend::{self, SvgBackend};
use crate::figure::error::FigureError;
use crate::figure::number::short;
use crate::figure::palette::{self, Color};
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 340;
const LETTER: f64 = 12.0;
/// Points that a function is drawn through.
const SAMPLES: usize = 201;
/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

/// Lines over a common axis.
///
/// ```
/// use lessons::figure::LineChart;
/// use lessons::prelude::*;
///
/// let chart = LineChart::new("time by size")
///     .x("elements").y("ms").log_x().log_y()
///     .series("CPU", [(1e3, 0.01), (1e5, 0.2), (1e7, 30.0)])
///     .series("GPU", [(1e3, 0.1), (1e5, 0.1), (1e7, 0.9)]);
/// assert!(chart.figure().alt().contains("GPU is below CPU from 1e5 on"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LineChart {
    title: String,
    x: String,
    y: String,
    log: [bool; 2],
    series: Vec<Series>,
    finding: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Measured points, joined.
    Measured,
    /// A function: a line without marks.
    Curve,
    /// Marks without a line.
    Points,
}

impl LineChart {
    pub fn new(title: &str) -> LineChart {
        LineChart {
            title: title.to_owned(),
            x: String::new(),
            y: String::new(),
            log: [false, false],
            series: Vec::new(),
            finding: None,
        }
    }

    /// Names the horizontal axis, with its unit.
    pub fn x(mut self, name: &str) -> LineChart {
        self.x = name.to_owned();
        self
    }

    /// Names the vertical axis, with its unit.
    pub fn y(mut self, name: &str) -> LineChart {
        self.y = name.to_owned();
        self
    }

    /// Makes the horizontal axis logarithmic.
    pub fn log_x(mut self) -> LineChart {
        self.log[0] = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    pub fn log_y(mut self) -> LineChart {
        self.log[1] = true;
        self
    }

    /// Adds measured points, each marked, joined by a line.
    pub fn series(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> LineChart {
        self.add(name, points.into_iter().collect(), Style::Measured)
    }

    /// Adds points that no line joins.
    pub fn points(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> LineChart {
        self.add(name, points.into_iter().collect(), Style::Points)
    }

    /// Adds a function.
    pub fn function(self, name: &str, over: Range<f64>, f: impl Fn(f64) -> f64) -> LineChart {
        let step = (over.end - over.start) / (SAMPLES - 1) as f64;
        let xs = (0..SAMPLES).map(|index| over.start + step * index as f64);
        let points = xs.map(|x| (x, f(x))).collect();
        self.add(name, points, Style::Curve)
    }

    /// Says what the chart shows, in a sentence, in place of the ranges.
    pub fn finding(mut self, finding: &str) -> LineChart {
        self.finding = Some(finding.to_owned());
        self
    }

    fn add(mut self, name: &str, mut points: Vec<(f64, f64)>, style: Style) -> LineChart {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.series.push(Series {
            name: name.to_owned(),
            points,
            style,
        });
        self
    }

    /// Whether a point has a place on the axes.
    fn has_place(&self, (x, y): (f64, f64)) -> bool {
        let fits = |value: f64, log: bool| value.is_finite() && (!log || value > 0.0);
        fits(x, self.log[0]) && fits(y, self.log[1])
    }

    /// The points of all series that have a place.
    fn placed(&self) -> Vec<(f64, f64)> {
        let points = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().copied());
        points.filter(|point| self.has_place(*point)).collect()
    }

    fn words(&self) -> String {
        if let Some(finding) = &self.finding {
            return finding.clone();
        }
        let mut words = Vec::new();
        for series in &self.series {
            let placed: Vec<_> = series
                .points
                .iter()
                .filter(|point| self.has_place(**point))
                .collect();
            let [Some(first), Some(last)] = [placed.first(), placed.last()] else {
                words.push(format!("{} has no points", series.name));
                continue;
            };
            if series.style == Style::Points {
                words.push(format!(
                    "{}: {}",
                    series.name,
                    crate::figure::diagram::count(placed.len(), "point")
                ));
                continue;
            }
            words.push(format!(
                "{} goes from {} at {} to {} at {}",
                series.name,
                short(first.1, 3),
                short(first.0, 4),
                short(last.1, 3),
                short(last.0, 4)
            ));
        }
        if let [a, b] = self.series.as_slice() {
            words.extend(crossing(a, b));
        }
        let missing = self
            .series
            .iter()
            .map(|series| series.points.len())
            .sum::<usize>()
            - self.placed().len();
        if missing > 0 {
            let why = if self.log == [false, false] {
                "not finite"
            } else {
                "not finite, or not above zero"
            };
            words.push(format!(
                "{} not drawn: {why}",
                crate::figure::diagram::count(missing, "point")
            ));
        }
        if words.is_empty() {
            words.push("no series".to_owned());
        }
        format!("{}.", words.join("; "))
    }

    fn text(&self) -> String {
        let mut xs: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.0))
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let step = xs.len().div_ceil(MOST_ROWS).max(1);
        let mut head = vec![if self.x.is_empty() {
            "x".to_owned()
        } else {
            self.x.clone()
        }];
        head.extend(self.series.iter().map(|series| series.name.clone()));
        let mut rows = vec![head];
        for x in xs.iter().step_by(step) {
            let mut row = vec![short(*x, 4)];
            for series in &self.series {
                let point = series.points.iter().find(|point| point.0 == *x);
                row.push(point.map_or(String::new(), |point| short(point.1, 4)));
            }
            rows.push(row);
        }
        aligned(&rows)
    }

    fn draw(&self, size: (u32, u32)) -> Result<Svg, FigureError> {
        let points = self.placed();
        let x = limits(points.iter().map(|point| point.0), self.log[0], 0.0);
        let y = limits(points.iter().map(|point| point.1), self.log[1], 0.06);
        backend::draw(size, |area| {
            match self.log {
                [false, false] => self.on(area, x, y)?,
                [true, false] => self.on(area, x.log_scale(), y)?,
                [false, true] => self.on(area, x, y.log_scale())?,
                [true, true] => self.on(area, x.log_scale(), y.log_scale())?,
            }
            Ok(())
        })
    }
}

impl LineChart {
    fn on<X, Y>(&self, area: &super::Area<'_>, x: X, y: Y) -> Result<(), Box<dyn std::error::Error>>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let scale = SvgBackend::SCALE;
        let letters = |size: f64| ("sans-serif", size * f64::from(scale));
        let rgb = |Color(r, g, b): Color| RGBColor(r, g, b);
        let mut chart = ChartBuilder::on(area)
            .margin(4 * scale)
            .margin_right(self.label_room() * f64::from(scale))
            .x_label_area_size(42 * scale)
            .y_label_area_size(64 * scale)
            .build_cartesian_2d(x, y)?;
        let label = |value: &f64| short(*value, 4);
        chart
            .configure_mesh()
            .x_desc(self.x.as_str())
            .y_desc(self.y.as_str())
            .x_labels(7)
            .y_labels(6)
            .max_light_lines(0)
            .set_all_tick_mark_size(5 * scale)
            .x_label_formatter(&label)
            .y_label_formatter(&label)
            .axis_style(rgb(palette::LINE).stroke_width(scale))
            .bold_line_style(rgb(palette::RULE).stroke_width(scale))
            .label_style(letters(11.0).into_font().color(&rgb(palette::MUTED)))
            .axis_desc_style(letters(LETTER).into_font().color(&rgb(palette::INK)))
            .draw()?;
        for (index, series) in self.series.iter().enumerate() {
            let color = rgb(palette::SERIES[index % palette::SERIES.len()]);
            let style = color.stroke_width(2 * scale);
            // A point without a place interrupts the line.
            for piece in series.points.split(|point| !self.has_place(*point)) {
                if !piece.is_empty() && series.style != Style::Points {
                    chart.draw_series(LineSeries::new(piece.iter().copied(), style))?;
                }
                if series.style != Style::Curve {
                    let marks = piece
                        .iter()
                        .map(|point| Circle::new(*point, 3 * scale as i32, color.filled()));
                    chart.draw_series(marks)?;
                }
            }
        }
        // Each line is named at its end.
        let mut ends: Vec<(i32, i32, usize)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            if let Some(last) = series
                .points
                .iter()
                .rev()
                .find(|point| self.has_place(**point))
            {
                let (x, y) = chart.as_coord_spec().translate(&(last.0, last.1));
                ends.push((y, x, index));
            }
        }
        ends.sort_unstable();
        let apart = (15 * scale) as i32;
        let mut free = i32::MIN;
        for (y, x, index) in ends {
            let y = y.max(free);
            free = y + apart;
            let name = fit(&self.series[index].name, 150.0, LETTER, Face::Bold).into_owned();
            let style = letters(LETTER)
                .into_font()
                .style(FontStyle::Bold)
                .color(&rgb(ink(index)))
                .pos(plotters::style::text_anchor::Pos::new(
                    plotters::style::text_anchor::HPos::Left,
                    plotters::style::text_anchor::VPos::Center,
                ));
            area.draw(&Text::new(name, (x + (8 * scale) as i32, y), style))?;
        }
        Ok(())
    }

    /// Room for the names at the ends of the lines, in pixels.
    fn label_room(&self) -> f64 {
        let names = self
            .series
            .iter()
            .map(|series| width(&series.name, LETTER, Face::Bold));
        names.fold(0.0, f64::max).min(150.0) + 20.0
    }
}

/// The color of a series, dark enough for letters.
fn ink(series: usize) -> Color {
    let mut color = palette::SERIES[series % palette::SERIES.len()];
    while palette::contrast(color, palette::CARD) < 4.5 {
        color = palette::mix(color, palette::INK, 0.1);
    }
    color
}

/// From which x on one series is below the other, where they have the same x values and change
/// places once.
fn crossing(a: &Series, b: &Series) -> Option<String> {
    let common: Vec<(f64, f64, f64)> = a
        .points
        .iter()
        .filter_map(|(x, y)| Some((*x, *y, b.points.iter().find(|point| point.0 == *x)?.1)))
        .collect();
    if common.len() < 2 || a.style != Style::Measured || b.style != Style::Measured {
        return None;
    }
    let below: Vec<bool> = common.iter().map(|(_, a, b)| b < a).collect();
    let (first, last) = (below[0], below[below.len() - 1]);
    let changes = below.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let (lower, upper) = if last { (b, a) } else { (a, b) };
    match changes {
        0 => Some(format!("{} is below {} everywhere", lower.name, upper.name)),
        1 => {
            let at = below.iter().position(|is| *is != first)?;
            Some(format!(
                "{} is below {} from {} on",
                lower.name,
                upper.name,
                short(common[at].0, 6)
            ))
        }
        _ => None,
    }
}

/// The least and greatest value with some space around, never an empty range.
fn limits(values: impl Iterator<Item = f64>, log: bool, space: f64) -> Range<f64> {
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        (least, greatest) = (least.min(value), greatest.max(value));
    }
    if least > greatest {
        return if log { 1.0..10.0 } else { 0.0..1.0 };
    }
    if log {
        let room = (greatest / least).powf(space).max(1.05);
        return least / room..greatest * room;
    }
    if least == greatest {
        let half = if least == 0.0 { 1.0 } else { least.abs() * 0.5 };
        return least - half..greatest + half;
    }
    let room = (greatest - least) * space;
    least - room..greatest + room
}

impl Show for LineChart {
    fn figure(&self) -> Figure {
        let (svg, finding) = match self.draw((WIDTH, HEIGHT)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => {
                let mut svg = Svg::new();
                svg.add(svg::text(0.0, 14.0, &error.to_string()).fill(palette::INK));
                (svg, error.to_string())
            }
        };
        let words = Words {
            title: self.title.clone(),
            kind: "Line chart",
            finding,
            text: self.text(),
        };
        Figure::new(words, svg, f64::from(WIDTH), f64::from(HEIGHT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_reproduce() {
        let chart = LineChart::new("relu(2x + 1)")
            .x("x")
            .y("y")
            .function("relu(2x + 1)", -2.0..2.0, |x| (2.0 * x + 1.0).max(0.0))
            .points("inputs", [(-1.0, 0.0), (0.0, 1.0), (1.0, 3.0)]);
        insta::assert_snapshot!(chart.figure().to_svg());
    }

    #[test]
    fn points_without_a_place_are_left_out_and_named() {
        let chart = LineChart::new("bad").log_y().series(
            "a",
            [
                (1.0, f64::NAN),
                (2.0, 0.0),
                (3.0, 5.0),
                (4.0, f64::INFINITY),
            ],
        );
        let figure = chart.figure();
        assert!(
            figure
                .alt()
                .contains("3 points not drawn: not finite, or not above zero"),
            "{}",
            figure.alt()
        );
    }

    #[test]
    fn charts_without_points_or_with_one_are_drawn() {
        for chart in [
            LineChart::new("none"),
            LineChart::new("empty").series("a", []),
            LineChart::new("one").series("a", [(0.0, 0.0)]),
            LineChart::new("one")
                .log_x()
                .log_y()
                .series("a", [(1.0, 1.0)]),
            LineChart::new("huge").series("a", [(-1e300, -1e300), (1e300, 1e300)]),
        ] {
            let figure = chart.figure();
            assert!(!figure.alt().contains("cannot"), "{}", figure.alt());
        }
    }
}
