//! The process in which cells run.
//!
//! It loads what the kernel names and calls it, one cell after another, on its main thread. Only this
//! process runs user code: when it dies, the kernel lives. `support/` holds the crate `lessons_cell`,
//! which the user's rustc compiles and every cell links; the variables live there.

mod interrupts;
mod orphans;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod overflow;

use std::collections::HashMap;
use std::ffi::c_void;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use lessons_channel::{COMM_ENTRY, Delivery, read_frame_with, write_frame, write_frame_with};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};
use serde::{Deserialize, Serialize};

use self::interrupts::Interrupts;
use self::orphans::Estate;

/// The number of the control socket's descriptor.
pub(crate) const CONTROL_ENV: &str = "LESSONS_CONTROL";
/// The random token in the marks on standard output.
pub(crate) const MARK_ENV: &str = "LESSONS_MARK";

/// How the names of sessions' folders begin.
pub(crate) const SESSION_PREFIX: &str = "lessons-kernel.";

/// What Linux sends to a runtime whose kernel has ended (`PR_SET_PDEATHSIG`), even to one whose
/// threads are all stuck.
#[cfg(target_os = "linux")]
pub(crate) const KERNEL_GONE: libc::c_int = libc::SIGHUP;

/// From the kernel to the runtime.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToRuntime {
    /// Load libraries that cells will need, the support crate last.
    Preload {
        libraries: Vec<PathBuf>,
    },
    Run {
        object: PathBuf,
        global: bool,
        sequence: u64,
    },
    /// Load an object that evcxr has compiled and call its function of this name.
    #[cfg(feature = "evcxr")]
    RunFunction {
        object: PathBuf,
        function: String,
        sequence: u64,
    },
    Forget {
        names: Vec<String>,
    },
    /// Read standard input from this named pipe from now on.
    Stdin {
        path: PathBuf,
    },
    /// The cell of this number is to stop at its next check point.
    Interrupt {
        sequence: u64,
    },
    /// Call what listens to a comm. The message's buffers are the frame's parts.
    Deliver {
        delivery: Box<Delivery>,
        sequence: u64,
    },
}

/// From the runtime to the kernel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromRuntime {
    Done(Done),
    /// The object could not be loaded.
    NotLoaded {
        message: String,
    },
    /// What listens has returned; `known` when there is a library that knows comms.
    Delivered {
        known: bool,
    },
}

impl FromRuntime {
    fn of(ran: Result<Done, libloading::Error>) -> FromRuntime {
        match ran {
            Ok(done) => FromRuntime::Done(done),
            Err(error) => FromRuntime::NotLoaded {
                // With what the dynamic linker says of it.
                message: format!("{:#}", anyhow::Error::from(error)),
            },
        }
    }
}

/// How a cell ended, as the support crate reports it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Empty for success; otherwise the kind, the message, and the place: file, line, column.
    pub report: Vec<String>,
    /// The names of all live variables.
    pub variables: Vec<String>,
    pub load_seconds: f64,
    pub run_seconds: f64,
}

/// The sources of the crate `lessons_cell`, by file name.
pub const SUPPORT: [(&str, &str); 8] = [
    ("lib.rs", include_str!("support/lib.rs")),
    ("debug.rs", include_str!("support/debug.rs")),
    ("frame.rs", include_str!("support/frame.rs")),
    ("interrupt.rs", include_str!("support/interrupt.rs")),
    ("pieces.rs", include_str!("support/pieces.rs")),
    ("shown.rs", include_str!("support/shown.rs")),
    ("store.rs", include_str!("support/store.rs")),
    ("waiting.rs", include_str!("support/waiting.rs")),
];

