//! Box charts: the middle half of each of several samples, and how far the rest reaches.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axes::{Axes, Drawn, LETTER, label, limits, rgb};
use super::backend::{self, SvgBackend};
use super::sample::{Sample, table};
use crate::figure::chart::Area;
use crate::figure::number::short;
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::Svg;
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const WIDTH: u32 = 640;
const ROW: u32 = 34;
const NAME_WIDEST: f64 = 180.0;
/// As many boxes as are drawn.
const MOST: usize = 24;
/// As many values as are drawn beyond either whisker, the furthest first.
const MOST_OUTLIERS: usize = 12;
/// As many columns as the text twin has.
const MOST_LISTED: usize = 6;

/// One box a sample: from the first to the third quartile, with a line at the median. Whiskers reach
/// to the furthest value within one and a half times the box's length, after Tukey (1977); what lies
/// beyond is drawn as points.
///
/// ```
/// use lessons::figure::BoxChart;
/// use lessons::prelude::*;
///
/// let chart = BoxChart::new("latency").x("ms")
///     .sample("CPU", [1.0, 2.0, 3.0])
///     .sample("GPU", [0.1, 0.2, 0.3]);
/// assert_eq!(
///     chart.figure().alt(),
///     "Box chart latency: CPU has the highest median, 2, and GPU the lowest, 0.2; CPU varies most, \
///      by 1 over its middle half."
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BoxChart {
    title: String,
    name: String,
    samples: Vec<(String, Sample)>,
}

impl BoxChart {
    pub fn new(title: &str) -> BoxChart {
        BoxChart {
            title: title.to_owned(),
            name: "value".to_owned(),
            samples: Vec::new(),
        }
    }

    /// Names what is measured, with its unit.
    pub fn x(mut self, name: &str) -> BoxChart {
        self.name = name.to_owned();
        self
    }

    /// Adds a box.
    pub fn sample(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> BoxChart {
        self.samples.push((name.to_owned(), Sample::of(values)));
        self
    }

    fn words(&self) -> String {
        let known: Vec<(&String, Spread)> = self
            .samples
            .iter()
            .filter_map(|(name, sample)| Some((name, Spread::of(sample)?)))
            .collect();
        let by = |key: fn(&Spread) -> f64| {
            let mut sorted: Vec<&(&String, Spread)> = known.iter().collect();
            sorted.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
            sorted
        };
        let (medians, lengths) = (by(|s| s.median), by(Spread::length));
        let mut words = match (medians.as_slice(), lengths.last()) {
            ([], _) | (_, None) => vec!["no finite value".to_owned()],
            ([(name, spread)], _) => vec![format!(
                "the median of {name} is {}, and its middle half lies between {} and {}",
                short(spread.median, 3),
                short(spread.quartiles[0], 3),
                short(spread.quartiles[1], 3)
            )],
            ([low, .., high], Some(widest)) => vec![
                format!(
                    "{} has the highest median, {}, and {} the lowest, {}",
                    high.0,
                    short(high.1.median, 3),
                    low.0,
                    short(low.1.median, 3)
                ),
                format!(
                    "{} varies most, by {} over its middle half",
                    widest.0,
                    short(widest.1.length(), 3)
                ),
            ],
        };
        for (name, sample) in &self.samples {
            words.extend(
                sample
                    .left_out()
                    .map(|left_out| format!("{left_out} of {name}")),
            );
        }
        let hidden: usize = known.iter().map(|(_, spread)| spread.hidden).sum();
        if hidden > 0 {
            words.push(format!("{hidden} more values lie beyond the whiskers"));
        }
        if self.samples.len() > MOST {
            words.push(format!("the first {MOST} of {}", self.samples.len()));
        }
        format!("{}.", words.join("; "))
    }

    fn drawn(&self) -> &[(String, Sample)] {
        &self.samples[..self.samples.len().min(MOST)]
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        let scale = SvgBackend::SCALE;
        let samples = self.drawn();
        let ends = |(_, sample): &(String, Sample)| [sample.least(), sample.greatest()];
        let values = samples.iter().flat_map(ends).flatten();
        let names = samples
            .iter()
            .map(|(name, _)| width(name, LETTER, Face::Sans));
        let left = names.fold(0.0, f64::max).min(NAME_WIDEST) + 14.0;
        let axes = Axes {
            x: &self.name,
            y: "",
            left,
            right: 16.0,
            ticks: false,
        };
        // The first sample stands on top.
        let rows = 0.0..samples.len().max(1) as f64;
        let mut chart = axes.on(area, limits(values, false, 0.03), rows)?;
        let blue = rgb(palette::SERIES[0]);
        let line = blue.stroke_width(scale * 3 / 2);
        let pale = rgb(palette::mix(palette::CARD, palette::SERIES[0], 0.25));
        for (row, (name, sample)) in samples.iter().enumerate() {
            let middle = samples.len() as f64 - row as f64 - 0.5;
            let start = chart.plotting_area().get_base_pixel().0 - (8 * scale) as i32;
            let y = chart.as_coord_spec().translate(&(0.0, middle)).1;
            let name = fit(name, NAME_WIDEST, LETTER, Face::Sans).into_owned();
            let style = label(Face::Sans, palette::INK, HPos::Right);
            area.draw(&Text::new(name, (start, y), style))?;
            let Some(spread) = Spread::of(sample) else {
                continue;
            };
            let [low, high] = spread.quartiles;
            let [least, greatest] = spread.whiskers;
            let path = |points: &[(f64, f64)], style| PathElement::new(points.to_vec(), style);
            let across = |x: f64, half: f64| [(x, middle - half), (x, middle + half)];
            chart.draw_series([
                path(&[(least, middle), (low, middle)], line),
                path(&[(high, middle), (greatest, middle)], line),
                path(&across(least, 0.15), line),
                path(&across(greatest, 0.15), line),
            ])?;
            let corners = [(low, middle - 0.3), (high, middle + 0.3)];
            chart.draw_series([Rectangle::new(corners, pale.filled())])?;
            chart.draw_series([Rectangle::new(corners, line)])?;
            let strong = rgb(palette::INK).stroke_width(scale * 5 / 2);
            chart.draw_series([path(&across(spread.median, 0.3), strong)])?;
            let point = |value: &f64| Circle::new((*value, middle), 5 * scale as i32 / 2, line);
            chart.draw_series(spread.outliers.iter().map(point))?;
        }
        Ok(())
    }
}

/// What a box shows of a sample.
struct Spread {
    median: f64,
    quartiles: [f64; 2],
    whiskers: [f64; 2],
    outliers: Vec<f64>,
    /// How many values beyond the whiskers are not drawn.
    hidden: usize,
}

impl Spread {
    fn of(sample: &Sample) -> Option<Spread> {
        let quartiles = [sample.quantile(0.25)?, sample.quantile(0.75)?];
        let reach = 1.5 * (quartiles[1] - quartiles[0]);
        let sorted = &sample.sorted;
        let low = sorted.partition_point(|value| *value < quartiles[0] - reach);
        let high = sorted.partition_point(|value| *value <= quartiles[1] + reach);
        let furthest = sorted[..low.min(MOST_OUTLIERS)]
            .iter()
            .chain(&sorted[high.max(sorted.len().saturating_sub(MOST_OUTLIERS))..]);
        let outliers: Vec<f64> = furthest.copied().collect();
        Some(Spread {
            median: sample.quantile(0.5)?,
            quartiles,
            whiskers: [*sorted.get(low)?, *sorted.get(high.checked_sub(1)?)?],
            hidden: low + (sorted.len() - high) - outliers.len(),
            outliers,
        })
    }

