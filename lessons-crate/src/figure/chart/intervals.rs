//! Interval charts: a value and the interval that it may lie in, row by row.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axes::{Axes, Drawn, LETTER, ink, label, limits, rgb};
use super::backend::{self, SvgBackend};
use super::log_axis::LogAxis;
use crate::figure::chart::Area;
use crate::figure::number::short;
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::Svg;
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const WIDTH: u32 = 640;
const ROW: u32 = 20;
/// Between two groups.
const GAP: f64 = 0.4;
const GROUP_WIDEST: f64 = 110.0;
const NAME_WIDEST: f64 = 150.0;
/// As many rows as are drawn.
const MOST: usize = 60;
/// As many rows as the text twin has.
const MOST_LISTED: usize = 16;

/// Values with their intervals, one a row, in groups: medians of several implementations at several sizes.
/// Rows of one name have one color. A value that is not there is a word in its row.
///
/// ```
/// use lessons::figure::IntervalChart;
/// use lessons::prelude::*;
///
/// let chart = IntervalChart::new("latency").x("ms")
///     .row("1x8", "ours", Ok((1.0, [0.9, 1.2])))
///     .row("1x8", "theirs", Ok((2.0, [1.9, 2.2])))
///     .row("8x8", "ours", Err("failed"));
/// assert!(chart.figure().alt().contains("ours at 1x8 has the lowest, 1 (0.9 to 1.2)"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalChart {
    title: String,
    x: String,
    log: bool,
    rows: Vec<Row>,
    finding: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    group: String,
    name: String,
    value: Result<(f64, [f64; 2]), String>,
}

impl IntervalChart {
    pub fn new(title: &str) -> IntervalChart {
        IntervalChart {
            title: title.to_owned(),
            x: "value".to_owned(),
            log: false,
            rows: Vec::new(),
            finding: None,
        }
    }

    /// Names what is measured, with its unit.
    pub fn x(mut self, name: &str) -> IntervalChart {
        self.x = name.to_owned();
        self
    }

    /// Makes the axis logarithmic: values must be above 0.
    pub fn log_x(mut self) -> IntervalChart {
        self.log = true;
        self
    }

    /// Adds a row: the value and its interval, or a word for why there is none. Rows of a group follow
    /// one another.
    pub fn row(
        mut self,
        group: &str,
        name: &str,
        value: Result<(f64, [f64; 2]), &str>,
    ) -> IntervalChart {
        self.rows.push(Row {
            group: group.to_owned(),
            name: name.to_owned(),
            value: value.map_err(str::to_owned),
        });
        self
    }

    /// Says what the chart shows, in a sentence, in place of the lowest and the highest.
    pub fn finding(mut self, finding: &str) -> IntervalChart {
        self.finding = Some(finding.to_owned());
        self
    }

    /// The value of a row that has a place on the axis.
    fn placed(&self, row: &Row) -> Result<(f64, [f64; 2]), String> {
        let (value, [low, high]) = row.value.clone()?;
        let fits = |number: f64| number.is_finite() && (!self.log || number > 0.0);
        match fits(value) && fits(low) && fits(high) {
            true => Ok((value, [low.min(value), high.max(value)])),
            false => Err(format!("{} is not drawn", short(value, 3))),
        }
    }

    fn drawn(&self) -> &[Row] {
        &self.rows[..self.rows.len().min(MOST)]
    }

