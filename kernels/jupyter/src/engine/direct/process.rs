//! The kernel's handle on a runtime process.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::Context;
use lessons_channel::{Delivery, SOCKET_ENV, read_frame, write_frame, write_frame_with};

use super::blocked;
use super::ending::Ending;
use super::memory;
use super::running::{Role, Running};
use super::stdin::Stdin;
use super::streams::Streams;
use crate::engine::Output;
#[cfg(target_os = "linux")]
use crate::runtime::KERNEL_GONE;
use crate::runtime::{CONTROL_ENV, Done, FromRuntime, MARK_ENV, ToRuntime};

/// The number under which the runtime finds its control socket.
const CONTROL: i32 = 3;

/// How to start a runtime.
#[derive(Debug, Clone)]
pub struct Start {
    /// Program and arguments.
    pub command: Vec<OsString>,
    /// Socket of the lessons channel.
    pub channel: PathBuf,
    /// Folders for the dynamic linker.
    pub libraries: Vec<PathBuf>,
    /// Loaded at once, in this order; the support crate last.
    pub preload: Vec<PathBuf>,
    /// Set on top of the kernel's own environment.
    pub environment: Vec<(String, String)>,
}

/// A live runtime.
pub struct Process {
    control: UnixStream,
    /// The same socket, for whoever sends.
    sender: Arc<Mutex<UnixStream>>,
    pub streams: Arc<Streams>,
    stdin: Arc<Stdin>,
    /// Where a new standard input is made.
    folder: PathBuf,
    exit: mpsc::Receiver<Option<ExitStatus>>,
    group: i32,
    running: Running,
    sequence: u64,
    memory: memory::Watcher,
}

/// The cell that runs in a process, for those who interrupt it.
#[derive(Clone)]
pub struct Runner {
    sender: Arc<Mutex<UnixStream>>,
    streams: Arc<Streams>,
    sequence: u64,
}

impl Runner {
    /// Asks the cell to stop at its next check point.
    pub fn ask_to_stop(&self) {
        // A runtime that does not read any more ends by the second interrupt.
        let _ = send(
            &self.sender,
            &ToRuntime::Interrupt {
                sequence: self.sequence,
            },
        );
    }

    /// Emits an output among those of the cell.
    pub fn emit(&self, output: Output) {
        self.streams.emit_in_order(output);
    }
}

/// Why a cell has no ordinary end.
#[derive(Debug)]
pub enum Died {
    /// The process ended.
    Ended(Ending),
    /// The object could not be loaded; the process lives.
    NotLoaded(String),
}

impl Process {
    /// Starts a runtime; it loads its libraries while the kernel goes on.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(start: &Start, running: &Running) -> anyhow::Result<Process> {
        let token = uuid::Uuid::new_v4().simple().to_string();
        let (control, theirs) = UnixStream::pair()?;
        let mut command = Command::new(start.command.first().context("no runtime command")?);
        command
            .args(&start.command[1..])
            .envs(start.environment.iter().map(|(key, value)| (key, value)))
            .env(CONTROL_ENV, CONTROL.to_string())
            .env(MARK_ENV, &token)
            .env(SOCKET_ENV, &start.channel)
            // By this crates know that they may print content markers.
            .env("EVCXR_IS_RUNTIME", "1")
            .env(LIBRARY_PATH, library_path(&start.libraries)?)
            .stdin(if blocked::can_be_seen() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let descriptor = theirs.as_raw_fd();
        // SAFETY: only calls that are allowed between fork and exec.
        unsafe {
            command.pre_exec(move || prepare(descriptor));
        }
        let (sender, started) = mpsc::channel();
        let (exit_sender, exit) = mpsc::channel();
        // The kernel that asks the system to be survived by nobody (`PR_SET_PDEATHSIG`) is, to
        // Linux, the thread that starts the process: this one lives exactly as long.
        let children = running.clone();
        std::thread::Builder::new()
            .name("cell runtime".into())
            .spawn(move || {
                let child = command.spawn();
                drop(theirs);
                match child {
                    Ok(mut child) => {
                        let group = child.id().cast_signed();
                        children.add(group, Role::Runtime);
                        let stdin = child.stdin.take().map(|pipe| Stdin::new(pipe.into()));
                        let pipes = child.stdout.take().zip(child.stderr.take());
                        let pipes = pipes.map(|(stdout, stderr)| (stdin, stdout, stderr));
                        // Without anybody to receive it the engine is gone: end the child below.
                        let _ = sender.send(Ok((group, pipes)));
                        wait_without_reaping(group);
                        children.remove(group);
                        let _ = exit_sender.send(child.wait().ok());
                    }
                    Err(error) => {
                        let _ = sender.send(Err(error));
                    }
                }
            })?;
        type Pipes = (Option<Stdin>, ChildStdout, ChildStderr);
        let (group, pipes): (i32, Option<Pipes>) = started
            .recv()?
            .context("cannot start the process that runs cells")?;
        let (stdin, stdout, stderr) = pipes.context("the runtime has no output pipes")?;
        let stdin = Arc::new(stdin.unwrap_or_default());
        let streams = Streams::start(stdout, stderr, stdin.clone(), &token)?;
        let folder = start.channel.parent().map(PathBuf::from);
        let sender = Arc::new(Mutex::new(control.try_clone()?));
        let mut process = Process {
            control,
            sender,
            streams,
            stdin,
            folder: folder.unwrap_or_default(),
            exit,
            group,
            running: running.clone(),
            sequence: 0,
            memory: memory::Watcher::start(group, running.clone()),
        };
        process.send(&ToRuntime::Preload {
            libraries: start.preload.clone(),
        })?;
        Ok(process)
    }

