//! Empirical distribution functions: which part of the values is at most so large.

use super::line::LineChart;
use super::sample::{Sample, table};
use crate::figure::number::short;
use crate::figure::picture::Figure;
use crate::figure::show::Show;
use crate::figure::table::aligned;

/// As many steps as a line has; a larger sample is drawn through as many of its quantiles.
const MOST_STEPS: usize = 200;

/// For each of some samples the part of it that is at most so large, such as latencies with their
/// tails.
///
/// ```
/// use lessons::figure::Ecdf;
/// use lessons::prelude::*;
///
/// let chart = Ecdf::new("latency").x("ms").sample("CPU", (1..=100).map(f64::from));
/// assert_eq!(chart.figure().alt(), "ECDF latency: half of CPU is at most 50.5, 99 % at most 99.01.");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ecdf {
    title: String,
    name: String,
    samples: Vec<(String, Sample)>,
    log: bool,
}

impl Ecdf {
    pub fn new(title: &str) -> Ecdf {
        Ecdf {
            title: title.to_owned(),
            name: "value".to_owned(),
            samples: Vec::new(),
            log: false,
        }
    }

    /// Names what is measured, with its unit.
    pub fn x(mut self, name: &str) -> Ecdf {
        self.name = name.to_owned();
        self
    }

    /// Makes the axis of the values logarithmic; values that are not above zero are then left out.
    pub fn log_x(mut self) -> Ecdf {
        self.log = true;
        self
    }

    /// Adds a line.
    pub fn sample(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> Ecdf {
        self.samples.push((name.to_owned(), Sample::of(values)));
        self
    }

    fn words(&self) -> String {
        let of = |(name, sample): &(String, Sample)| {
            let quantile = |part| sample.quantile(part).map(|value| short(value, 4));
            let mut words = match (quantile(0.5), quantile(0.99)) {
                (Some(half), Some(most)) => {
                    format!("half of {name} is at most {half}, 99 % at most {most}")
                }
                _ => format!("{name} has no finite value"),
            };
            if let Some(left_out) = sample.left_out() {
                words.push_str(&format!(" ({left_out})"));
            }
            let low = sample.sorted.partition_point(|value| *value <= 0.0);
            if self.log && low > 0 {
                words.push_str(&format!(" ({low} not above zero not drawn)"));
            }
            words
        };
        match self.samples.as_slice() {
            [] => "no samples.".to_owned(),
            samples => format!("{}.", samples.iter().map(of).collect::<Vec<_>>().join("; ")),
        }
    }
}

/// The corners of the steps.
fn steps(sample: &Sample) -> Vec<(f64, f64)> {
    let count = sample.sorted.len();
    if count > MOST_STEPS {
        let part = |step: usize| step as f64 / MOST_STEPS as f64;
        let at = |step| Some((sample.quantile(part(step))?, part(step)));
        return (0..=MOST_STEPS).filter_map(at).collect();
    }
    let part = |step: usize| step as f64 / count as f64;
    let values = sample.sorted.iter().enumerate();
    values
        .flat_map(|(step, value)| [(*value, part(step)), (*value, part(step + 1))])
        .collect()
}

impl Show for Ecdf {
    fn figure(&self) -> Figure {
        let mut chart = LineChart::new(&self.title)
            .x(&self.name)
            .y("part of the values")
            .finding(&self.words())
            .kind("ECDF");
        if self.log {
            chart = chart.log_x();
        }
        let greatest = self
            .samples
            .iter()
            .filter_map(|(_, sample)| sample.greatest());
        let greatest = greatest.fold(f64::NEG_INFINITY, f64::max);
        for (name, sample) in &self.samples {
            let mut steps = steps(sample);
            // From its greatest value on, all of a sample is at most so large.
            if !steps.is_empty() {
                steps.push((greatest, 1.0));
            }
            chart = chart.line(name, steps);
        }
        let named: Vec<(String, &Sample)> = self
            .samples
            .iter()
            .map(|(name, sample)| (name.clone(), sample))
            .collect();
        chart.twin(aligned(&table(&named))).figure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_rise_from_zero_to_one() {
        for count in [1, 3, 200, 201, 100_000] {
            let sample = Sample::of((0..count).map(f64::from));
            let steps = steps(&sample);
            assert_eq!(steps[0].1, 0.0);
            assert_eq!(steps[steps.len() - 1], (f64::from(count - 1), 1.0));
            assert!(steps.is_sorted());
            assert!(steps.len() <= 2 * MOST_STEPS);
        }
    }

    #[test]
    fn samples_are_compared_in_words() {
        let chart = Ecdf::new("latency")
            .x("ms")
            .log_x()
            .sample("CPU", [1.0, 2.0, 3.0, 0.0, f64::NAN])
            .sample("none", [f64::INFINITY]);
        let figure = chart.figure();
        assert_eq!(
            figure.alt(),
            "ECDF latency: half of CPU is at most 1.5, 99 % at most 2.97 (1 NaN is not drawn) \
             (1 not above zero not drawn); none has no finite value (1 infinite is not drawn)."
        );
        assert!(figure.to_text().contains("median"), "{figure}");
        assert!(Ecdf::new("empty").figure().alt().contains("no samples"));
    }
}
