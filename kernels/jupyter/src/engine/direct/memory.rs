//! Ends a runtime before it takes the machine's memory.
//!
//! A limit on address space would break CUDA, which reserves far more than it uses. So this reads
//! what the process really has (resident, swapped, and its page tables) and what the machine has left
//! (`MemAvailable`, and the limits of the control groups around us), the more often the less there is.
//! `LESSONS_MEMORY_LIMIT`, in bytes or as `500M` or `2G`, sets a limit of one's own. Linux alone has
//! this accounting; elsewhere nothing is watched.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::running::Running;

pub const LIMIT_ENV: &str = "LESSONS_MEMORY_LIMIT";

/// Memory is filled at no more than this many bytes a second.
const FASTEST: f64 = 4e9;
const OFTEN: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(250);
/// How often one looks when no cell runs.
const IDLE: Duration = Duration::from_secs(1);

/// Watches one process.
pub struct Watcher(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    cell_runs: bool,
    closed: bool,
    verdict: Option<String>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }
}

/// While it lives, a cell runs.
pub struct Watching(Arc<Shared>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.change(|state| state.cell_runs = false);
    }
}

impl Watcher {
    /// Watches the process with this number, which leads its group.
    pub fn start(pid: i32, running: Running) -> Watcher {
        let shared = Arc::new(Shared::default());
        let watching = shared.clone();
        let started = std::thread::Builder::new()
            .name("cell memory".into())
            .spawn(move || watching.watch(pid, &running));
        if let Err(error) = started {
            tracing::warn!("the memory of cells is not watched: {error}");
        }
        Watcher(shared)
    }

    /// A cell runs until the answer is dropped.
    pub fn watch(&self) -> Watching {
        self.0.change(|state| state.cell_runs = true);
        Watching(self.0.clone())
    }

    /// Why the process was ended, if it was ended here.
    pub fn verdict(&self) -> Option<String> {
        self.0.state().verdict.clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.change(|state| state.closed = true);
    }
}

impl Shared {
    fn watch(&self, pid: i32, running: &Running) {
        let limits = Limits::of_this_machine();
        // Fails when the process has ended, or where there is no such accounting.
        while let Some(used) = footprint(pid) {
            let left = match limits.left(used) {
                Ok(left) => left,
                Err(message) => {
                    self.state().verdict = Some(message);
                    running.kill(pid);
                    return;
                }
            };
            let soon = Duration::from_secs_f64(left as f64 / FASTEST).clamp(OFTEN, SELDOM);
            let state = self.state();
            if state.closed {
                return;
            }
            let wait = if state.cell_runs { soon } else { IDLE };
            drop(
                self.changed
                    .wait_timeout(state, wait)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }
}

/// What may be used.
struct Limits {
    own: Option<u64>,
    groups: Vec<ControlGroup>,
}

impl Limits {
    fn of_this_machine() -> Limits {
        let own = std::env::var(LIMIT_ENV).ok().and_then(|text| {
            let bytes = parse_bytes(&text);
            if bytes.is_none() {
                tracing::warn!("{LIMIT_ENV}={text}: not a number of bytes, such as 2G");
            }
            bytes
        });
        Limits {
            own,
            groups: ControlGroup::around_us(),
        }
    }

    /// How many bytes a process that uses so many may still take, or why it may take no more.
    fn left(&self, used: u64) -> Result<u64, String> {
        let mut left = u64::MAX;
        if let Some(limit) = self.own {
            left = limit.saturating_sub(used);
            if left == 0 {
                return Err(format!(
                    "the process that runs cells used {}, and {LIMIT_ENV} allows {}",
                    gigabytes(used),
                    gigabytes(limit)
                ));
            }
        }
        let machine = meminfo();
        let groups = self.groups.iter().filter_map(ControlGroup::read);
        for (available, total) in machine.into_iter().chain(groups) {
            let reserve = (total / 20).clamp(128 << 20, 1 << 30);
            // Ending a process that has little itself would free nothing.
            if available < reserve && used > 2 * reserve {
                return Err(format!(
                    "the process that runs cells used {}, and of the {} that there are only {} were left",
                    gigabytes(used),
                    gigabytes(total),
                    gigabytes(available)
                ));
            }
            left = left.min(available.saturating_sub(reserve));
        }
        Ok(left)
    }
}

/// A control group with a limit.
struct ControlGroup {
    limit: u64,
    usage: PathBuf,
    stat: PathBuf,
}

impl ControlGroup {
    fn around_us() -> Vec<ControlGroup> {
        let mut groups = Vec::new();
        let ours = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        for line in ours.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
                continue;
            };
            let (root, limit, usage) = if controllers.is_empty() {
                ("/sys/fs/cgroup", "memory.max", "memory.current")
            } else if controllers.split(',').any(|name| name == "memory") {
                (
                    "/sys/fs/cgroup/memory",
                    "memory.limit_in_bytes",
                    "memory.usage_in_bytes",
                )
            } else {
                continue;
            };
            let mut folder = PathBuf::from(root);
            let mut folders = vec![folder.clone()];
            for name in path.split('/').filter(|name| !name.is_empty()) {
                folder.push(name);
                folders.push(folder.clone());
            }
            groups.extend(folders.into_iter().filter_map(|folder| {
                // `max`, or a number near the largest, means no limit.
                let limit = number(&folder.join(limit)).filter(|limit| *limit < 1 << 60)?;
                Some(ControlGroup {
                    limit,
                    usage: folder.join(usage),
                    stat: folder.join("memory.stat"),
                })
            }));
        }
        groups
    }

