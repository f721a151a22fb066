//! Threads that stay on one processor each, so that the system moves none while it is timed.

use std::time::{Duration, Instant};

use super::error::BenchError;

/// How long a new thread may take until it has a name.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whose thread it is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// The worker of one of our pools, with its number.
    OfPool(usize),
    /// It has none of its own, or none yet.
    NotYet,
    Other,
}

/// The processors of a measurement. The thread that made it stays on the first of them, and what it starts
/// is told by [`Pinning::starting`]; when this is dropped the thread may run anywhere again.
#[derive(Debug)]
pub struct Pinning {
    processors: Vec<usize>,
    system: system::Allowed,
    /// Whether each thread has a processor of its own, or all share all of them.
    each: bool,
}

impl Pinning {
    /// Takes so many processors, of different cores as far as there are as many, out of those that this
    /// thread may run on.
    ///
    /// # Errors
    /// When there are fewer, or the system pins no threads.
    pub fn new(threads: usize) -> Result<Pinning, BenchError> {
        let mut pinning = Pinning::shared(threads)?;
        pinning.each = true;
        pinning.stay()?;
        Ok(pinning)
    }

    /// The same for processes that this thread starts at any time: all of it stays on the processors
    /// together.
    ///
    /// # Errors
    /// As [`Pinning::new`].
    pub fn shared(threads: usize) -> Result<Pinning, BenchError> {
        let system = system::Allowed::of_this_thread()?;
        let allowed = system.processors();
        let processors = choose(&allowed, &system::cores(), threads).ok_or_else(|| {
            BenchError::new(format!(
                "{threads} threads cannot be pinned: this process may run on {} processors, {allowed:?}",
                allowed.len()
            ))
            .help("fewer --threads, no --pin, or a wider taskset or container")
        })?;
        let pinning = Pinning {
            processors,
            system,
            each: false,
        };
        pinning.stay()?;
        Ok(pinning)
    }

    /// The processors, that of the first thread first.
    pub fn processors(&self) -> &[usize] {
        &self.processors
    }

    /// Runs what starts threads or processes. They may run on all of the processors; threads of our pools
    /// get one each, by their number.
    pub fn starting<T>(&self, start: impl FnOnce() -> T) -> T {
        if !self.each {
            return start();
        }
        let before = system::threads();
        // What cannot be changed back and forth was refused when this was made.
        let _ = system::keep_on(None, &self.processors);
        let started = start();
        let new = || {
            let mut threads = system::threads();
            threads.retain(|(id, _)| !before.iter().any(|(known, _)| known == id));
            threads
        };
        // A thread takes its name once it runs.
        let patience = Instant::now();
        while new().iter().any(|(_, name)| *name == Name::NotYet) && patience.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        for (thread, name) in new() {
            if let Name::OfPool(number) = name
                && let Some(processor) = self.processors.get(number)
            {
                // It may have ended meanwhile.
                let _ = system::keep_on(Some(thread), &[*processor]);
            }
        }
        let _ = system::keep_on(None, &self.processors[..1]);
        started
    }

    fn stay(&self) -> Result<(), BenchError> {
        let own = match self.each {
            true => &self.processors[..1],
            false => &self.processors,
        };
        system::keep_on(None, own)
    }
}

impl Drop for Pinning {
    fn drop(&mut self) {
        // What was allowed before is allowed now.
        let _ = system::keep_on(None, &self.system.processors());
    }
}

/// [`Pinning::starting`], where threads are pinned; else it only runs.
pub fn starting<T>(pinning: Option<&Pinning>, start: impl FnOnce() -> T) -> T {
    match pinning {
        Some(pinning) => pinning.starting(start),
        None => start(),
    }
}

