//! Does what evcxr asks of its child process, in a runtime: loads an object, calls a function of it,
//! and answers with the lines that evcxr waits for.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::filter::Filter;
use super::folder::Folder;
use super::stop::Stop;
use crate::engine::direct::channel::Channel;
use crate::engine::direct::ending::Ending;
use crate::engine::direct::process::{Died, Process, Start};
use crate::engine::direct::streams::Streams;

/// What evcxr waits for after it has asked for a cell to be run.
const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
/// Tells evcxr that the cell has returned early: of its new variables there is none.
pub const RAISED: &str = "EVCXR_ERROR_OCCURRED";

/// Listens for the life of an engine; relay and runtime may change.
pub struct Link {
    socket: PathBuf,
    shared: Arc<Shared>,
    // After the sockets, which lie in it.
    _folder: Folder,
}

struct Shared {
    state: Mutex<State>,
    stop: Arc<Stop>,
    start: Start,
    channel: Channel,
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    streams: Option<Arc<Streams>>,
    filter: Option<Arc<Filter>>,
    /// How the last runtime ended.
    ending: Option<Ending>,
}

impl Link {
    /// `runtime` is the command that starts a runtime.
    ///
    /// # Errors
    /// When the sockets cannot be made.
    pub fn listen(folder: Folder, runtime: Vec<OsString>, stop: Arc<Stop>) -> io::Result<Link> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = folder.path().join(format!("evcxr-{number}"));
        let listener = UnixListener::bind(&socket)?;
        let channel = Channel::listen(&folder.path().join(format!("channel-{number}")))?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            stop,
            start: Start {
                command: runtime,
                channel: channel.path().to_owned(),
                // What evcxr links names its libraries by their paths.
                libraries: Vec::new(),
                preload: Vec::new(),
                environment: Vec::new(),
            },
            channel,
            closed: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        std::thread::Builder::new()
            .name("evcxr link".into())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Link {
            socket,
            shared,
            _folder: folder,
        })
    }

    /// Where relays connect.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where outputs go from now on.
    pub fn attach(&self, filter: Arc<Filter>) {
        let mut state = self.shared.state();
        if let Some(streams) = &state.streams {
            streams.attach(filter.clone());
        }
        state.filter = Some(filter);
        state.ending = None;
    }

    /// How the runtime ended; in evcxr's words when it was not a runtime that did.
    pub fn ending(&self, said: String) -> Ending {
        let ending = self.shared.state().ending.take();
        ending.unwrap_or(Ending::Other(said))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // Wakes the listening thread; if nobody listens any more, that is as good.
        drop(UnixStream::connect(&self.socket));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, listener: &UnixListener) {
        for connection in listener.incoming() {
            if self.closed.load(Ordering::Acquire) {
                return;
            }
            // A relay that hears nothing more ends, and evcxr says so.
            if let Err(error) = connection
                .map_err(Into::into)
                .and_then(|relay| self.serve(relay))
            {
                tracing::warn!("evcxr's cells cannot be run: {error:#}");
            }
        }
    }

    /// Runs evcxr's cells in a new runtime until the relay hangs up or the runtime ends.
    fn serve(&self, mut relay: UnixStream) -> anyhow::Result<()> {
        let mut process = Process::start(&self.start, self.stop.running())?;
        self.channel.attach(process.streams.clone());
        {
            let mut state = self.state();
            if let Some(filter) = &state.filter {
                process.streams.attach(filter.clone());
            }
            state.streams = Some(process.streams.clone());
        }
        for line in BufReader::new(relay.try_clone()?).lines() {
            let line = line?;
            let words: Vec<&str> = line.split(' ').collect();
            let ["LOAD_AND_RUN", object, function] = words[..] else {
                anyhow::bail!("evcxr asked for {line:?}");
            };
            let Some(mut answer) = self.run(&mut process, object, function) else {
                return Ok(());
            };
            answer.push(COMPLETE.to_owned());
            writeln!(relay, "{}", answer.join("\n"))?;
        }
        Ok(())
    }

    /// Runs one cell; what evcxr is to read about it, or nothing when the runtime has ended.
    fn run(&self, process: &mut Process, object: &str, function: &str) -> Option<Vec<String>> {
        self.stop.compiles_to(Path::new(object));
        if !self.stop.begin_run() {
            return Some(vec![RAISED.to_owned()]);
        }
        let filter = self.state().filter.clone();
        if let Some(filter) = &filter {
            filter.begin_run();
        }
        let ran = process.run_function(object.into(), function.to_owned());
        self.stop.end_run();
        let ending = match ran {
            Ok(_) => return Some(filter.map(|filter| filter.told()).unwrap_or_default()),
            Err(Died::Ended(ending)) => ending,
            Err(Died::NotLoaded(message)) => {
                Ending::Other(format!("the compiled cell could not be loaded: {message}"))
            }
        };
        self.state().ending = Some(ending);
        None
    }
}
