//! The pipes of a runtime: what it writes to standard output and error, as outputs in the order of
//! their bytes.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::{ChildStderr, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::markers::{Found, Parser};
use super::stdin::Stdin;
use crate::engine::{Frontend, Output};

/// How long the beginning of a marker, or a bundle that may grow, waits for the rest.
const PATIENCE: Duration = Duration::from_millis(50);

/// The two pipes of a runtime and where their content goes.
pub struct Streams {
    state: Mutex<State>,
    marked: Condvar,
}

struct State {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Parser,
    err: Parser,
    /// The end of what was written to standard error.
    last_words: Vec<u8>,
    frontend: Option<Arc<dyn Frontend>>,
    stdin: Arc<Stdin>,
}

impl Streams {
    /// Starts the thread that reads the pipes. Questions that cells print go to `stdin`.
    ///
    /// # Errors
    /// When the pipes cannot be set to non-blocking.
    pub fn start(
        stdout: ChildStdout,
        stderr: ChildStderr,
        stdin: Arc<Stdin>,
        token: &str,
    ) -> io::Result<Arc<Streams>> {
        set_nonblocking(stdout.as_raw_fd())?;
        set_nonblocking(stderr.as_raw_fd())?;
        let descriptors = [stdout.as_raw_fd(), stderr.as_raw_fd()];
        let streams = Arc::new(Streams {
            state: Mutex::new(State {
                stdout: Some(stdout),
                stderr: Some(stderr),
                out: Parser::new(token, true),
                err: Parser::new(token, false),
                last_words: Vec::new(),
                frontend: None,
                stdin,
            }),
            marked: Condvar::new(),
        });
        let pump = streams.clone();
        std::thread::Builder::new()
            .name("cell output".into())
            .spawn(move || pump.pump(descriptors))?;
        Ok(streams)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where outputs go from now on.
    pub fn attach(&self, frontend: Arc<dyn Frontend>) {
        self.state().frontend = Some(frontend);
    }

    /// The frontend of the running cell.
    pub fn frontend(&self) -> Option<Arc<dyn Frontend>> {
        self.state().frontend.clone()
    }

    /// The end of what was written to standard error, for whoever wants to know how it came to that.
    pub fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.state().last_words).into_owned()
    }

    /// Emits an output that came by another way, after all bytes written before it.
    pub fn emit_in_order(&self, output: Output) {
        let mut state = self.state();
        state.read();
        state.settle();
        let output = state.out.claim(output);
        if let Some(frontend) = &state.frontend {
            frontend.emit(output);
        }
    }

    /// Emits all bytes that were written so far.
    pub fn catch_up(&self) {
        let mut state = self.state();
        state.read();
        state.settle();
    }

    /// Asks the user for a line if the runtime `process` waits for one.
    pub fn ask_if_wanted(&self, process: i32) {
        let mut state = self.state();
        // A question that the cell has printed explains the read.
        state.read();
        if state.stdin.is_wanted(process)
            && let Some(frontend) = state.frontend.clone()
        {
            state.settle();
            state.stdin.ask(frontend, String::new(), false);
        }
    }

    /// Waits until both streams have shown the mark of this cell's end, or have closed.
    pub fn wait_for_end(&self, sequence: u64, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        while !state.ended(sequence) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .marked
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.settle();
    }

    fn pump(&self, descriptors: [i32; 2]) {
        loop {
            let mut polled = descriptors.map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
            {
                let state = self.state();
                if state.stdout.is_none() {
                    polled[0].fd = -1;
                }
                if state.stderr.is_none() {
                    polled[1].fd = -1;
                }
                if state.stdout.is_none() && state.stderr.is_none() {
                    return;
                }
            }
            let waiting = self.state().out.waits();
            let patience = if waiting {
                PATIENCE.as_millis() as i32
            } else {
                -1
            };
            // SAFETY: the array lives during the call. A descriptor is closed only below, by this
            // thread, or by the drain in `emit_in_order`, after which poll reports it as invalid.
            let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, patience) };
            let mut state = self.state();
            if ready == 0 {
                state.settle();
            } else {
                state.read();
            }
            self.marked.notify_all();
        }
    }
}

impl State {
    fn emitter(frontend: &Option<Arc<dyn Frontend>>, stdin: &Arc<Stdin>) -> impl Fn(Found) + use<> {
        let (frontend, stdin) = (frontend.clone(), stdin.clone());
        move |found| match (&frontend, found) {
            (None, _) => {}
            (Some(frontend), Found::Output(output)) => frontend.emit(output),
            (Some(frontend), Found::Question { prompt, password }) => {
                stdin.ask(frontend.clone(), prompt, password);
            }
        }
    }

    /// Reads all there is at the moment.
    fn read(&mut self) {
        let mut buffer = vec![0; 64 << 10];
        let emit = Self::emitter(&self.frontend, &self.stdin);
        if read_some(&mut self.stdout, &mut buffer, |bytes| {
            self.out.feed(bytes, &emit)
        }) {
            self.out.settle(&emit);
            self.stdout = None;
        }
        if read_some(&mut self.stderr, &mut buffer, |bytes| {
            keep_end(&mut self.last_words, bytes);
            self.err.feed(bytes, &emit)
        }) {
            self.err.settle(&emit);
            self.stderr = None;
        }
    }

    /// Lets go of everything that waits.
    fn settle(&mut self) {
        let emit = Self::emitter(&self.frontend, &self.stdin);
        self.out.settle(&emit);
        self.err.settle(&emit);
    }

    fn ended(&self, sequence: u64) -> bool {
        (self.stdout.is_none() || self.out.ended >= sequence)
            && (self.stderr.is_none() || self.err.ended >= sequence)
    }
}

/// Reads until there is nothing more for now; true at the stream's end.
fn read_some(
    stream: &mut Option<impl Read>,
    buffer: &mut [u8],
    mut feed: impl FnMut(&[u8]),
) -> bool {
    let Some(stream) = stream else { return false };
    // A writer that never pauses must not keep the other stream waiting.
    for _ in 0..16 {
        match stream.read(buffer) {
            Ok(0) => return true,
            Ok(count) => feed(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
    false
}

/// Adds bytes, of which only the last stay: enough for a message with the backtrace under it.
fn keep_end(kept: &mut Vec<u8>, bytes: &[u8]) {
    const LENGTH: usize = 32 << 10;
    let bytes = &bytes[bytes.len().saturating_sub(LENGTH)..];
    let surplus = (kept.len() + bytes.len()).saturating_sub(LENGTH);
    kept.drain(..surplus);
    kept.extend_from_slice(bytes);
}

fn set_nonblocking(descriptor: i32) -> io::Result<()> {
    // SAFETY: changes flags of a descriptor that we own.
    let done = unsafe {
        let flags = libc::fcntl(descriptor, libc::F_GETFL);
        libc::fcntl(descriptor, libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
