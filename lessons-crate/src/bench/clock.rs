//! Whether the processor's clock changes while something is measured.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Steps of the loop: a tenth of a millisecond on a fast processor.
const STEPS: u32 = 50_000;
/// The loop is run so often, and the fastest counts: what interrupts one does not interrupt all.
const TRIES: usize = 30;
/// By how much the loop may take longer before it is worth a warning: what is left is the noise of virtual
/// machines.
const TOLERATED: f64 = 0.05;

/// Runs a loop of known length now and then. Each of its steps waits for the one before and touches no
/// memory, so its time is a number of cycles, and it changes with the clock alone.
#[derive(Debug)]
pub struct ClockWatch {
    /// How long the loop took, each time.
    times: Vec<Duration>,
}

impl ClockWatch {
    /// Begins, and looks for the first time. A few milliseconds.
    pub fn start() -> ClockWatch {
        let mut watch = ClockWatch { times: Vec::new() };
        watch.look();
        watch
    }

    /// Looks once more.
    pub fn look(&mut self) {
        let fastest = (0..TRIES).map(|_| chain(STEPS)).min();
        self.times.extend(fastest);
    }

    /// What to warn of.
    pub fn warning(&self) -> Option<String> {
        warning(&self.times)
    }
}

fn warning(times: &[Duration]) -> Option<String> {
    let (fastest, slowest) = (times.iter().min()?, times.iter().max()?);
    let slower = slowest.as_secs_f64() / fastest.as_secs_f64() - 1.0;
    (slower > TOLERATED).then(|| {
        format!(
            "the processor was not equally fast throughout: a loop of fixed length took {:.0} % longer at one \
             time than at another (its clock changed, or something shared the core); compare no times of \
             different shapes",
            100.0 * slower
        )
    })
}

/// A chain of multiplications, each of the result of the one before.
fn chain(steps: u32) -> Duration {
    let mut x = black_box(1u64);
    let start = Instant::now();
    for _ in 0..steps {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    }
    black_box(x);
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_changes_is_warned_of() {
        let times = |micros: &[u64]| -> Vec<Duration> {
            micros.iter().copied().map(Duration::from_micros).collect()
        };
        assert_eq!(warning(&times(&[1000, 1020, 990])), None);
        let text = warning(&times(&[1000, 1300, 1100])).unwrap();
        assert!(text.contains("30 % longer"), "{text}");
        assert_eq!(warning(&[]), None);
    }

    /// If the compiler had found a shorter way, the loop would not tell of the clock.
    #[test]
    fn the_loop_takes_as_long_as_it_has_steps() {
        let fastest = |steps| (0..TRIES).map(|_| chain(steps)).min().unwrap();
        let (short, long) = (fastest(20_000), fastest(200_000));
        // Ten times as long, but for other programs; a shortcut would take no time for either.
        assert!(long > 5 * short, "{short:?} {long:?}");
    }
}