    fn send(&mut self, command: &ToRuntime) -> io::Result<()> {
        send(&self.sender, command)
    }

    /// The cell that will run next.
    pub fn next(&self) -> Runner {
        Runner {
            sender: self.sender.clone(),
            streams: self.streams.clone(),
            sequence: self.sequence + 1,
        }
    }

    /// What the process ended with, if it has ended while no cell ran.
    pub fn ended(&mut self) -> Option<Ending> {
        let status = self.exit.try_recv().ok()?;
        Some(self.ending(status))
    }

    fn ending(&self, status: Option<ExitStatus>) -> Ending {
        match self.memory.verdict() {
            Some(message) => Ending::OutOfMemory(message),
            None => Ending::of(status, &self.streams.last_words()),
        }
    }

    /// Drops variables.
    pub fn forget(&mut self, names: Vec<String>) {
        if !names.is_empty() {
            // A runtime that has died has forgotten them.
            let _ = self.send(&ToRuntime::Forget { names });
        }
    }

    /// Loads an object and runs it to its end; its outputs have all been emitted when this returns.
    ///
    /// # Errors
    /// When the process died, or could not load the object.
    pub fn run(&mut self, object: PathBuf, global: bool) -> Result<Done, Died> {
        self.execute(|sequence| ToRuntime::Run {
            object,
            global,
            sequence,
        })
    }

    /// The same for an object that evcxr has compiled, and its function of this name.
    ///
    /// # Errors
    /// As [`Process::run`].
    #[cfg(feature = "evcxr")]
    pub fn run_function(&mut self, object: PathBuf, function: String) -> Result<Done, Died> {
        self.execute(|sequence| ToRuntime::RunFunction {
            object,
            function,
            sequence,
        })
    }

    fn execute(&mut self, task: impl FnOnce(u64) -> ToRuntime) -> Result<Done, Died> {
        self.sequence += 1;
        let sequence = self.sequence;
        self.renew_stdin();
        let _watched = Watch::start(&self.streams, self.group);
        let _memory = self.memory.watch();
        let sent = self.send(&task(sequence));
        let answer = sent.and_then(|()| read_frame::<FromRuntime>(&mut self.control));
        match answer {
            Ok(Some(FromRuntime::Done(done))) => {
                self.streams.wait_for_end(sequence, Duration::from_secs(2));
                Ok(done)
            }
            Ok(Some(FromRuntime::NotLoaded { message })) => {
                self.streams.wait_for_end(sequence, Duration::from_secs(2));
                Err(Died::NotLoaded(message))
            }
            Ok(Some(FromRuntime::Delivered { .. }) | None) | Err(_) => {
                Err(Died::Ended(self.obituary()))
            }
        }
    }

