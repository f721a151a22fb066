//! Several implementations of the same thing, timed in turns, with their answers compared.

use std::fmt;
use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::conditions::Conditions;
use super::difference::{Difference, Numbers, guarded};
use super::error::BenchError;
use super::measurement::{Budget, Measurement, Sampler, seconds};

/// An implementation that waits to be run on the input.
pub(super) type Work<'a> = Box<dyn FnMut() -> crate::Result<Tensor> + 'a>;

/// Implementations that will be compared; made by [`compare`].
pub struct Contest<'a, I: ?Sized> {
    title: String,
    input: &'a I,
    works: Vec<(String, Work<'a>)>,
    tolerance: f64,
    budget: Budget,
}

/// Compares implementations on one input, which each is handed by reference.
///
/// The first one is what the others are held against. All are warmed up, then timed in turns,
/// A B A B, so that a machine that slows down slows all of them. The device of each result is
/// synchronized within the time.
///
/// ```
/// use lessons::prelude::*;
///
/// let x = Tensor::new(&[-1f32, 0.0, 2.0], &Cpu)?;
/// let comparison = lessons::bench::compare("relu(2x + 1)", &x)
///     .with("three ops", |x| Ok(((x * 2.0)? + 1.0)?.relu()?))
///     .with("two ops", |x| Ok(x.affine(2.0, 1.0)?.relu()?))
///     .run()?;
/// assert_eq!(comparison.verdict(), "two ops agrees with three ops: yes");
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn compare<'a, I: ?Sized>(title: &str, input: &'a I) -> Contest<'a, I> {
    Contest {
        title: title.to_owned(),
        input,
        works: Vec::new(),
        tolerance: 1e-5,
        budget: Budget::default(),
    }
}

impl<'a, I: ?Sized> Contest<'a, I> {
    /// Adds an implementation.
    pub fn with(
        mut self,
        name: &str,
        mut work: impl FnMut(&I) -> crate::Result<Tensor> + 'a,
    ) -> Contest<'a, I> {
        let input = self.input;
        self.works
            .push((name.to_owned(), Box::new(move || work(input))));
        self
    }

    /// How far results may be apart, relative to the larger of 1 and the result; 1e-5 by default.
    pub fn tolerance(mut self, tolerance: f64) -> Contest<'a, I> {
        self.tolerance = tolerance;
        self
    }

    /// How much time to spend on each implementation.
    pub fn budget(mut self, budget: Budget) -> Contest<'a, I> {
        self.budget = budget;
        self
    }

    /// Runs and times them. An implementation that fails becomes a row that says so.
    ///
    /// # Errors
    /// When there is nothing to run.
    pub fn run(self) -> crate::Result<Comparison> {
        let Contest {
            title,
            works,
            tolerance,
            budget,
            ..
        } = self;
        Ok(run(title, works, tolerance, &budget)?)
    }
}

/// One implementation, as it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub name: String,
    /// The time, or why there is none.
    pub time: Result<Measurement, String>,
    /// What was measured before it failed, where that happened after the first samples.
    pub before_failing: Option<Measurement>,
    /// How far the result is from the first one's; `None` for the first itself, and where there is
    /// no result.
    pub difference: Option<Difference>,
}

/// Times of several implementations, and whether they agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub title: String,
    pub rows: Vec<Row>,
    /// What was allowed as difference.
    pub tolerance: f64,
    /// What spoiled the measurement as a whole: other load, a clock that changed.
    pub conditions: Vec<String>,
}