/// One processor of each core, then the second of each, and so on; of those that are allowed.
fn choose(allowed: &[usize], cores: &[Vec<usize>], count: usize) -> Option<Vec<usize>> {
    let mut order = Vec::new();
    let most = cores.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..most {
        let column = cores.iter().filter_map(|core| {
            let mut usable = core.iter().filter(|it| allowed.contains(it));
            usable.nth(place).copied()
        });
        order.extend(column);
    }
    // Processors whose core is not told.
    let rest = allowed.iter().filter(|it| !order.contains(it));
    let rest: Vec<usize> = rest.copied().collect();
    order.extend(rest);
    (count >= 1 && order.len() >= count).then(|| order[..count].to_vec())
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::path::Path;

    use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

    use super::Name;
    use crate::bench::error::BenchError;
    use crate::bench::machine::physical_cores;

    /// The name of a pool's thread before its number.
    const NAME: &str = "lessons-";

    /// Where a thread may run.
    #[derive(Debug)]
    pub struct Allowed(CpuSet);

    impl Allowed {
        pub fn of_this_thread() -> Result<Allowed, BenchError> {
            sched_getaffinity(None)
                .map(Allowed)
                .map_err(|error| refused(&error))
        }

        pub fn processors(&self) -> Vec<usize> {
            let all = 0..CpuSet::MAX_CPU;
            all.filter(|processor| self.0.is_set(*processor)).collect()
        }
    }

    pub fn keep_on(thread: Option<Pid>, processors: &[usize]) -> Result<(), BenchError> {
        let mut set = CpuSet::new();
        for processor in processors {
            set.set(*processor);
        }
        sched_setaffinity(thread, &set).map_err(|error| refused(&error))
    }

    fn refused(error: &rustix::io::Errno) -> BenchError {
        BenchError::new(format!("the system pins no threads here: {error}"))
            .help("no --pin, or a container that allows sched_setaffinity")
    }

    pub fn cores() -> Vec<Vec<usize>> {
        physical_cores(Path::new("/sys/devices/system/cpu"))
    }

    /// The threads of this process.
    pub fn threads() -> Vec<(Pid, Name)> {
        let Ok(entries) = fs::read_dir("/proc/self/task") else {
            return Vec::new();
        };
        // A thread begins with the name of the one that started it.
        let own = fs::read_to_string("/proc/thread-self/comm").unwrap_or_default();
        let thread = |entry: fs::DirEntry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let name = fs::read_to_string(entry.path().join("comm")).ok()?;
            let number = name.trim().strip_prefix(NAME);
            let name = match number.and_then(|number| number.parse().ok()) {
                Some(number) => Name::OfPool(number),
                None if name == own => Name::NotYet,
                None => Name::Other,
            };
            Some((Pid::from_raw(id)?, name))
        };
        entries.flatten().filter_map(thread).collect()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use crate::bench::error::BenchError;

    #[derive(Debug)]
    pub struct Allowed;

    impl Allowed {
        pub fn of_this_thread() -> Result<Allowed, BenchError> {
            Err(BenchError::new(format!(
                "threads cannot be pinned on {}: it has no call for that, or takes it as a hint",
                std::env::consts::OS
            ))
            .help("no --pin and no `pin = true`: turns and medians stand what moves are left"))
        }

        pub fn processors(&self) -> Vec<usize> {
            Vec::new()
        }
    }

    pub fn keep_on(_: Option<()>, _: &[usize]) -> Result<(), BenchError> {
        Allowed::of_this_thread().map(drop)
    }

    pub fn cores() -> Vec<Vec<usize>> {
        Vec::new()
    }

    pub fn threads() -> Vec<((), super::Name)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_cores_come_first() {
        let cores = [vec![0, 4], vec![1, 5], vec![2, 6]];
        let all = [0, 1, 2, 4, 5, 6];
        assert_eq!(choose(&all, &cores, 2), Some(vec![0, 1]));
        assert_eq!(choose(&all, &cores, 4), Some(vec![0, 1, 2, 4]));
        assert_eq!(choose(&[1, 4, 5], &cores, 2), Some(vec![4, 1]));
        assert_eq!(choose(&[1, 4, 5], &cores, 3), Some(vec![4, 1, 5]));
        assert_eq!(choose(&[1, 4, 5], &cores, 4), None);
        assert_eq!(choose(&[3, 7], &[], 2), Some(vec![3, 7]));
        assert_eq!(choose(&all, &cores, 0), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_stay_where_they_are_put() {
        use std::sync::Mutex;
        use std::time::{Duration, Instant};

        use lessons_compute::pool::Pool;

        let here = || system::Allowed::of_this_thread().unwrap().processors();
        let before = here();
        if before.len() < 2 {
            eprintln!("skipped: one processor is no choice");
            return;
        }
        let pinning = Pinning::new(2).unwrap();
        let [first, second] = *pinning.processors() else {
            panic!("{pinning:?}");
        };
        assert_eq!(here(), [first]);
        let pool = pinning.starting(|| Pool::new(2));
        assert_eq!(here(), [first]);
        let mut both = vec![first, second];
        both.sort_unstable();
        assert_eq!(pinning.starting(here), both);
        let seen = Mutex::new([None, None]);
        let start = Instant::now();
        while seen.lock().unwrap().contains(&None) {
            assert!(start.elapsed() < Duration::from_secs(60), "{seen:?}");
            pool.for_each(64, |_, worker| {
                seen.lock().unwrap()[worker] = Some(here());
                std::thread::sleep(Duration::from_millis(1));
            });
        }
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen, [Some(vec![first]), Some(vec![second])]);
        drop(pinning);
        assert_eq!(here(), before);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn processes_share_the_processors() {
        let pinning = Pinning::shared(1).unwrap();
        let output = std::process::Command::new("sh")
            .args(["-c", "grep Cpus_allowed_list /proc/self/status"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let list = said.split_whitespace().last().unwrap();
        assert_eq!(list, pinning.processors()[0].to_string());
    }

    #[test]
    fn what_cannot_be_pinned_is_told_why() {
        let error = Pinning::new(5000).unwrap_err().to_string();
        assert!(
            error.contains("cannot be pinned") && error.contains("--pin"),
            "{error}"
        );
    }
}
