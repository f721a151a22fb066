//! Times one thing: warm-up until steady, then samples until there are enough.

use std::fmt;
use std::time::{Duration, Instant};

use super::statistics::{Interval, coefficient_of_variation, median_interval, quantile};
use crate::interrupt::check_point;

/// A sample shorter than this would measure the clock, so calls are timed several at a time.
const SHORTEST_SAMPLE: Duration = Duration::from_micros(20);
/// Warm-up is over when the medians of two windows of this many samples agree.
const WINDOW: usize = 5;
/// The same for what is so slow that there is no time for as many.
const FEW: usize = 2;
/// … within this share.
const STEADY: f64 = 0.1;
/// Times whose 95th percentile is more than so many medians are said to scatter.
const SCATTERED: f64 = 2.0;

/// How much time a measurement may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Warm up at least this long; at most four times as long where times do not settle.
    pub warm_up: Duration,
    /// Take samples at least this long.
    pub time: Duration,
    /// Take at least this many samples, however long it takes.
    pub min_samples: usize,
    /// Take no more than this many.
    pub max_samples: usize,
}

impl Default for Budget {
    /// Half a second in all for anything that takes less than 40 milliseconds.
    fn default() -> Budget {
        Budget {
            warm_up: Duration::from_millis(100),
            time: Duration::from_millis(400),
            min_samples: 10,
            max_samples: 10_000,
        }
    }
}

impl Budget {
    /// For many measurements in one cell: a tenth of the default's time.
    pub fn quick() -> Budget {
        Budget {
            warm_up: Duration::from_millis(10),
            time: Duration::from_millis(40),
            ..Budget::default()
        }
    }
}

/// The times of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Seconds a call, in the order in which they were measured.
    samples: Vec<f64>,
    /// How many calls each sample is the mean of.
    pub calls_per_sample: u32,
    /// The very first call, with cold caches.
    pub first: Duration,
    /// Whether times had settled before samples were taken.
    pub steady: bool,
}

/// Times a closure with the default [`Budget`]. What it returns is dropped outside of the time.
///
/// Work on a GPU is only begun when a call returns: synchronize the device in the closure, or use
/// [`compare`](super::compare), which does.
///
/// ```
/// let numbers: Vec<f32> = (0..1000).map(|n| n as f32).collect();
/// let time = lessons::bench::measure(|| numbers.iter().sum::<f32>());
/// assert!(time.min() <= time.median() && time.median() <= time.p95());
/// println!("{time}");
/// ```
pub fn measure<T>(work: impl FnMut() -> T) -> Measurement {
    measure_with(&Budget::default(), work)
}

/// [`measure`] with a budget of one's own.
pub fn measure_with<T>(budget: &Budget, mut work: impl FnMut() -> T) -> Measurement {
    Sampler::warm_up(budget, &mut |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            std::hint::black_box(work());
        }
        Ok::<_, std::convert::Infallible>(start.elapsed())
    })
    .and_then(Sampler::finish)
    .unwrap_or_else(|never| match never {})
}

/// Runs a number of calls and gives the time they took together.
type Timed<'a, E> = dyn FnMut(u32) -> Result<Duration, E> + 'a;

/// A measurement that is being made, one sample at a time.
pub(super) struct Sampler<'a, 'b, E> {
    budget: Budget,
    work: &'a mut Timed<'b, E>,
    calls: u32,
    first: Duration,
    steady: bool,
    samples: Vec<f64>,
    spent: Duration,
}

impl<'a, 'b, E> Sampler<'a, 'b, E> {
    /// Calls for the first time, chooses how many calls make a sample, and warms up.
    pub fn warm_up(budget: &Budget, work: &'a mut Timed<'b, E>) -> Result<Self, E> {
        let first = work(1)?;
        let again = work(1)?.max(Duration::from_nanos(1));
        let calls = SHORTEST_SAMPLE.as_nanos().div_ceil(again.as_nanos());
        let mut sampler = Sampler {
            budget: *budget,
            work,
            calls: u32::try_from(calls).unwrap_or(1).clamp(1, 100_000),
            first,
            steady: false,
            samples: Vec::new(),
            spent: Duration::ZERO,
        };
        let start = Instant::now();
        while !budget.warm_up.is_zero() {
            sampler.sample()?;
            let (samples, elapsed) = (&sampler.samples, start.elapsed());
            if elapsed >= budget.warm_up && is_steady(samples, WINDOW) {
                sampler.steady = true;
                break;
            }
            if elapsed >= 4 * budget.warm_up && samples.len() >= 2 * FEW {
                let slow = samples.len() < 2 * WINDOW;
                sampler.steady = slow && is_steady(samples, FEW);
                break;
            }
        }
        sampler.samples.clear();
        sampler.spent = Duration::ZERO;
        Ok(sampler)
    }

