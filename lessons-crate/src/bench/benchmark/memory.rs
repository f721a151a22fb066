//! What memory a run takes.

use std::fs;

use crate::bench::allocation::Allocations;

/// Memory of a process that runs a model. What nobody tells is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// The most that the process had resident while it ran; of a fresh process, from its start.
    pub peak_bytes: Option<u64>,
    /// What the weights take, where a whole process is measured.
    pub weights_bytes: Option<u64>,
    /// Allocations of one run, once it is steady.
    pub allocations: Option<Allocations>,
}

/// The most memory that this process, or another, has had resident: `VmHWM` of Linux.
pub fn peak_bytes(process: Option<u32>) -> Option<u64> {
    parse_peak(&fs::read_to_string(of_process(process, "status")).ok()?)
}

/// Has the system count the most anew, from what is resident now. Where it does not, the peak is that of
/// the process's whole life.
pub fn forget_peak(process: Option<u32>) {
    /// See proc(5), `clear_refs`.
    const RESET_PEAK: &str = "5";
    let _ = fs::write(of_process(process, "clear_refs"), RESET_PEAK);
}

fn of_process(process: Option<u32>, file: &str) -> String {
    match process {
        None => format!("/proc/self/{file}"),
        Some(id) => format!("/proc/{id}/{file}"),
    }
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_what_the_system_says() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t  2048 kB\n"), Some(2 << 20));
        assert_eq!(parse_peak("VmHWM:\tmany kB\n"), None);
        assert_eq!(parse_peak(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_peak_is_forgotten() {
        const LARGE: usize = 256 << 20;
        let large = std::hint::black_box(vec![1u8; LARGE]);
        let peak = peak_bytes(None).unwrap();
        assert!(peak > LARGE as u64);
        drop(large);
        forget_peak(None);
        assert!(peak_bytes(None).unwrap() < peak);
        let own = std::process::id();
        assert!(peak_bytes(Some(own)).is_some() && peak_bytes(Some(u32::MAX)).is_none());
    }
}