    /// Hands a comm message over and waits until what listens to it has returned; its outputs have
    /// all been emitted then. False when the process has no library that knows comms.
    ///
    /// # Errors
    /// How the process ended, when it did.
    pub fn deliver(&mut self, delivery: Delivery) -> Result<bool, Ending> {
        self.sequence += 1;
        let sequence = self.sequence;
        let _memory = self.memory.watch();
        let buffers = delivery.comm.buffers.clone();
        let command = ToRuntime::Deliver {
            delivery: Box::new(delivery),
            sequence,
        };
        let sent = write_frame_with(&mut self.control, &command, &buffers);
        // What is too long to be sent was not sent at all; nobody listens to such a thing.
        if sent
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput)
        {
            return Ok(false);
        }
        match sent.and_then(|()| read_frame::<FromRuntime>(&mut self.control)) {
            Ok(Some(FromRuntime::Delivered { known })) => {
                self.streams.wait_for_end(sequence, Duration::from_secs(2));
                Ok(known)
            }
            _ => Err(self.obituary()),
        }
    }

    /// A standard input that ended for one cell is open again for the next.
    fn renew_stdin(&mut self) {
        if !blocked::can_be_seen() {
            return;
        }
        let renewed = match self.stdin.renew(&self.folder) {
            Ok(Some(path)) => self.send(&ToRuntime::Stdin { path }),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = renewed {
            tracing::warn!("standard input could not be opened again: {error}");
        }
    }

    /// What the process ended with. Its last output has been emitted when this returns.
    fn obituary(&mut self) -> Ending {
        // A runtime that hangs up without ending has nothing to live for.
        let status = self.exit.recv_timeout(Duration::from_secs(2)).or_else(|_| {
            self.running.kill(self.group);
            self.exit.recv_timeout(Duration::from_secs(5))
        });
        // Programs that the cell started may hold the pipes open for longer.
        self.streams
            .wait_for_end(u64::MAX, Duration::from_millis(300));
        self.ending(status.ok().flatten())
    }
}

/// Looks, while a cell runs, whether it waits for input.
/// Ends with the sender that it holds.
struct Watch {
    _running: Option<mpsc::Sender<()>>,
}

impl Watch {
    const INTERVAL: Duration = Duration::from_millis(50);

    fn start(streams: &Arc<Streams>, process: i32) -> Watch {
        if !blocked::can_be_seen() {
            return Watch { _running: None };
        }
        let streams = streams.clone();
        let (running, ended) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(Self::INTERVAL) {
                streams.ask_if_wanted(process);
            }
        });
        Watch {
            _running: Some(running),
        }
    }
}

fn send(socket: &Mutex<UnixStream>, command: &ToRuntime) -> io::Result<()> {
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    write_frame(&mut *socket, command)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.kill(self.group);
    }
}

#[cfg(target_os = "macos")]
const LIBRARY_PATH: &str = "DYLD_LIBRARY_PATH";
#[cfg(not(target_os = "macos"))]
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

fn library_path(first: &[PathBuf]) -> anyhow::Result<OsString> {
    let old = std::env::var_os(LIBRARY_PATH).unwrap_or_default();
    let paths = first.iter().cloned().chain(std::env::split_paths(&old));
    let paths = paths.filter(|path| !path.as_os_str().is_empty());
    std::env::join_paths(paths).context("a library folder has a colon in its name")
}

/// Runs in the child between fork and exec.
fn prepare(descriptor: i32) -> io::Result<()> {
    // SAFETY: plain system calls on our own process.
    unsafe {
        #[cfg(target_os = "linux")]
        {
            // Until the runtime handles the signal, it ends by it.
            libc::prctl(libc::PR_SET_PDEATHSIG, KERNEL_GONE);
            memory::offer_to_the_oom_killer();
        }
        // A crash is reported in the notebook; a core file in the user's folder helps nobody.
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        let placed = if descriptor == CONTROL {
            libc::fcntl(CONTROL, libc::F_SETFD, 0)
        } else {
            libc::dup2(descriptor, CONTROL)
        };
        if placed < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Blocks until the child has ended and leaves it a zombie, so that its number stays taken until no
/// kill can hit it any more.
fn wait_without_reaping(pid: i32) {
    loop {
        // SAFETY: an all-zero siginfo is a valid place to write to.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(
                libc::P_PID,
                pid.cast_unsigned(),
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        if result == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}