/// The hidden subcommand `lessons-kernel runtime`: runs cells until the kernel hangs up.
pub fn main() -> ExitCode {
    let descriptor = std::env::var(CONTROL_ENV)
        .ok()
        .and_then(|text| text.parse::<RawFd>().ok());
    let Some(descriptor) = descriptor else {
        eprintln!("lessons-kernel runtime is started by the kernel, not by hand");
        return ExitCode::FAILURE;
    };
    // SAFETY: the kernel made this descriptor for us alone; programs that a cell starts must not
    // inherit it.
    let control = unsafe {
        libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
        UnixStream::from_raw_fd(descriptor)
    };
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::remove_var(CONTROL_ENV);
    }
    orphans::end_with_the_kernel();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    overflow::watch();
    match serve(control) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the cell runtime ends: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(mut control: UnixStream) -> std::io::Result<()> {
    let mut incoming = control.try_clone()?;
    let estate = Estate::note();
    let (sender, receiver) = mpsc::channel();
    let interrupts = Arc::new(Interrupts::default());
    let asked = interrupts.clone();
    std::thread::spawn(move || {
        while let Ok(Some((mut command, parts))) = read_frame_with(&mut incoming) {
            if let ToRuntime::Deliver { delivery, .. } = &mut command {
                delivery.comm.buffers = parts;
            }
            match command {
                ToRuntime::Interrupt { sequence } => asked.ask(sequence),
                command => {
                    if sender.send(command).is_err() {
                        return;
                    }
                }
            }
        }
        // The kernel is gone, however it went: a cell that still runs has nobody to run for.
        estate.settle();
    });
    let mut loader = Loader::default();
    for command in receiver {
        match command {
            ToRuntime::Preload { libraries } => {
                for library in libraries {
                    // What is missing here is named again when a cell needs it.
                    if let Ok(library) = open(&library, true) {
                        loader.preloaded.push(library);
                    }
                }
                interrupts.connect(loader.preloaded.last());
            }
            ToRuntime::Run {
                object,
                global,
                sequence,
            } => {
                interrupts.begin(sequence);
                let answer = loader.run(&object, global);
                interrupts.end();
                write_marks(sequence);
                write_frame(&mut control, &FromRuntime::of(answer))?;
            }
            #[cfg(feature = "evcxr")]
            ToRuntime::RunFunction {
                object,
                function,
                sequence,
            } => {
                let answer = loader.run_function(&object, &function);
                write_marks(sequence);
                write_frame(&mut control, &FromRuntime::of(answer))?;
            }
            ToRuntime::Stdin { path } => {
                if let Err(error) = read_from(&path) {
                    eprintln!("standard input could not be opened again: {error}");
                }
            }
            ToRuntime::Forget { names } => {
                for name in names {
                    loader.forget(&name);
                }
            }
            ToRuntime::Interrupt { .. } => {}
            ToRuntime::Deliver { delivery, sequence } => {
                interrupts.begin(sequence);
                let known = loader.deliver(&delivery);
                interrupts.end();
                write_marks(sequence);
                write_frame(&mut control, &FromRuntime::Delivered { known })?;
            }
        }
    }
    Ok(())
}

/// Puts a named pipe in the place of standard input.
fn read_from(path: &Path) -> std::io::Result<()> {
    // A kernel that has closed it meanwhile is not waited for.
    let pipe = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    // Nobody else is to read from it.
    std::fs::remove_file(path)?;
    // SAFETY: changes our own descriptors.
    let done = unsafe {
        let flags = libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags & !libc::O_NONBLOCK);
        libc::dup2(pipe.as_raw_fd(), 0)
    };
    if done < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

/// Loaded objects; none is ever unloaded, since values point into their code.
#[derive(Default)]
struct Loader {
    /// The support crate last.
    preloaded: Vec<Library>,
    cells: HashMap<PathBuf, Library>,
    /// The store in which the cells that evcxr compiles keep their variables: theirs alone.
    #[cfg(feature = "evcxr")]
    store: Store,
}

#[cfg(feature = "evcxr")]
struct Store(*mut c_void);

#[cfg(feature = "evcxr")]
impl Default for Store {
    /// The first cell makes one.
    fn default() -> Store {
        Store(std::ptr::null_mut())
    }
}

fn open(path: &Path, global: bool) -> Result<Library, libloading::Error> {
    let scope = if global { RTLD_GLOBAL } else { RTLD_LOCAL };
    // SAFETY: loading runs the object's initializers. It was compiled from a cell, or is the
    // library the user installed: running its code is what this process is for.
    unsafe { Library::open(Some(path), RTLD_NOW | scope) }
}

impl Loader {
    fn run(&mut self, object: &Path, global: bool) -> Result<Done, libloading::Error> {
        let begin = Instant::now();
        if !self.cells.contains_key(object) {
            self.cells.insert(object.to_owned(), open(object, global)?);
        }
        let library = &self.cells[object];
        // SAFETY: the generated code defines the entry with this very signature.
        let entry = unsafe { library.get::<extern "C" fn()>(b"lessons_cell_entry")? };
        let load_seconds = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        entry();
        let run_seconds = begin.elapsed().as_secs_f64();
        let (report, variables) = self.report()?;
        Ok(Done {
            report,
            variables,
            load_seconds,
            run_seconds,
        })
    }

    /// Calls a function of an object that evcxr has compiled. How the cell ended is told on standard
    /// output, in evcxr's own way.
    #[cfg(feature = "evcxr")]
    fn run_function(&mut self, object: &Path, function: &str) -> Result<Done, libloading::Error> {
        type Entry = unsafe extern "C" fn(*mut c_void) -> *mut c_void;
        let begin = Instant::now();
        let library = open(object, false)?;
        // SAFETY: evcxr generates the function with this very signature.
        let entry = unsafe { library.get::<Entry>(function.as_bytes())? };
        let load_seconds = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        // SAFETY: the store is what the function before has returned, or null for the first.
        self.store = Store(unsafe { entry(self.store.0) });
        let run_seconds = begin.elapsed().as_secs_f64();
        self.cells.insert(object.to_owned(), library);
        Ok(Done {
            load_seconds,
            run_seconds,
            ..Done::default()
        })
    }

