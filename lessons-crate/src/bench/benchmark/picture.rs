//! A report as a picture: lines over sizes where one size varies, else a row for each shape.

use super::report::{BenchReport, CaseReport};
use super::shape::CaseShape;
use crate::bench::compare::Row;
use crate::bench::measurement::{Measurement, seconds};
use crate::figure::{Figure, IntervalChart, LineChart, Show};

const MICROSECONDS: f64 = 1e6;
/// From this many sizes on they are lines.
const LINES: usize = 3;
/// What the axis of times says.
const TIMES: &str = "µs a run (median, 95 % interval)";
/// As many warnings as stand in a finding.
const MOST_WARNINGS: usize = 2;

/// Medians with their 95 % intervals. Where one size alone varies, from shape to shape, they are lines over
/// it, both axes logarithmic, and where ours changes places with another is marked; else rows.
impl Show for BenchReport {
    fn figure(&self) -> Figure {
        let finding = format!("{}.", self.finding().join("; "));
        match self.sizes() {
            Some((label, sizes)) => self.lines(&label, &sizes).finding(&finding).figure(),
            None => self.rows().finding(&finding).figure(),
        }
    }
}

impl BenchReport {
    fn lines(&self, label: &str, sizes: &[usize]) -> LineChart {
        let mut chart = LineChart::new(&self.name).x(label).y(TIMES).log_x().log_y();
        for (index, (name, _)) in self.engines.iter().enumerate() {
            let points = self.cases.iter().zip(sizes).filter_map(|(case, size)| {
                let (median, interval) = value(case.comparison.rows.get(index)?).ok()?;
                Some((*size as f64, median, interval))
            });
            chart = chart.intervals(name, points);
        }
        for crossover in self.crossovers() {
            chart = chart.crossing(&crossover.faster, &crossover.slower);
        }
        chart
    }

    fn rows(&self) -> IntervalChart {
        let mut chart = IntervalChart::new(&self.name).x(TIMES).log_x();
        for case in &self.cases {
            for row in &case.comparison.rows {
                chart = chart.row(&case.shape, &row.name, value(row));
            }
        }
        chart
    }

    /// The name of an axis, and the size of each shape on it, where one size alone varies.
    fn sizes(&self) -> Option<(String, Vec<usize>)> {
        let shapes = self.cases.iter().map(|case| case.shape.parse().ok());
        let shapes: Vec<CaseShape> = shapes.collect::<Option<_>>()?;
        let first = shapes.first()?.dims();
        if shapes.len() < LINES || shapes.iter().any(|it| it.shortest().is_some()) {
            return None;
        }
        let same_rank = shapes.iter().all(|shape| shape.dims().len() == first.len());
        let varies = |axis: &usize| shapes.iter().any(|it| it.dims()[*axis] != first[*axis]);
        let axes: Vec<usize> = match same_rank {
            true => (0..first.len()).filter(varies).collect(),
            false => return None,
        };
        let [axis] = axes[..] else {
            return None;
        };
        let mut sizes: Vec<usize> = shapes.iter().map(|shape| shape.dims()[axis]).collect();
        let dims = first.iter().enumerate().map(|(at, dim)| match at == axis {
            true => "n".to_owned(),
            false => dim.to_string(),
        });
        let dims: Vec<String> = dims.collect();
        let label = match first.len() {
            1 => "n".to_owned(),
            _ => format!("n, of the shape {}", dims.join("x")),
        };
        let sizes_of_cases = sizes.clone();
        sizes.sort_unstable();
        sizes.dedup();
        (sizes.len() == sizes_of_cases.len()).then_some((label, sizes_of_cases))
    }

    /// What there is to see, in words.
    fn finding(&self) -> Vec<String> {
        let threads = match self.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        let mut finding = vec![format!("{threads} of {}", self.machine.cpu)];
        for (index, (name, loaded)) in self.engines.iter().enumerate() {
            if let Err(error) = loaded {
                finding.push(format!("{name} failed: {error}"));
                continue;
            }
            let known = self.cases.iter().filter_map(|case| {
                let (median, _) = value(case.comparison.rows.get(index)?).ok()?;
                Some(format!(
                    "{} at {}",
                    seconds(median / MICROSECONDS),
                    case.shape
                ))
            });
            let known: Vec<String> = known.collect();
            finding.push(match known.as_slice() {
                [] => format!("{name}: no times"),
                [one] => format!("{name}: {one}"),
                [first, .., last] => format!("{name}: {first}, {last}"),
            });
            finding.extend(self.cases.iter().filter_map(|case| differs(case, index)));
        }
        finding.extend(self.crossovers().iter().map(ToString::to_string));
        let warnings = self.all_warnings();
        let shown = warnings.iter().take(MOST_WARNINGS);
        finding.extend(shown.map(|text| format!("warning: {text}")));
        if warnings.len() > MOST_WARNINGS {
            let more = warnings.len() - MOST_WARNINGS;
            let plural = if more == 1 { "" } else { "s" };
            finding.push(format!("{more} more warning{plural}"));
        }
        finding
    }
}

