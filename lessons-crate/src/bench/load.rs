//! What else runs on this machine while something is measured.

use std::fs;
use std::time::Instant;

/// Other programs may take this share of one processor before it is worth a warning.
const TOLERATED: f64 = 0.1;
/// In a shorter time too few ticks are counted to tell.
const SHORTEST: f64 = 0.2;
/// The system counts processor time in hundredths of a second.
const TICKS: f64 = 100.0;

/// Counts from now on the processor time that other programs take. Where the system does not tell it
/// (in `/proc`), nothing is counted.
#[derive(Debug)]
pub struct Watch {
    start: Instant,
    before: Option<Ticks>,
}

/// Processor time so far, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ticks {
    /// Of all programs together, and what the host of a virtual machine took away.
    all: f64,
    /// Of the processes that measure.
    ours: f64,
}

impl Watch {
    pub fn start() -> Watch {
        Watch {
            start: Instant::now(),
            before: ticks(&[]),
        }
    }

    /// How many processors other programs kept busy, in the mean; `also` are processes that belong to
    /// the measurement beside this one. What they took before the start counts as others'.
    pub fn others(&self, also: &[u32]) -> Option<f64> {
        let seconds = self.start.elapsed().as_secs_f64();
        Some(busy_others(self.before?, ticks(also)?, seconds))
    }

    /// What to warn of.
    pub fn warning(&self, also: &[u32]) -> Option<String> {
        let long = self.start.elapsed().as_secs_f64() >= SHORTEST;
        warning(self.others(also).filter(|_| long)?)
    }
}

fn busy_others(before: Ticks, after: Ticks, seconds: f64) -> f64 {
    let others = (after.all - before.all) - (after.ours - before.ours);
    // Ticks are counted at other moments than ours, so a short time may seem to have less than none.
    others.max(0.0) / TICKS / seconds.max(1.0 / TICKS)
}

fn warning(others: f64) -> Option<String> {
    (others > TOLERATED).then(|| {
        format!(
            "other programs kept {others:.1} processors busy meanwhile: times are longer than they need be, and scatter"
        )
    })
}

/// What to warn of before anything is measured.
pub fn warning_before() -> Option<String> {
    let load = average(&fs::read_to_string("/proc/loadavg").ok()?)?;
    (load >= 0.5).then(|| format!("the machine was busy in the minute before (load {load:.2})"))
}

/// The mean number of tasks that ran or waited to run in the last minute.
fn average(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn ticks(also: &[u32]) -> Option<Ticks> {
    let all = all(&fs::read_to_string("/proc/stat").ok()?)?;
    let own = process(&fs::read_to_string("/proc/self/stat").ok()?)?;
    // A process that has ended meanwhile tells nothing more.
    let others = also
        .iter()
        .filter_map(|id| process(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?));
    Some(Ticks {
        all,
        ours: own + others.sum::<f64>(),
    })
}

/// `cpu user nice system idle iowait irq softirq steal guest …`; guest time is in user time already.
fn all(stat: &str) -> Option<f64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<f64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .take(8)
        .collect();
    let idle = fields.get(3)? + fields.get(4)?;
    Some(fields.iter().sum::<f64>() - idle)
}

/// User and system time of a process and of its children that have ended: the 14th to 17th field. The
/// 2nd is a name in parentheses.
fn process(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let times = fields.split_whitespace().skip(11).take(4);
    let times: Vec<f64> = times.map_while(|time| time.parse().ok()).collect();
    (times.len() == 4).then(|| times.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_system_are_read() {
        assert_eq!(average("1.25 0.80 0.50 3/149 7883\n"), Some(1.25));
        assert_eq!(average(""), None);
        let stat = "cpu  10 1 5 1000 50 2 3 4 7 0\ncpu0 1 1 1 1\n";
        assert_eq!(all(stat), Some(25.0));
        assert_eq!(all("nothing"), None);
        let process_stat = "42 (a name) with) S 1 1 1 0 -1 4194304 9 0 0 0 17 5 2 1 20 0 3 0 1\n";
        assert_eq!(process(process_stat), Some(25.0));
        assert_eq!(process("42"), None);
    }

    #[test]
    fn only_what_others_take_is_warned_of() {
        assert_eq!(warning(0.02), None);
        assert!(warning(0.8).is_some_and(|text| text.contains("0.8 processors")));
    }

    #[test]
    fn own_work_is_not_counted() {
        let ticks = |all, ours| Ticks { all, ours };
        assert_eq!(
            busy_others(ticks(100.0, 10.0), ticks(300.0, 210.0), 2.0),
            0.0
        );
        assert_eq!(
            busy_others(ticks(100.0, 10.0), ticks(300.0, 110.0), 2.0),
            0.5
        );
        assert_eq!(
            busy_others(ticks(100.0, 10.0), ticks(100.0, 11.0), 2.0),
            0.0
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_finds_its_own_work() {
        let before = ticks(&[]).unwrap();
        let start = Instant::now();
        let mut sum = 0u64;
        while ticks(&[]).unwrap().ours - before.ours < 5.0 {
            sum = std::hint::black_box(sum.wrapping_add(1));
            assert!(start.elapsed().as_secs() < 60, "no time was counted");
        }
    }
}