    fn report(&self) -> Result<(Vec<String>, Vec<String>), libloading::Error> {
        type Receive = extern "C" fn(*mut c_void, *const u8, usize);
        extern "C" fn receive(context: *mut c_void, text: *const u8, length: usize) {
            // SAFETY: `context` is the vector below, which outlives the call; `text` points at
            // `length` bytes that live during the call.
            unsafe {
                let bytes = std::slice::from_raw_parts(text, length);
                (*context.cast::<Vec<u8>>()).extend_from_slice(bytes);
            }
        }
        let mut bytes: Vec<u8> = Vec::new();
        if let Some(support) = self.preloaded.last() {
            // SAFETY: the support crate defines the function with this very signature.
            let report = unsafe {
                support.get::<extern "C" fn(*mut c_void, Receive)>(b"lessons_cell_report")?
            };
            report((&raw mut bytes).cast(), receive);
        }
        let mut rest = bytes.as_slice();
        let report = read_list(&mut rest).unwrap_or_default();
        let variables = read_list(&mut rest).unwrap_or_default();
        Ok((report, variables))
    }

    /// Calls the library's function for comms; false when no library has one.
    fn deliver(&self, delivery: &Delivery) -> bool {
        let mut frame = Vec::new();
        if write_frame_with(&mut frame, delivery, &delivery.comm.buffers).is_err() {
            return false;
        }
        for library in &self.preloaded {
            // SAFETY: the library defines the function with this very signature, and the frame
            // outlives the call.
            unsafe {
                if let Ok(entry) =
                    library.get::<unsafe extern "C" fn(*const u8, usize)>(COMM_ENTRY.as_bytes())
                {
                    entry(frame.as_ptr(), frame.len());
                    return true;
                }
            }
        }
        false
    }

    fn forget(&self, name: &str) {
        let Some(support) = self.preloaded.last() else {
            return;
        };
        // SAFETY: the support crate defines the function with this very signature, and the name
        // outlives the call.
        unsafe {
            if let Ok(forget) =
                support.get::<unsafe extern "C" fn(*const u8, usize)>(b"lessons_cell_forget")
            {
                forget(name.as_ptr(), name.len());
            }
        }
    }
}

/// Reads a count and that many netstrings.
fn read_list(rest: &mut &[u8]) -> Option<Vec<String>> {
    let number = |rest: &mut &[u8]| {
        let colon = rest.iter().position(|&byte| byte == b':')?;
        let number: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
        *rest = &rest[colon + 1..];
        Some(number)
    };
    let count = number(rest)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let length = number(rest)?;
        let field = rest.get(..length)?;
        list.push(String::from_utf8_lossy(field).into_owned());
        *rest = &rest[length..];
    }
    Some(list)
}

/// Tells the kernel, in the streams themselves, that the cell's output ends here.
fn write_marks(sequence: u64) {
    let token = std::env::var(MARK_ENV).unwrap_or_default();
    let mark = format!("\0lessons:{token}:end:{sequence}\n");
    for descriptor in [1, 2] {
        let mut rest = mark.as_bytes();
        while !rest.is_empty() {
            // SAFETY: writes from a live buffer.
            let written = unsafe { libc::write(descriptor, rest.as_ptr().cast(), rest.len()) };
            match usize::try_from(written) {
                Ok(written) if written > 0 => rest = &rest[written..],
                // The cell closed the stream; the kernel does not wait for ever.
                _ => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_back() {
        let mut rest = "2:5:panic3:a:b1:1:x".as_bytes();
        assert_eq!(read_list(&mut rest).unwrap(), ["panic", "a:b"]);
        assert_eq!(read_list(&mut rest).unwrap(), ["x"]);
        assert_eq!(read_list(&mut rest), None);
    }

    #[test]
    fn an_object_that_cannot_be_loaded_is_named_with_the_reason() {
        let error = open(Path::new("/nowhere/cell.so"), false).err().unwrap();
        let FromRuntime::NotLoaded { message } = FromRuntime::of(Err(error)) else {
            panic!("it was loaded")
        };
        assert!(message.contains("/nowhere/cell.so"), "{message}");
    }

    #[test]
    fn a_lying_report_is_refused() {
        assert_eq!(read_list(&mut "1:99:x".as_bytes()), None);
    }
}
