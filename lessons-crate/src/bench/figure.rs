//! Pictures of measurements: bars for a comparison, lines for times over sizes.

use super::compare::{Comparison, times};
use super::measurement::seconds;
use super::over_sizes::Scaling;
use crate::figure::{BarChart, Figure, LineChart, Show};

const MICROSECONDS: f64 = 1e6;

/// Bars of the medians of all that gave the right answer.
impl Show for Comparison {
    fn figure(&self) -> Figure {
        let right = self
            .rows
            .iter()
            .filter(|row| row.difference.is_none_or(|difference| difference.agrees));
        let bars: Vec<(String, f64)> = right
            .filter_map(|row| {
                Some((
                    row.name.clone(),
                    row.time.as_ref().ok()?.median() * MICROSECONDS,
                ))
            })
            .collect();
        let speed_ups = self.rows.iter().filter_map(|row| {
            let faster = self.speed_up(row)?;
            Some(format!(
                "{} is {} as fast as {}",
                row.name,
                times(faster),
                self.rows[0].name
            ))
        });
        let mut finding: Vec<String> = speed_ups.collect();
        finding.extend(
            self.verdict()
                .lines()
                .filter(|line| !line.ends_with(": yes"))
                .map(str::to_owned),
        );
        finding.extend(self.warnings());
        BarChart::new(&self.title, "µs", bars)
            .finding(&format!("{}.", finding.join("; ")))
            .figure()
    }
}

/// One line a device over sizes, both axes logarithmic.
impl Show for Scaling {
    fn figure(&self) -> Figure {
        let mut chart = LineChart::new(&format!(
            "{} by {}, on {} with {} threads",
            self.graph().name(),
            self.symbol,
            self.machine.cpu,
            self.machine.threads
        ))
        .x(&self.symbol)
        .y("µs a run (median)")
        .log_x()
        .log_y();
        for (name, points) in self.lines() {
            let points: Vec<(f64, f64)> = points
                .into_iter()
                .map(|(size, time)| (size as f64, time * MICROSECONDS))
                .collect();
            chart = chart.series(&name, points);
        }
        // From where on a GPU pays off.
        for (name, _) in self
            .lines()
            .iter()
            .filter(|(name, _)| !name.starts_with("CPU"))
        {
            chart = chart.crossing(name, "CPU");
        }
        chart
            .finding(&format!("{}.", self.finding().join("; ")))
            .figure()
    }
}

impl Scaling {
    /// What the chart shows, in words.
    fn finding(&self) -> Vec<String> {
        let mut finding = Vec::new();
        let ends = |points: &[(usize, f64)]| Some((*points.first()?, *points.last()?));
        for (name, points) in self.lines() {
            finding.push(match ends(&points) {
                Some(((small, fast), (large, slow))) => format!(
                    "{name}: {} at {small}, {} at {large}",
                    seconds(fast),
                    seconds(slow)
                ),
                None => format!("{name}: no times"),
            });
        }
        for series in self.series.iter().skip(1) {
            let other = if series.name == "CPU" {
                "CPU op by op"
            } else {
                "CPU"
            };
            match self.crossover(&series.name, other) {
                Some(size) if self.sizes.first() == Some(&size) => {
                    finding.push(format!("{} beats {other} at all sizes", series.name));
                }
                Some(size) => finding.push(format!("{} beats {other} from {size} on", series.name)),
                None => {}
            }
        }
        finding.extend(self.note.clone());
        finding.extend(self.warnings());
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::recorded::{RecordedPoint, RecordedRun, RecordedSeries};
    use crate::bench::{Budget, compare, over_sizes};
    use crate::prelude::*;

    #[test]
    fn a_comparison_names_what_it_does_not_draw() {
        let x = Tensor::new(&[1f32], &Cpu).unwrap();
        let figure = compare("copies", &x)
            .budget(Budget::quick())
            .with("one", |x| Ok(x.clone()))
            .with("two", |x| Ok(x.copy()?))
            .with("three", |x| Ok(x.neg()?))
            .run()
            .unwrap()
            .figure();
        assert!(
            figure.alt().contains("two is ") && figure.alt().contains("three agrees with one: no")
        );
        assert!(!figure.to_svg().contains(">three<"));
    }

    #[test]
    fn where_a_gpu_pays_off_is_marked() {
        let graph = Graph::build("double", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", 2 * x + x);
        })
        .unwrap();
        let mut scaling = over_sizes(&graph, &Weights::new(), &[1, 100]).unwrap();
        scaling.series.retain(|series| series.device == Device::Cpu);
        scaling.recorded = None;
        let rings = |scaling: &Scaling| scaling.figure().to_svg().matches("cross near").count();
        assert_eq!(rings(&scaling), 0);
        // A second for one number, and next to nothing for a hundred.
        let point = |size, median| RecordedPoint {
            size,
            median,
            p95: median,
            samples: 1,
            agrees: true,
        };
        let series = RecordedSeries {
            name: "cuda:0".to_owned(),
            points: vec![point(1, 1.0), point(100, 1e-12)],
        };
        let run = RecordedRun::new(&graph, "n", "Example", "2026-01-01", vec![series]);
        scaling.recorded = Some(run);
        assert_eq!(rings(&scaling), 1);
    }

    #[test]
    fn a_scaling_draws_every_line_and_says_its_ends() {
        let graph = Graph::build("double", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", 2 * x + x);
        })
        .unwrap();
        let scaling = over_sizes(&graph, &Weights::new(), &[1, 100, 10_000]).unwrap();
        let figure = scaling.figure();
        for series in &scaling.series {
            assert!(figure.to_svg().contains(&series.name), "{}", series.name);
        }
        assert!(figure.alt().contains("at 10000"), "{}", figure.alt());
        assert_eq!(figure.alt().contains("docs/gpu.md"), scaling.note.is_some());
    }
}