    fn length(&self) -> f64 {
        self.quartiles[1] - self.quartiles[0]
    }
}

impl Show for BoxChart {
    fn figure(&self) -> Figure {
        let height = ROW * self.drawn().len().max(1) as u32 + 50;
        let (svg, finding) = match backend::draw((WIDTH, height), |area| self.draw(area)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => (Svg::new(), error.to_string()),
        };
        let listed = self.samples.iter().take(MOST_LISTED);
        let named: Vec<(String, &Sample)> = listed
            .map(|(name, sample)| (name.clone(), sample))
            .collect();
        let words = Words {
            title: self.title.clone(),
            kind: "Box chart",
            finding,
            text: aligned(&table(&named)),
        };
        Figure::new(words, svg, f64::from(WIDTH), f64::from(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whiskers_end_at_values_and_the_rest_are_outliers() {
        let values = (1..=9).map(f64::from).chain([100.0, -50.0]);
        let spread = Spread::of(&Sample::of(values)).unwrap();
        assert_eq!(spread.whiskers, [1.0, 9.0]);
        assert_eq!(spread.outliers, [-50.0, 100.0]);
        assert_eq!(spread.hidden, 0);
        let many = (0..1000).map(|n| if n < 100 { f64::from(n) * 50.0 } else { 1.0 });
        let spread = Spread::of(&Sample::of(many)).unwrap();
        assert_eq!(spread.outliers.len() + spread.hidden, 100);
    }

    #[test]
    fn boxes_reproduce() {
        let chart = BoxChart::new("activations")
            .x("value")
            .sample("layer 0", [0.0, 1.0, 2.0, 3.0, 12.0, f64::NAN])
            .sample("<layer 1>", [1.0, 1.5, 2.0]);
        let figure = chart.figure();
        assert!(
            figure.alt().contains("1 NaN is not drawn of layer 0"),
            "{}",
            figure.alt()
        );
        insta::assert_snapshot!(figure.to_svg());
        insta::assert_snapshot!(figure.to_text());
    }

    #[test]
    fn odd_samples_are_drawn() {
        let mut many = BoxChart::new("many");
        for n in 0..100 {
            many = many.sample(&format!("s{n}"), (0..1000).map(|v| f64::from(v * v)));
        }
        for chart in [
            BoxChart::new("none"),
            BoxChart::new("empty").sample("a", []),
            BoxChart::new("one").sample("a", [3.0]),
            many,
        ] {
            let figure = chart.figure();
            assert!(figure.to_svg().len() < 60_000, "{}", figure.to_svg().len());
            assert!(!figure.alt().contains("cannot"), "{}", figure.alt());
        }
    }
}