fn run(
    title: String,
    works: Vec<(String, Work<'_>)>,
    tolerance: f64,
    budget: &Budget,
) -> Result<Comparison, BenchError> {
    if works.is_empty() {
        return Err(BenchError::new(format!("{title} compares nothing"))
            .help(".with(\"name\", |input| …) before .run()"));
    }
    let conditions = Conditions::start();
    let rows = measure_all(works, tolerance, budget);
    Ok(Comparison {
        title,
        rows,
        tolerance,
        conditions: conditions.end(&[]),
    })
}

/// Runs each once, compares its result with the first one's, and times all in turns.
pub(super) fn measure_all(
    works: Vec<(String, Work<'_>)>,
    tolerance: f64,
    budget: &Budget,
) -> Vec<Row> {
    let mut first: Option<Result<Numbers, String>> = None;
    let mut rows = Vec::new();
    let mut timed: Vec<_> = works
        .into_iter()
        .map(|(name, mut work)| {
            let result = guarded(|| Numbers::of(&work()?));
            let difference = match (&first, &result) {
                (Some(Ok(first)), Ok(result)) => Some(result.compare(first, tolerance)),
                _ => None,
            };
            let error = result.as_ref().err().cloned();
            first.get_or_insert(result);
            rows.push(Row {
                name,
                time: Err(error.clone().unwrap_or_default()),
                before_failing: None,
                difference,
            });
            (error, move |calls: u32| guarded(|| time(&mut work, calls)))
        })
        .collect();
    let mut samplers: Vec<_> = timed
        .iter_mut()
        .map(|(error, work)| match error {
            None => Sampler::warm_up(budget, work).map_err(Failure::at_once),
            Some(error) => Err(Failure::at_once(error.clone())),
        })
        .collect();
    while samplers
        .iter()
        .any(|sampler| sampler.as_ref().is_ok_and(|sampler| !sampler.is_done()))
    {
        for sampler in &mut samplers {
            if let Ok(running) = sampler
                && !running.is_done()
                && let Err(error) = running.sample()
            {
                fail(sampler, error);
            }
        }
    }
    for (row, sampler) in rows.iter_mut().zip(samplers) {
        (row.time, row.before_failing) = outcome(sampler);
    }
    rows
}

/// Why there is no time, and what was measured before.
pub(super) struct Failure {
    error: String,
    before: Option<Measurement>,
}

impl Failure {
    /// Before any sample was taken.
    pub fn at_once(error: String) -> Failure {
        Failure {
            error,
            before: None,
        }
    }
}

/// A measurement that goes on, or has failed.
pub(super) type Running<'a, 'b> = Result<Sampler<'a, 'b, String>, Failure>;

/// Ends a measurement by a failure; its samples are kept.
pub(super) fn fail(sampler: &mut Running<'_, '_>, error: String) {
    let failed = std::mem::replace(sampler, Err(Failure::at_once(error)));
    if let (Ok(before), Err(failure)) = (failed, sampler) {
        let before = before.measurement();
        failure.before = (!before.samples().is_empty()).then_some(before);
    }
}

/// What became of a measurement: the time or why there is none, and what was measured before that.
pub(super) fn outcome(
    sampler: Running<'_, '_>,
) -> (Result<Measurement, String>, Option<Measurement>) {
    match sampler {
        Ok(sampler) => (Ok(sampler.measurement()), None),
        Err(failure) => (Err(failure.error), failure.before),
    }
}

/// Runs `work` a number of times and waits until its device is done.
fn time(work: &mut dyn FnMut() -> crate::Result<Tensor>, calls: u32) -> crate::Result<Duration> {
    let start = Instant::now();
    for call in 1..=calls {
        let result = work()?;
        if call == calls {
            result.device().synchronize()?;
        }
        std::hint::black_box(result);
    }
    Ok(start.elapsed())
}

/// A factor with three digits: `3.66×`.
pub(super) fn times(factor: f64) -> String {
    let digits = match factor {
        f if f < 9.995 => 2,
        f if f < 99.95 => 1,
        _ => 0,
    };
    format!("{factor:.digits$}×")
}

impl Comparison {
    /// Whether each agrees with the first, a line each. Holds no times, so it reads the same on
    /// every machine.
    pub fn verdict(&self) -> String {
        let Some((first, others)) = self.rows.split_first() else {
            return String::new();
        };
        let line = |row: &Row| {
            let answer = match (&row.difference, &row.time) {
                (Some(difference), Ok(_)) if difference.agrees => "yes".to_owned(),
                (Some(_), Ok(_)) => "no".to_owned(),
                (None, Ok(_)) => "unknown, since that one failed".to_owned(),
                (_, Err(error)) => format!("it failed: {error}"),
            };
            format!("{} agrees with {}: {answer}", row.name, first.name)
        };
        let mut lines: Vec<String> = others.iter().map(line).collect();
        if let Err(error) = &first.time {
            lines.insert(0, format!("{} failed: {error}", first.name));
        } else if others.is_empty() {
            lines.push(format!("{} stands alone", first.name));
        }
        lines.join("\n")
    }

    /// How many times faster than the first this row is, by medians. None where either failed or
    /// their results differ: the speed of a wrong answer is nothing.
    pub fn speed_up(&self, row: &Row) -> Option<f64> {
        let first = self.rows.first()?.time.as_ref().ok()?;
        if !row.difference?.agrees {
            return None;
        }
        Some(first.median() / row.time.as_ref().ok()?.median())
    }

    /// What makes the numbers worth less than they look, each once.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.conditions.clone();
        for row in &self.rows {
            let unequal = row.difference.and_then(|it| it.unequal());
            warnings.extend(unequal.map(|it| format!("{} computes {it}", row.name)));
            for warning in row.time.iter().flat_map(Measurement::warnings) {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }

    /// The cells of the table: name, median, p95, times the first, largest difference.
    pub(super) fn cells(&self) -> Vec<[String; 5]> {
        let cells = |row: &Row| {
            let name = row.name.clone();
            let difference = match &row.difference {
                None => "—".to_owned(),
                Some(difference) if difference.agrees => format!("{:.1e}", difference.largest),
                Some(difference) => format!("{:.1e}: differs", difference.largest),
            };
            let faster = match self.speed_up(row) {
                Some(faster) => times(faster),
                None => "—".to_owned(),
            };
            match &row.time {
                Ok(time) => [
                    name,
                    seconds(time.median()),
                    seconds(time.p95()),
                    faster,
                    difference,
                ],
                Err(error) => [name, error.clone(), "—".to_owned(), faster, difference],
            }
        };
        self.rows.iter().map(cells).collect()
    }
}

/// The head of the table that a comparison prints.
pub(super) const COLUMNS: [&str; 5] = ["", "median", "p95", "speed-up", "largest difference"];

/// The table with times.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)?;
        let mut rows = vec![COLUMNS.map(str::to_owned)];
        rows.extend(self.cells());
        let wide: Vec<usize> = (0..COLUMNS.len())
            .map(|column| {
                rows.iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in &rows {
            let cells = row.iter().zip(&wide).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, wide))| match column {
                    0 => format!("{cell:wide$}"),
                    _ => format!("{cell:>wide$}"),
                })
                .collect();
            write!(f, "\n  {}", cells.join("  "))?;
        }
        for warning in self.warnings() {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