    /// The names, each once, in the order of their colors.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        names
    }

    /// Where the middle of each row is, in rows from the top, and where all of it ends.
    fn places(&self) -> (Vec<f64>, f64) {
        let rows = self.drawn();
        let mut at = 0.0;
        let mut places = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if index > 0 && rows[index - 1].group != row.group && self.names().len() > 1 {
                at += GAP;
            }
            places.push(at + 0.5);
            at += 1.0;
        }
        (places, at.max(1.0))
    }

    fn words(&self) -> String {
        let known = self.rows.iter().filter_map(|row| {
            let (value, interval) = self.placed(row).ok()?;
            Some((value, format!("{} at {}", row.name, row.group), interval))
        });
        let mut known: Vec<(f64, String, [f64; 2])> = known.collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let number = |(value, _, [low, high]): &(f64, String, [f64; 2])| {
            let [value, low, high] = [*value, *low, *high].map(|number| short(number, 3));
            format!("{value} ({low} to {high})")
        };
        let mut words = match known.as_slice() {
            [] => vec!["no value".to_owned()],
            [one] => vec![format!("{} is {}", one.1, number(one))],
            [low, .., high] => vec![format!(
                "{} has the lowest, {}, and {} the highest, {}",
                low.1,
                number(low),
                high.1,
                number(high)
            )],
        };
        if let Some(finding) = &self.finding {
            words = vec![finding.trim_end_matches('.').to_owned()];
        }
        let missing = self.rows.len() - known.len();
        if missing > 0 {
            words.push(format!(
                "{missing} of {} rows have no value",
                self.rows.len()
            ));
        }
        if self.rows.len() > MOST {
            words.push(format!("the first {MOST} of {} rows", self.rows.len()));
        }
        format!("{}.", words.join("; "))
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        let values = self.drawn().iter().filter_map(|row| self.placed(row).ok());
        let ends = values.flat_map(|(value, [low, high])| [value, low, high]);
        let x = limits(ends, self.log, 0.04);
        match self.log {
            true => self.on(area, LogAxis::over(x)),
            false => self.on(area, x),
        }
    }

    fn on<X>(&self, area: &Area<'_>, x: X) -> Drawn
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let scale = SvgBackend::SCALE;
        let names = self.names();
        let widest = |texts: &mut dyn Iterator<Item = &str>, face, most: f64| {
            let widths = texts.map(|text| width(text, LETTER, face));
            widths.fold(0.0, f64::max).min(most)
        };
        let groups = &mut self.rows.iter().map(|row| row.group.as_str());
        let group_room = widest(groups, Face::Bold, GROUP_WIDEST);
        let name_room = match names.len() > 1 {
            true => widest(&mut names.iter().copied(), Face::Sans, NAME_WIDEST) + 12.0,
            false => 0.0,
        };
        let axes = Axes {
            x: &self.x,
            y: "",
            left: group_room + name_room + 14.0,
            right: 16.0,
            ticks: false,
        };
        let (places, height) = self.places();
        let mut chart = axes.on(area, x, 0.0..height)?;
        let left = chart.plotting_area().get_base_pixel().0;
        let pixels = |length: f64| (length * f64::from(scale)) as i32;
        for (index, (row, place)) in self.drawn().iter().zip(places).enumerate() {
            // The first row stands on top.
            let middle = height - place;
            let y = chart.as_coord_spec().translate(&(f64::NAN, middle)).1;
            if index == 0 || self.rows[index - 1].group != row.group {
                let group = fit(&row.group, GROUP_WIDEST, LETTER, Face::Bold).into_owned();
                let style = label(Face::Bold, palette::INK, HPos::Right);
                area.draw(&Text::new(
                    group,
                    (left - pixels(name_room + 8.0), y),
                    style,
                ))?;
            }
            let series = names.iter().position(|name| *name == row.name).unwrap_or(0);
            if names.len() > 1 {
                let name = fit(&row.name, NAME_WIDEST, LETTER, Face::Sans).into_owned();
                let style = label(Face::Sans, ink(series), HPos::Right);
                area.draw(&Text::new(name, (left - pixels(8.0), y), style))?;
            }
            let (value, [low, high]) = match self.placed(row) {
                Ok(value) => value,
                Err(word) => {
                    let style = label(Face::Sans, palette::MUTED, HPos::Left);
                    let word = fit(&word, 300.0, LETTER, Face::Sans).into_owned();
                    area.draw(&Text::new(word, (left + pixels(8.0), y), style))?;
                    continue;
                }
            };
            let color = rgb(palette::SERIES[series % palette::SERIES.len()]);
            let line = color.stroke_width(scale * 3 / 2);
            let path = |points: [(f64, f64); 2]| PathElement::new(points, line);
            let across = |x: f64| path([(x, middle - 0.22), (x, middle + 0.22)]);
            chart.draw_series([
                path([(low, middle), (high, middle)]),
                across(low),
                across(high),
            ])?;
            let dot = Circle::new((value, middle), 4 * scale as i32, color.filled());
            chart.draw_series([dot])?;
        }
        Ok(())
    }
}

impl Show for IntervalChart {
    fn figure(&self) -> Figure {
        let height = (f64::from(ROW) * self.places().1) as u32 + 54;
        let (svg, finding) = match backend::draw((WIDTH, height), |area| self.draw(area)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => (Svg::new(), error.to_string()),
        };
        let mut table = vec![["", "", "value", "low", "high"].map(str::to_owned).to_vec()];
        for row in self.rows.iter().take(MOST_LISTED) {
            let mut cells = vec![row.group.clone(), row.name.clone()];
            match self.placed(row) {
                Ok((value, [low, high])) => {
                    cells.extend([value, low, high].map(|number| short(number, 4)));
                }
                Err(word) => cells.extend([word, String::new(), String::new()]),
            }
            table.push(cells);
        }
        let words = Words {
            title: self.title.clone(),
            kind: "Interval chart",
            finding,
            text: aligned(&table),
        };
        Figure::new(words, svg, f64::from(WIDTH), f64::from(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_reproduce() {
        let chart = IntervalChart::new("latency")
            .x("ms")
            .log_x()
            .row("1x8", "ours", Ok((1.0, [0.9, 1.2])))
            .row("1x8", "<theirs>", Ok((20.0, [18.0, 31.0])))
            .row("8x8", "ours", Ok((8.0, [7.5, 8.1])))
            .row("8x8", "<theirs>", Err("failed"));
        let figure = chart.figure();
        assert!(
            figure.alt().contains("1 of 4 rows have no value"),
            "{}",
            figure.alt()
        );
        insta::assert_snapshot!(figure.to_svg());
        insta::assert_snapshot!(figure.to_text());
    }

    #[test]
    fn odd_rows_are_drawn() {
        let mut many = IntervalChart::new("many");
        for n in 0..500 {
            many = many.row(
                &format!("group {}", n / 7),
                &format!("series {}", n % 7),
                Ok((n as f64, [0.0, 1e3])),
            );
        }
        let nothing = IntervalChart::new("log of nothing").log_x().row(
            "<script>",
            "\u{202e}rtl 🦀",
            Ok((0.0, [f64::NAN, f64::INFINITY])),
        );
        for (chart, says) in [
            (IntervalChart::new("none"), "no value"),
            (
                IntervalChart::new("one").row("a", "b", Ok((3.0, [3.0, 3.0]))),
                "b at a is 3 (3 to 3)",
            ),
            (nothing, "1 of 1 rows have no value"),
            (many, "the first 60 of 500 rows"),
        ] {
            let figure = chart.figure();
            assert!(figure.to_svg().len() < 60_000, "{}", figure.to_svg().len());
            assert!(!figure.to_svg().contains("<script"));
            assert!(figure.alt().contains(says), "{}", figure.alt());
        }
    }
}
