//! Horizontal bars: one quantity for each of several names, such as the probabilities of classes.

use crate::figure::number::short;
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const ROW: f64 = 30.0;
const BAR: f64 = 20.0;
const LONGEST: f64 = 380.0;
const NAME_WIDEST: f64 = 260.0;
const SIZE: f64 = 12.0;
/// As many bars as are drawn.
const MOST: usize = 40;

/// Bars from zero, each with its name and value.
///
/// ```
/// use lessons::figure::BarChart;
/// use lessons::prelude::*;
///
/// let bars = BarChart::probabilities("sentiment", [("NEGATIVE", 0.02), ("POSITIVE", 0.98)]);
/// assert_eq!(bars.figure().alt(), "Bar chart sentiment: POSITIVE is the most likely, at 98.0 %.");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BarChart {
    title: String,
    unit: String,
    bars: Vec<(String, f64)>,
    probabilities: bool,
    finding: Option<String>,
}

impl BarChart {
    /// Bars with a unit, such as `ms`.
    pub fn new<N: Into<String>>(
        title: &str,
        unit: &str,
        bars: impl IntoIterator<Item = (N, f64)>,
    ) -> BarChart {
        BarChart {
            title: title.to_owned(),
            unit: unit.to_owned(),
            bars: bars
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
            probabilities: false,
            finding: None,
        }
    }

    /// Bars from 0 to 1, written as percentages.
    pub fn probabilities<N: Into<String>>(
        title: &str,
        bars: impl IntoIterator<Item = (N, f64)>,
    ) -> BarChart {
        BarChart {
            probabilities: true,
            ..BarChart::new(title, "", bars)
        }
    }

    /// Says what the bars show, in a sentence, in place of the greatest.
    pub fn finding(mut self, finding: &str) -> BarChart {
        self.finding = Some(finding.to_owned());
        self
    }

    fn label(&self, value: f64) -> String {
        match (self.probabilities && value.is_finite(), self.unit.as_str()) {
            (true, _) => format!("{:.1} %", value * 100.0),
            (false, "") => short(value, 4),
            (false, unit) => format!("{} {unit}", short(value, 4)),
        }
    }

    fn words(&self) -> String {
        if let Some(finding) = &self.finding {
            return finding.clone();
        }
        let finite = || self.bars.iter().filter(|bar| bar.1.is_finite());
        let Some(most) = finite().max_by(|a, b| a.1.total_cmp(&b.1)) else {
            return match self.bars.len() {
                0 => "no bars to compare.".to_owned(),
                _ => "no bar is finite.".to_owned(),
            };
        };
        let Some(least) = finite().min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return "no bars to compare.".to_owned();
        };
        let mut words = match self.probabilities {
            true => format!("{} is the most likely, at {}.", most.0, self.label(most.1)),
            false if self.bars.len() == 1 => format!("{} is {}.", most.0, self.label(most.1)),
            false => format!(
                "{} is the greatest, {}, and {} the least, {}.",
                most.0,
                self.label(most.1),
                least.0,
                self.label(least.1)
            ),
        };
        let broken: Vec<&str> = self
            .bars
            .iter()
            .filter(|bar| !bar.1.is_finite())
            .map(|bar| bar.0.as_str())
            .collect();
        if !broken.is_empty() {
            words.push_str(&format!(
                " Not finite: {}",
                broken[..broken.len().min(3)].join(", ")
            ));
            match broken.len() {
                ..=3 => words.push('.'),
                more => words.push_str(&format!(" and {} more.", more - 3)),
            }
        }
        if self.bars.len() > MOST {
            words.push_str(&format!(" The first {MOST} of {} bars.", self.bars.len()));
        }
        words
    }
}