/// Median and interval in microseconds, or in a word why there is none to show: the speed of another answer
/// is nothing.
fn value(row: &Row) -> Result<(f64, [f64; 2]), &'static str> {
    if row.difference.is_some_and(|difference| !difference.agrees) {
        return Err("another result");
    }
    let time: &Measurement = row.time.as_ref().map_err(|_| "failed")?;
    let interval = time.interval();
    Ok((
        time.median() * MICROSECONDS,
        [interval.low, interval.high].map(|end| end * MICROSECONDS),
    ))
}

/// The sentence of a row that is not drawn.
fn differs(case: &CaseReport, row: usize) -> Option<String> {
    let row = case.comparison.rows.get(row)?;
    match (value(row), &row.time) {
        (Ok(_), _) => None,
        (Err(_), Err(error)) => Some(format!("{} failed at {}: {error}", row.name, case.shape)),
        (Err(word), Ok(_)) => Some(format!("{} gives {word} at {}", row.name, case.shape)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::benchmark::made_up::report;

    const SLOW_START: &[(f64, bool)] = &[(1e-5, true), (1.1e-5, true), (1.2e-5, true)];
    const STEEP: &[(f64, bool)] = &[(1e-6, true), (1e-5, true), (1e-4, true)];

    #[test]
    fn one_size_that_varies_makes_lines_whose_crossing_is_marked() {
        let shapes = ["1x4x2", "1x40x2", "1x400x2"];
        let figure = report(&shapes, &[("ours", STEEP), ("gpu", SLOW_START)]).figure();
        assert!(
            figure.alt().starts_with("Line chart test: 1 thread of "),
            "{}",
            figure.alt()
        );
        for says in [
            "ours: 1.00 µs at 1x4x2, 100 µs at 1x400x2",
            "gpu is faster than ours from 1x400x2 on",
        ] {
            assert!(figure.alt().contains(says), "{}", figure.alt());
        }
        let svg = figure.to_svg();
        assert!(svg.contains("n, of the shape 1xnx2") && svg.contains("cross near 4"));
    }

    #[test]
    fn shapes_that_differ_in_more_make_rows() {
        for (shapes, times) in [
            (&["1x4", "1x40", "8x40"][..], STEEP),
            (&["1x4", "1x40", "4x4-40"], STEEP),
            (&["4", "40", "1x40"], STEEP),
            (&["4", "40", "40"], STEEP),
            (&["4", "40"], STEEP),
        ] {
            let figure = report(shapes, &[("ours", times)]).figure();
            assert!(
                figure.alt().starts_with("Interval chart"),
                "{}",
                figure.alt()
            );
            for shape in shapes {
                assert!(figure.to_svg().contains(&format!(">{shape}<")), "{shape}");
            }
        }
    }

    #[test]
    fn what_failed_or_differs_is_said_and_not_drawn() {
        let shapes = ["4", "40", "400"];
        let bad = &[(1e-6, true), (-1.0, true), (1e-6, false)];
        let mut of_two = report(&shapes, &[("ours", STEEP), ("bad", bad)]);
        let figure = of_two.figure();
        for says in [
            "bad failed at 40: out of memory",
            "bad gives another result at 400",
        ] {
            assert!(figure.alt().contains(says), "{}", figure.alt());
        }
        of_two.cases[0].shape = "4x4".to_owned();
        let svg = of_two.figure().to_svg().to_owned();
        assert!(svg.contains(">failed<") && svg.contains(">another result<"));
        of_two.engines[1].1 = Err("no driver".to_owned());
        of_two.warnings = ["a", "b", "c"].map(str::to_owned).to_vec();
        let figure = of_two.figure();
        for says in ["bad failed: no driver", "warning: b; 1 more warning;"] {
            assert!(figure.alt().contains(says), "{}", figure.alt());
        }
    }
}
