//! A line chart in words: where each line begins and ends, and which is the lower one.

use super::crossing::{Crossing, Relation};
use super::{LineChart, Point, Series, Style};
use crate::figure::diagram::count;
use crate::figure::number::short;
use crate::figure::table::aligned;

/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

impl LineChart {
    pub(super) fn words(&self) -> String {
        if let Some(finding) = &self.finding {
            return finding.clone();
        }
        let mut words: Vec<String> = self.series.iter().map(|series| self.of(series)).collect();
        words.extend(self.relations());
        let missing = self
            .series
            .iter()
            .map(|series| series.points.len())
            .sum::<usize>()
            - self.placed().count();
        if missing > 0 {
            let why = if self.log == [false, false] {
                "not finite"
            } else {
                "not finite, or not above zero"
            };
            words.push(format!("{} not drawn: {why}", count(missing, "point")));
        }
        if words.is_empty() {
            words.push("no series".to_owned());
        }
        format!("{}.", words.join("; "))
    }

    /// Where one series begins and ends.
    fn of(&self, series: &Series) -> String {
        let placed: Vec<_> = series
            .points
            .iter()
            .filter(|point| self.has_place(point))
            .collect();
        let [Some(first), Some(last)] = [placed.first(), placed.last()] else {
            return format!("{} has no points", series.name);
        };
        if series.style == Style::Points {
            let points = count(placed.len(), "point");
            let all = placed
                .iter()
                .take(4)
                .map(|point| format!("({}, {})", short(point.x, 4), short(point.y, 4)));
            return match placed.len() {
                ..=4 => format!(
                    "{}: {points}, {}",
                    series.name,
                    all.collect::<Vec<_>>().join(", ")
                ),
                _ => format!("{}: {points}", series.name),
            };
        }
        let end = |point: &Point| {
            let interval = point.interval.map_or(String::new(), |[least, greatest]| {
                format!(" ({} to {})", short(least, 3), short(greatest, 3))
            });
            format!("{} at {}{interval}", short(point.y, 3), short(point.x, 4))
        };
        format!("{} goes from {} to {}", series.name, end(first), end(last))
    }

    /// Which series is below which: of those that were asked for, or of the only two.
    fn relations(&self) -> Vec<String> {
        let say = |relation: Relation<'_>| match relation {
            Relation::Below { lower, upper } => {
                format!("{} is below {} everywhere", lower.name, upper.name)
            }
            Relation::Crossing(Crossing {
                lower,
                upper,
                from,
                at: [x, _],
            }) => format!(
                "{} is below {} from {} on (the lines cross near {})",
                lower.name,
                upper.name,
                short(from, 6),
                short(x, 2)
            ),
        };
        self.compared().into_iter().map(say).collect()
    }

    pub(super) fn text(&self) -> String {
        let mut xs: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.x))
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let xs = self.listed(&xs);
        let mut head = vec![if self.x.is_empty() {
            "x".to_owned()
        } else {
            self.x.clone()
        }];
        head.extend(self.series.iter().map(|series| series.name.clone()));
        let mut rows = vec![head];
        for x in &xs {
            let mut row = vec![short(*x, 4)];
            for series in &self.series {
                let point = series.points.iter().find(|point| point.x == *x);
                row.push(point.map_or(String::new(), cell));
            }
            rows.push(row);
        }
        aligned(&rows)
    }
}

impl LineChart {
    /// The places that the table lists: those of series of few points, and as many of the others, evenly
    /// spread, as there is room for.
    fn listed(&self, xs: &[f64]) -> Vec<f64> {
        let few = self
            .series
            .iter()
            .filter(|series| series.points.len() <= MOST_ROWS / 2);
        let few: Vec<f64> = few
            .flat_map(|series| series.points.iter().map(|point| point.x))
            .collect();
        let (kept, others): (Vec<f64>, Vec<f64>) = xs.iter().partition(|x| few.contains(x));
        let kept = match kept.len() {
            ..MOST_ROWS => kept,
            _ => Vec::new(),
        };
        let others = if kept.is_empty() { xs } else { &others };
        let step = others.len().div_ceil(MOST_ROWS - kept.len()).max(1);
        let mut listed: Vec<f64> = kept
            .into_iter()
            .chain(others.iter().copied().step_by(step))
            .collect();
        listed.sort_by(f64::total_cmp);
        listed
    }
}

fn cell(point: &Point) -> String {
    let y = short(point.y, 4);
    match point.interval {
        Some([least, greatest]) => format!("{y} ({} to {})", short(least, 4), short(greatest, 4)),
        None => y,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::show::Show;

    /// Few points beside a long line are listed, all of them.
    #[test]
    fn the_table_lists_the_series_of_few_points() {
        let chart = LineChart::new("both")
            .function("line", 0.0..1.0, |x| x)
            .points("inputs", [(0.123, 1.0), (0.4567, 2.0), (0.9, 3.0)]);
        let figure = chart.figure();
        let text = figure.to_text();
        for x in ["0.123", "0.4567", "0.9"] {
            assert!(
                text.lines().any(|line| line.trim_start().starts_with(x)),
                "{text}"
            );
        }
        assert!(text.lines().count() <= MOST_ROWS + 6, "{text}");
        let alt = figure.alt();
        assert!(
            alt.ends_with("inputs: 3 points, (0.123, 1), (0.4567, 2), (0.9, 3)."),
            "{alt}"
        );
    }

    /// Where two lines are one, the lower one is seen on both sides of the upper one.
    #[test]
    fn a_line_under_another_one_is_wider() {
        let wide = |other: fn(f64) -> f64| {
            let chart = LineChart::new("l").function("a", 0.0..1.0, |x| x.max(0.5));
            let svg = chart
                .function("b", 0.0..1.0, other)
                .figure()
                .to_svg()
                .to_owned();
            svg.contains("stroke-width=\"5\"")
        };
        assert!(wide(|x| x) && !wide(|x| x * 2.0));
        // Points in common, one of them twice, are no stretch.
        let chart = LineChart::new("l").line("a", [(0.0, 0.0), (1.0, 1.0), (1.0, 1.0)]);
        let chart = chart.line("b", [(0.0, 0.0), (0.5, 1.0), (1.0, 1.0)]);
        assert!(!chart.figure().to_svg().contains("stroke-width=\"5\""));
    }
}
