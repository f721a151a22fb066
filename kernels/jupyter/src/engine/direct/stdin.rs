//! The standard input of a runtime: a pipe that answers to input requests flow into.
//!
//! A cell asks with evcxr's marker, or it simply reads: that it is blocked in a read of the pipe can
//! be seen on Linux, and then the user is asked. Where nobody can answer, the pipe is closed and the
//! cell reads the end of the file; the next cell gets a new one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::blocked;
use crate::engine::{Frontend, Output};

/// The kernel's end of the pipe.
#[derive(Default)]
pub struct Stdin {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pipe: Option<Arc<File>>,
    /// Questions that are being asked.
    asking: usize,
    /// How many pipes there have been.
    count: u32,
}

impl Stdin {
    /// Takes over the pipe with which a runtime was started.
    pub fn new(pipe: OwnedFd) -> Stdin {
        let state = State {
            pipe: Some(Arc::new(File::from(pipe))),
            ..State::default()
        };
        Stdin {
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pipe(&self) -> Option<Arc<File>> {
        self.state().pipe.clone()
    }

    /// Makes a named pipe in place of one that was closed, for the runtime to open.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn renew(&self, folder: &Path) -> io::Result<Option<PathBuf>> {
        let mut state = self.state();
        if state.pipe.is_some() {
            return Ok(None);
        }
        state.count += 1;
        let path = folder.join(format!("stdin-{}-{}", std::process::id(), state.count));
        let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
        // SAFETY: the name is a string that ends with a zero byte and lives during the call.
        if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // Opened for both, it neither waits for a reader nor fails without one.
        let pipe = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_CLOEXEC)
            .open(&path)?;
        state.pipe = Some(Arc::new(pipe));
        Ok(Some(path))
    }

    /// Whether this process is blocked in a read to which no answer is on its way.
    pub fn is_wanted(&self, process: i32) -> bool {
        let pipe = {
            let state = self.state();
            state.pipe.clone().filter(|_| state.asking == 0)
        };
        pipe.is_some_and(|pipe| blocked::reads_from(process, &pipe))
    }

    /// Asks the user for a line, on a thread of its own, and lets it flow into the pipe.
    pub fn ask(self: &Arc<Self>, frontend: Arc<dyn Frontend>, prompt: String, password: bool) {
        {
            let mut state = self.state();
            if state.pipe.is_none() {
                // The end of the file is what the cell reads, as it was told before.
                return;
            }
            state.asking += 1;
        }
        let stdin = self.clone();
        std::thread::spawn(move || {
            let answer = frontend.input(&prompt, password);
            let answered = answer.and_then(|text| {
                let mut pipe = stdin.pipe().ok_or("standard input is closed")?;
                let line = format!("{text}\n");
                pipe.write_all(line.as_bytes())
                    .map_err(|error| error.to_string())
            });
            if let Err(reason) = answered {
                // First the note: the cell may end as soon as it reads on.
                let note = format!("note: standard input ends here: {reason}\n");
                frontend.emit(Output::Stderr(note.into()));
                stdin.state().pipe = None;
            }
            stdin.state().asking -= 1;
        });
    }
}