    /// Takes one sample.
    pub fn sample(&mut self) -> Result<(), E> {
        check_point();
        let time = (self.work)(self.calls)?;
        self.spent += time;
        self.samples
            .push(time.as_secs_f64() / f64::from(self.calls));
        Ok(())
    }

    /// Takes a turn among others that are timed: a sample that is not kept, since the others have had
    /// the caches and the threads rest, and then samples for `time`, at least one.
    pub fn turn(&mut self, time: Duration) -> Result<(), E> {
        // What takes as long as a turn by itself has warmed up by the time that it has begun.
        let last = self.samples.last().copied().unwrap_or(0.0) * f64::from(self.calls);
        if last < time.as_secs_f64() {
            (self.work)(self.calls)?;
        }
        let end = self.spent + time;
        loop {
            self.sample()?;
            if self.spent >= end || self.is_done() {
                return Ok(());
            }
        }
    }

    /// Whether there are enough samples.
    pub fn is_done(&self) -> bool {
        let count = self.samples.len();
        count >= self.budget.max_samples
            || (count >= self.budget.min_samples && self.spent >= self.budget.time)
    }

    /// Takes the samples that are still wanted.
    pub fn finish(mut self) -> Result<Measurement, E> {
        while !self.is_done() {
            self.sample()?;
        }
        Ok(self.measurement())
    }

    /// What was measured so far.
    pub fn measurement(self) -> Measurement {
        Measurement {
            samples: self.samples,
            calls_per_sample: self.calls,
            first: self.first,
            steady: self.steady,
        }
    }
}

/// Whether the last two windows of samples agree.
fn is_steady(samples: &[f64], window: usize) -> bool {
    let Some(start) = samples.len().checked_sub(2 * window) else {
        return false;
    };
    let (before, after) = samples[start..].split_at(window);
    let (before, after) = (quantile(before, 0.5), quantile(after, 0.5));
    (before - after).abs() <= STEADY * before
}

impl Measurement {
    /// Made up, for tests: single calls that took these seconds.
    #[cfg(test)]
    pub(crate) fn of_samples(samples: Vec<f64>) -> Measurement {
        Measurement {
            first: Duration::from_secs_f64(samples[0]),
            samples,
            calls_per_sample: 1,
            steady: true,
        }
    }

    /// Seconds a call, in the order in which they were measured.
    pub fn samples(&self) -> &[f64] {
        &self.samples
    }

    /// Half of the calls are faster, in seconds.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// 95 of 100 samples are faster, in seconds. Where [`Measurement::calls_per_sample`] is above 1
    /// a single slow call is averaged away.
    pub fn p95(&self) -> f64 {
        self.quantile(0.95)
    }

    /// 99 of 100 samples are faster, in seconds, with the same reserve.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// The interval that holds the true median with 95 % confidence, by bootstrap, in seconds.
    pub fn interval(&self) -> Interval {
        median_interval(&self.samples)
    }

    /// The standard deviation as a share of the mean.
    pub fn coefficient_of_variation(&self) -> f64 {
        coefficient_of_variation(&self.samples)
    }

    /// The fastest sample, in seconds.
    pub fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    /// The time, in seconds, that this share of the samples stays below.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.samples, share)
    }

    /// What makes the numbers worth less than they look.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if cfg!(debug_assertions) {
            warnings.push(
                "a debug build was measured: the numbers say nothing; build with --release"
                    .to_owned(),
            );
        }
        if !self.steady {
            warnings.push(
                "times had not settled when samples were taken; something else may be running"
                    .to_owned(),
            );
        }
        if self.p95() > SCATTERED * self.median() {
            warnings.push(format!(
                "times scatter: one call in twenty takes more than {SCATTERED} times the median; \
                 something else may be running"
            ));
        }
        warnings
    }
}

/// Median, fastest, 95th percentile, and the number of samples.
impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {}, fastest {}, p95 {} ({} samples of {} calls)",
            seconds(self.median()),
            seconds(self.min()),
            seconds(self.p95()),
            self.samples.len(),
            self.calls_per_sample,
        )?;
        for warning in self.warnings() {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}

