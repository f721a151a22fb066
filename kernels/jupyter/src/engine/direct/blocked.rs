//! Whether a process waits for input, as Linux shows it under `/proc`.

use std::fs::File;

/// Whether what a process reads can be seen here. Where it can't, a cell that reads its standard
/// input reads the end of the file.
pub fn can_be_seen() -> bool {
    #[cfg(target_os = "linux")]
    {
        // From 2 on, Yama keeps even a parent from looking, unless it is root.
        let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
        let scope = scope.ok().and_then(|text| text.trim().parse::<u8>().ok());
        // SAFETY: asks for a number.
        let root = unsafe { libc::geteuid() } == 0;
        std::path::Path::new("/proc/self/syscall").exists() && (root || scope.unwrap_or(0) < 2)
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Whether a thread of this process, or of one that it started, is blocked in a read of the pipe
/// whose other end this is, with nothing left in it.
pub fn reads_from(process: i32, pipe: &File) -> bool {
    #[cfg(target_os = "linux")]
    return linux::is_empty(pipe) && linux::reads_from(process, pipe, 0);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (process, pipe);
        false
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    /// How deep in the tree of processes is looked.
    const DEPTH: usize = 8;

    pub fn is_empty(pipe: &File) -> bool {
        let mut waiting: libc::c_int = 0;
        // SAFETY: the descriptor is open, and the number lives during the call.
        let asked = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut waiting) };
        asked == 0 && waiting == 0
    }

    pub fn reads_from(process: i32, pipe: &File, depth: usize) -> bool {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
            return false;
        };
        // What has ended meanwhile reads nothing.
        for thread in threads.flatten() {
            let thread = thread.path();
            let call = fs::read_to_string(thread.join("syscall")).unwrap_or_default();
            if let Some(descriptor) = descriptor_read(&call) {
                let there = fs::metadata(format!("/proc/{process}/fd/{descriptor}"));
                let same = there
                    .ok()
                    .zip(pipe.metadata().ok())
                    .is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()));
                if same {
                    return true;
                }
            }
            if depth < DEPTH {
                let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
                let mut children = children.split_whitespace().filter_map(|id| id.parse().ok());
                if children.any(|child| reads_from(child, pipe, depth + 1)) {
                    return true;
                }
            }
        }
        false
    }

    /// The descriptor of the read that a line of `/proc/…/syscall` tells of.
    fn descriptor_read(call: &str) -> Option<u64> {
        let mut words = call.split_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        if ![libc::SYS_read, libc::SYS_readv].contains(&number) {
            return None;
        }
        u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::io::Write;
        use std::process::{Command, Stdio};
        use std::time::{Duration, Instant};

        fn soon(condition: impl Fn() -> bool) -> bool {
            let deadline = Instant::now() + Duration::from_secs(5);
            while Instant::now() < deadline {
                if condition() {
                    return true;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            false
        }

        #[test]
        fn a_reader_is_seen_until_it_has_what_it_wants() {
            // The shell waits for `cat`, its child, which reads.
            let mut shell = Command::new("sh")
                .args(["-c", "cat; true"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let pipe = std::os::fd::OwnedFd::from(shell.stdin.take().unwrap());
            let mut pipe = File::from(pipe);
            let id = shell.id().cast_signed();
            let seen = || super::super::reads_from(id, &pipe);
            let can = super::super::can_be_seen();
            assert_eq!(soon(seen), can);
            let (other, _writer) = std::io::pipe().unwrap();
            let other = File::from(std::os::fd::OwnedFd::from(other));
            assert!(!reads_from(id, &other, 0));
            pipe.write_all(b"line\n").unwrap();
            drop(pipe);
            shell.wait().unwrap();
        }

        #[test]
        fn a_line_of_proc_names_the_descriptor() {
            let read = format!(
                "{} 0x1f 0x7ff 0x2000 0x0 0x0 0x0 0x7ffd 0x7f",
                libc::SYS_read
            );
            assert_eq!(descriptor_read(&read), Some(31));
            let write = format!("{} 0x1 0x7ff", libc::SYS_write);
            for other in ["running", "", "-1 0x7ffd 0x7f", &write] {
                assert_eq!(descriptor_read(other), None, "{other}");
            }
        }
    }
}
