//! Nothing that a session has made outlives the kernel: not this process, not its children, not the
//! session's folder.

use std::path::PathBuf;
use std::time::Duration;

use lessons_channel::SOCKET_ENV;

/// What there is to do when the kernel has gone without a goodbye.
pub(super) struct Estate {
    kernel: u32,
    /// The session's folder, in which the socket of the channel lies.
    folder: Option<PathBuf>,
}

impl Estate {
    /// To be called before any cell can change the environment.
    pub fn note() -> Estate {
        let socket = std::env::var_os(SOCKET_ENV).map(PathBuf::from);
        let folder = socket.and_then(|socket| Some(socket.parent()?.to_owned()));
        let ours = |folder: &PathBuf| {
            let name = folder.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.starts_with(super::SESSION_PREFIX))
        };
        Estate {
            kernel: std::os::unix::process::parent_id(),
            folder: folder.filter(ours),
        }
    }

    /// The control socket has closed: removes what the kernel can no longer remove, and ends.
    pub fn settle(self) -> ! {
        if let Some(folder) = &self.folder {
            // The socket closes a moment before the kernel counts as gone. Linkers may still write.
            for _ in 0..20 {
                let gone = std::os::unix::process::parent_id() != self.kernel;
                if gone && (std::fs::remove_dir_all(folder).is_ok() || !folder.exists()) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        end_group()
    }
}

/// Ends this process and the programs that cells have started, all of one process group.
fn end_group() -> ! {
    // SAFETY: a signal to our own group, which the kernel made for us, and the end of this process.
    // Both may be called from a signal handler.
    unsafe {
        libc::kill(0, libc::SIGKILL);
        libc::_exit(0)
    }
}

/// Makes the signal that Linux sends at the kernel's end ([`super::KERNEL_GONE`]) end the whole group
/// after some seconds, should no thread be able to notice that the control socket has closed.
#[cfg(target_os = "linux")]
pub(super) fn end_with_the_kernel() {
    extern "C" fn gone(_: libc::c_int) {
        // SAFETY: may be called from a signal handler.
        unsafe {
            libc::alarm(3);
        }
    }
    extern "C" fn late(_: libc::c_int) {
        end_group();
    }
    // SAFETY: the handlers call only what a handler may call.
    unsafe {
        let gone: extern "C" fn(libc::c_int) = gone;
        let late: extern "C" fn(libc::c_int) = late;
        libc::signal(super::KERNEL_GONE, gone as libc::sighandler_t);
        libc::signal(libc::SIGALRM, late as libc::sighandler_t);
    }
}

/// Elsewhere the control socket's end alone says it.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_the_kernel() {}