impl Show for BarChart {
    fn figure(&self) -> Figure {
        let bars = &self.bars[..self.bars.len().min(MOST)];
        let names = bars.iter().map(|bar| width(&bar.0, SIZE, Face::Sans));
        let left = names.fold(0.0, f64::max).min(NAME_WIDEST) + 10.0;
        let finite = || {
            bars.iter()
                .map(|bar| bar.1)
                .filter(|value| value.is_finite())
        };
        let greatest = if self.probabilities {
            1.0
        } else {
            finite().fold(0.0, f64::max)
        };
        let least = finite().fold(0.0, f64::min);
        let span = if greatest > least {
            greatest - least
        } else {
            1.0
        };
        let zero = left + -least / span * LONGEST;
        let mut svg = Svg::new();
        let likely = finite().fold(f64::NEG_INFINITY, f64::max);
        for (index, (name, value)) in bars.iter().enumerate() {
            let y = index as f64 * ROW;
            let middle = y + BAR / 2.0 + 4.0;
            let name = fit(name, NAME_WIDEST, SIZE, Face::Sans);
            svg.add(
                svg::text(left - 10.0, middle, &name)
                    .end()
                    .fill(palette::INK),
            );
            let long = if value.is_finite() {
                value / span * LONGEST
            } else {
                0.0
            };
            // Probabilities are parts of a whole, which is drawn behind them.
            if self.probabilities {
                svg.add(
                    svg::rect(left, y, LONGEST, BAR)
                        .round(3.0)
                        .fill(palette::HULL),
                );
            }
            let color = match self.probabilities && *value < likely {
                true => palette::LINE,
                false => palette::SERIES[0],
            };
            let label = self.label(*value);
            let bar = svg::rect(zero.min(zero + long), y, long.abs(), BAR).fill(color);
            svg.add(bar.round(3.0).tip(&format!("{name}: {label}")));
            let at = if self.probabilities {
                left + LONGEST
            } else {
                zero + long.max(0.0)
            };
            svg.add(
                svg::text(at + 8.0, middle, &label)
                    .mono()
                    .fill(palette::INK),
            );
        }
        let labels = bars
            .iter()
            .map(|bar| width(&self.label(bar.1), SIZE, Face::Mono));
        let wide = left + LONGEST + 8.0 + labels.fold(0.0, f64::max);
        let mut rows = vec![vec![
            String::new(),
            if self.unit.is_empty() {
                "value".into()
            } else {
                self.unit.clone()
            },
        ]];
        let shown = self.bars.iter().take(MOST);
        rows.extend(shown.map(|(name, value)| vec![name.clone(), self.label(*value)]));
        let words = Words {
            title: self.title.clone(),
            kind: "Bar chart",
            finding: self.words(),
            text: aligned(&rows),
        };
        Figure::new(words, svg, wide, bars.len() as f64 * ROW - (ROW - BAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_named() {
        let alt = |bars: &[(&str, f64)]| {
            BarChart::new("b", "", bars.to_vec())
                .figure()
                .alt()
                .to_owned()
        };
        let two = alt(&[
            ("a", 1.0),
            ("b", f64::NAN),
            ("c", 2.0),
            ("d", f64::INFINITY),
        ]);
        assert!(two.ends_with("a the least, 1. Not finite: b, d."), "{two}");
        let many = [("n", f64::NAN); 5];
        assert!(
            alt(&[&many[..], &[("a", 1.0), ("b", 2.0)]].concat()).ends_with("n, n, n and 2 more.")
        );
        assert!(alt(&many).ends_with("no bar is finite."), "{}", alt(&many));
    }

    #[test]
    fn odd_values_are_drawn() {
        let none: [(&str, f64); 0] = [];
        assert!(
            BarChart::new("none", "ms", none)
                .figure()
                .alt()
                .contains("no bars")
        );
        let odd = BarChart::new(
            "odd",
            "",
            [
                ("a", -1.0),
                ("b", f64::NAN),
                ("c", f64::INFINITY),
                ("d", 2.0),
            ],
        );
        let figure = odd.figure();
        assert!(
            figure
                .alt()
                .contains("d is the greatest, 2, and a the least, -1")
        );
        assert!(figure.to_svg().contains("NaN"));
        let zeros = BarChart::probabilities("zero", [("a", 0.0), ("<b>", 0.0)]).figure();
        assert!(!zeros.to_svg().contains("<b>"));
    }
}