    /// Bytes available and in all. Cached files are given back when memory is needed.
    fn read(&self) -> Option<(u64, u64)> {
        let usage = number(&self.usage)?;
        let stat = fs::read_to_string(&self.stat).unwrap_or_default();
        let cached = ["inactive_file", "active_file"].map(|name| field(&stat, name).unwrap_or(0));
        let used = usage.saturating_sub(cached.iter().sum());
        Some((self.limit.saturating_sub(used), self.limit))
    }
}

fn number(path: &std::path::Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The number after a name at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix([':', ' ', '\t']))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes available and in all.
fn meminfo() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name| field(&text, name);
    Some((
        kilobytes("MemAvailable")? << 10,
        kilobytes("MemTotal")? << 10,
    ))
}

/// The bytes that a process takes: in memory, in swap, and for the tables that map them.
fn footprint(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = field(&text, "VmRSS")?;
    let more = ["VmSwap", "VmPTE"].map(|name| field(&text, name).unwrap_or(0));
    Some((resident + more.iter().sum::<u64>()) << 10)
}

fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    (number > 0.0).then_some((number * f64::from(unit)) as u64)
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// Between fork and exec: of all processes this one goes first when memory runs out.
#[cfg(target_os = "linux")]
pub fn offer_to_the_oom_killer() {
    let score = b"900";
    // SAFETY: plain system calls with constant arguments. Where it fails, the choice is the system's.
    unsafe {
        let file = libc::open(
            c"/proc/self/oom_score_adj".as_ptr(),
            libc::O_WRONLY | libc::O_CLOEXEC,
        );
        if file >= 0 {
            libc::write(file, score.as_ptr().cast(), score.len());
            libc::close(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_of_bytes() {
        assert_eq!(parse_bytes("1000"), Some(1000));
        assert_eq!(parse_bytes(" 1.5g "), Some(3 << 29));
        assert_eq!(parse_bytes("300 MiB"), Some(300 << 20));
        for wrong in ["", "G", "much", "-1", "2 T"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_own_limit_is_kept_and_named() {
        let limits = Limits {
            own: Some(1 << 30),
            groups: Vec::new(),
        };
        assert!(limits.left(1 << 20).unwrap() < 1 << 30);
        let message = limits.left(3 << 29).unwrap_err();
        assert!(
            message.contains("1.5 GiB") && message.contains(LIMIT_ENV),
            "{message}"
        );
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmRSSextra: 1\nVmRSS:\t  42 kB\nactive_file 7\n";
        assert_eq!(field(text, "VmRSS"), Some(42));
        assert_eq!(field(text, "active_file"), Some(7));
        assert_eq!(field(text, "missing"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_memory() {
        let pid = std::process::id().cast_signed();
        assert!(footprint(pid).unwrap() > 1 << 20);
        let (available, total) = meminfo().unwrap();
        assert!(available <= total);
    }
}
