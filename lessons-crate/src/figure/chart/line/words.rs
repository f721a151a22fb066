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
            return format!("{}: {}", series.name, count(placed.len(), "point"));
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
                let point = series.points.iter().find(|point| point.x == *x);
                row.push(point.map_or(String::new(), cell));
            }
            rows.push(row);
        }
        aligned(&rows)
    }
}

fn cell(point: &Point) -> String {
    let y = short(point.y, 4);
    match point.interval {
        Some([least, greatest]) => format!("{y} ({} to {})", short(least, 4), short(greatest, 4)),
        None => y,
    }
}
