//! Line charts: several series, linear or logarithmic axes, measured points, intervals or functions.

use std::ops::Range;

use super::backend;
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};

mod crossing;
mod draw;
mod words;

const WIDTH: u32 = 640;
const HEIGHT: u32 = 340;
/// Points that a function is drawn through.
const SAMPLES: usize = 201;

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
    kind: &'static str,
    twin: Option<String>,
    /// Pairs of lines whose crossing is marked.
    crossings: Vec<[String; 2]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Series {
    name: String,
    points: Vec<Point>,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: f64,
    y: f64,
    /// From where to where the value may lie.
    interval: Option<[f64; 2]>,
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
            kind: "Line chart",
            twin: None,
            crossings: Vec::new(),
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
        self.add(name, plain(points), Style::Measured)
    }

    /// Adds measured points as `(x, y, [least, greatest])`, with a band from the least to the
    /// greatest: quantiles of repeated measurements, a confidence interval.
    ///
    /// ```
    /// use lessons::figure::LineChart;
    /// use lessons::prelude::*;
    ///
    /// let chart = LineChart::new("latency").x("batch").y("ms")
    ///     .intervals("CPU", [(1.0, 2.0, [1.8, 2.5]), (8.0, 9.0, [8.7, 12.0])]);
    /// assert!(chart.figure().alt().contains("2 at 1 (1.8 to 2.5) to 9 at 8 (8.7 to 12)"));
    /// ```
    pub fn intervals(
        self,
        name: &str,
        points: impl IntoIterator<Item = (f64, f64, [f64; 2])>,
    ) -> LineChart {
        let point = |(x, y, interval)| Point {
            x,
            y,
            interval: Some(interval),
        };
        let points = points.into_iter().map(point).collect();
        self.add(name, points, Style::Measured)
    }

    /// Adds points that no line joins.
    pub fn points(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> LineChart {
        self.add(name, plain(points), Style::Points)
    }

    /// Adds points joined by a line, without marks.
    pub fn line(self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> LineChart {
        self.add(name, plain(points), Style::Curve)
    }

    /// Adds a function.
    pub fn function(self, name: &str, over: Range<f64>, f: impl Fn(f64) -> f64) -> LineChart {
        let step = (over.end - over.start) / (SAMPLES - 1) as f64;
        let xs = (0..SAMPLES).map(|index| over.start + step * index as f64);
        self.line(name, xs.map(|x| (x, f(x))))
    }

    /// Marks where the line `name` goes below the line `other`, for instance from which size on a GPU
    /// is faster; of two measured lines the crossing is marked anyway. Lines that do not cross once, or
    /// have no two x in common, get no mark.
    pub fn crossing(mut self, name: &str, other: &str) -> LineChart {
        self.crossings.push([name.to_owned(), other.to_owned()]);
        self
    }

    /// Says what the chart shows, in a sentence, in place of the ranges.
    pub fn finding(mut self, finding: &str) -> LineChart {
        self.finding = Some(finding.to_owned());
        self
    }

    /// What alt text calls the chart, in place of `Line chart`.
    pub(in crate::figure) fn kind(mut self, kind: &'static str) -> LineChart {
        self.kind = kind;
        self
    }

    /// What the text twin lists, in place of the points.
    pub(in crate::figure) fn twin(mut self, twin: String) -> LineChart {
        self.twin = Some(twin);
        self
    }

    fn add(mut self, name: &str, mut points: Vec<Point>, style: Style) -> LineChart {
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        self.series.push(Series {
            name: name.to_owned(),
            points,
            style,
        });
        self
    }

    /// Whether a point has a place on the axes.
    fn has_place(&self, point: &Point) -> bool {
        self.fits(point.x, 0) && self.fits(point.y, 1)
    }

    fn fits(&self, value: f64, axis: usize) -> bool {
        // The span of an axis is a number, too.
        const MOST: f64 = 1e300;
        value.abs() <= MOST && (!self.log[axis] || value > 0.0)
    }

    /// The points of all series that have a place.
    fn placed(&self) -> impl Iterator<Item = &Point> {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.filter(|point| self.has_place(point))
    }
}

fn plain(points: impl IntoIterator<Item = (f64, f64)>) -> Vec<Point> {
    let point = |(x, y)| Point {
        x,
        y,
        interval: None,
    };
    points.into_iter().map(point).collect()
}

impl Show for LineChart {
    fn figure(&self) -> Figure {
        let (svg, finding) = match backend::draw((WIDTH, HEIGHT), |area| self.draw(area)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => {
                let mut svg = Svg::new();
                svg.add(svg::text(0.0, 14.0, &error.to_string()).fill(palette::INK));
                (svg, error.to_string())
            }
        };
        let words = Words {
            title: self.title.clone(),
            kind: self.kind,
            finding,
            text: self.twin.clone().unwrap_or_else(|| self.text()),
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

    /// An axis from the least to the greatest number would be infinitely long.
    #[test]
    fn numbers_at_the_ends_of_the_range_break_no_axis() {
        let points = [f64::MIN, -1.0, f64::MAX, 2.0].into_iter().enumerate();
        let chart = LineChart::new("l").line("all", points.map(|(x, y)| (x as f64, y)));
        let alt = chart.figure().alt().to_owned();
        assert!(
            alt.contains("all goes from -1 at 1 to 2 at 3; 2 points not drawn"),
            "{alt}"
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

    #[test]
    fn bands_are_drawn_and_listed() {
        let chart = LineChart::new("latency").x("batch").y("ms").intervals(
            "CPU",
            [
                (1.0, 2.0, [1.8, 2.5]),
                (8.0, 9.0, [8.7, 12.0]),
                (16.0, 20.0, [f64::NAN, 30.0]),
            ],
        );
        let figure = chart.figure();
        assert!(figure.to_text().contains("9 (8.7 to 12)"), "{figure}");
        assert!(figure.to_svg().contains("opacity=\"0.18\""));
    }

    #[test]
    fn long_lines_keep_their_peaks_and_stay_small() {
        let wave = |step: usize| match step {
            70_001 => 9.0,
            step => (step as f64 / 50.0).sin(),
        };
        let points = (0..200_000).map(|step| (step as f64, wave(step)));
        let peak = (0..3).map(|step| (step as f64, if step == 1 { 9.0 } else { -1.0 }));
        let chart = LineChart::new("long").series("a", points);
        let figure = chart.figure();
        assert!(figure.to_svg().len() < 20_000, "{}", figure.to_svg().len());
        // The highest point of both lines is as high.
        let top = |figure: &Figure| {
            let line = figure.to_svg().split("stroke-linejoin").next().unwrap();
            let path = line.rsplit("d=\"").next().unwrap().to_owned();
            let points = path
                .split(['M', 'L', '\"'])
                .filter_map(|at| at.split(' ').nth(1));
            points
                .filter_map(|y| y.parse::<f64>().ok())
                .fold(f64::INFINITY, f64::min)
        };
        let short = LineChart::new("short").series("a", peak).figure();
        assert_eq!(top(&figure), top(&short));
    }
}