/// A time with three digits and its unit: `12.3 µs`.
pub(crate) fn seconds(time: f64) -> String {
    let (value, unit) = match time {
        t if t.is_nan() => return "not measured".to_owned(),
        t if t < 999.5e-9 => (t * 1e9, "ns"),
        t if t < 999.5e-6 => (t * 1e6, "µs"),
        t if t < 999.5e-3 => (t * 1e3, "ms"),
        t => (t, "s"),
    };
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown = [1e-9, 12.34e-6, 999.6e-6, 0.1234, 12.0].map(seconds);
        assert_eq!(shown, ["1.00 ns", "12.3 µs", "1.00 ms", "123 ms", "12.0 s"]);
        assert_eq!(seconds(f64::NAN), "not measured");
    }

    #[test]
    fn short_calls_are_timed_together_and_all_samples_are_kept() {
        let mut calls = 0u64;
        let budget = Budget {
            warm_up: Duration::from_millis(1),
            time: Duration::ZERO,
            min_samples: 7,
            max_samples: 7,
        };
        let time = measure_with(&budget, || calls += 1);
        assert_eq!(time.samples().len(), 7);
        assert!(time.calls_per_sample > 1);
        assert!(calls > 7 * u64::from(time.calls_per_sample));
    }

    #[test]
    fn a_sleep_takes_as_long_as_it_sleeps() {
        let budget = Budget {
            warm_up: Duration::ZERO,
            time: Duration::ZERO,
            min_samples: 3,
            max_samples: 3,
        };
        let time = measure_with(&budget, || std::thread::sleep(Duration::from_millis(2)));
        assert_eq!(time.calls_per_sample, 1);
        assert!(time.min() >= 2e-3, "{time}");
        assert!(!time.steady && time.warnings().iter().any(|text| text.contains("settled")));
    }

    #[test]
    fn scattered_times_are_said_to_be() {
        let time = |samples: &[f64]| Measurement {
            samples: samples.to_vec(),
            calls_per_sample: 1,
            first: Duration::ZERO,
            steady: true,
        };
        let says = |samples: &[f64]| {
            time(samples)
                .warnings()
                .iter()
                .any(|text| text.contains("scatter"))
        };
        assert!(!says(&[1.0, 1.1, 1.2, 1.9]));
        assert!(says(&[1.0, 1.1, 1.2, 9.0]));
    }

    #[test]
    fn steady_means_that_two_windows_agree() {
        assert!(!is_steady(&[1.0; 9], WINDOW));
        assert!(is_steady(&[1.0; 10], WINDOW));
        let falling: Vec<f64> = (0..10).map(|n| 1.0 / f64::from(n + 1)).collect();
        assert!(!is_steady(&falling, WINDOW));
    }

    #[test]
    fn slow_work_warms_up_in_fewer_samples() {
        let budget = Budget {
            warm_up: Duration::from_micros(100),
            time: Duration::ZERO,
            min_samples: 1,
            max_samples: 1,
        };
        let mut calls = 0;
        // It takes longer than it says, so that what else runs on the machine makes no difference.
        let mut work = |count: u32| {
            calls += count;
            std::thread::sleep(Duration::from_millis(2));
            Ok::<_, std::convert::Infallible>(Duration::from_millis(1))
        };
        let time = Sampler::warm_up(&budget, &mut work).unwrap().measurement();
        assert!(time.steady);
        assert_eq!(calls as usize, 2 + 2 * FEW);
    }

    #[test]
    fn a_turn_drops_its_first_sample_unless_that_is_a_turn_by_itself() {
        let budget = Budget {
            warm_up: Duration::ZERO,
            time: Duration::MAX,
            min_samples: 1,
            max_samples: 100,
        };
        let counts = |took: Duration| {
            let mut calls = 0;
            let mut work = |count: u32| {
                calls += count;
                Ok::<_, std::convert::Infallible>(took)
            };
            let mut sampler = Sampler::warm_up(&budget, &mut work).unwrap();
            for _ in 0..2 {
                sampler.turn(Duration::from_millis(10)).unwrap();
            }
            let samples = sampler.measurement().samples().len();
            (samples, calls)
        };
        // Two calls before any turn; then four samples a turn, and one that is dropped.
        assert_eq!(counts(Duration::from_millis(3)), (8, 2 + 10));
        // Here one sample fills a turn, and only before the first is that not known yet.
        assert_eq!(counts(Duration::from_millis(30)), (2, 2 + 3));
    }
}
