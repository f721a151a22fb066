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
        let mut chart = LineChart::new(&self.title())
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
    /// The graph and its symbol; whose times were recorded elsewhere, and when.
    fn title(&self) -> String {
        let title = format!("{} by {}", self.graph().name(), self.symbol);
        match &self.recorded {
            None => title,
            Some(run) => format!(
                "{title}; recorded: {}, in a machine with {}, {}",
                run.gpu, run.machine.cpu, run.date
            ),
        }
    }

    /// What the chart shows, in words.
    fn finding(&self) -> Vec<String> {
        let threads = match self.machine.threads {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        let mut finding = vec![format!("{threads} of {}", self.machine.cpu)];
        let ends = |points: &[(usize, f64)]| Some((*points.first()?, *points.last()?));
        for (name, points) in self.lines() {
            finding.extend(ends(&points).map(|((small, fast), (large, slow))| {
                format!(
                    "{name}: {} at {small}, {} at {large}",
                    seconds(fast),
                    seconds(slow)
                )
            }));
        }
        finding.extend(self.failures());
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

    /// Why there are no times: a sentence for a device that failed everywhere alike, else one for each size.
    pub(super) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for series in &self.series {
            let failed = series.points.iter().filter_map(|point| {
                let error = point.time.as_ref().err()?;
                Some((point.size, error))
            });
            let failed: Vec<(usize, &String)> = failed.collect();
            match failed.as_slice() {
                [(_, first), rest @ ..]
                    if failed.len() == self.sizes.len()
                        && rest.iter().all(|(_, error)| error == first) =>
                {
                    failures.push(format!("{} failed: {first}", series.name));
                }
                failed => failures.extend(
                    failed
                        .iter()
                        .map(|(size, error)| format!("{} failed at {size}: {error}", series.name)),
                ),
            }
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::recorded::{RecordedPoint, RecordedRun, RecordedSeries};
    use crate::bench::{Budget, Machine, compare, over_sizes};
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
        let run = RecordedRun::new(&graph, "n", "Example, driver 1", "2026-01-01", vec![series]);
        scaling.recorded = Some(run);
        assert_eq!(rings(&scaling), 1);
        let figure = scaling.figure();
        let cpu = Machine::here().cpu;
        assert_eq!(
            figure.title(),
            format!(
                "double by n; recorded: Example, driver 1, in a machine with {cpu}, 2026-01-01"
            )
        );
        assert!(
            figure.alt().contains("cuda:0, recorded: 1.00 s at 1"),
            "{}",
            figure.alt()
        );
        assert!(figure.to_svg().contains(">cuda:0, recorded<"));
    }

    #[test]
    fn a_device_that_fails_is_in_the_words() {
        let graph = Graph::build("double", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", 2 * x + x);
        })
        .unwrap();
        let mut scaling = over_sizes(&graph, &Weights::new(), &[1, 100]).unwrap();
        scaling.series[1].name = "cuda:0".to_owned();
        scaling.series[1].points[1].time = Err("out of memory".to_owned());
        let alt = |scaling: &Scaling| scaling.figure().alt().to_owned();
        assert!(alt(&scaling).contains("cuda:0 failed at 100: out of memory"));
        scaling.series[1].points[0].time = Err("out of memory".to_owned());
        assert!(alt(&scaling).contains("cuda:0 failed: out of memory"));
        assert!(!alt(&scaling).contains("cuda:0 failed at"));
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
