//! The engine that drives rustc straight: a cell becomes one small shared object, compiled against
//! the prebuilt library and loaded into a runtime process that keeps the variables.

mod analyst;
mod blocked;
pub(super) mod channel;
mod commands;
mod compile;
mod dependencies;
mod diagnostics;
pub(super) mod ending;
mod execute;
mod expand;
mod explain;
mod generate;
mod linking;
mod markers;
mod memory;
pub(super) mod process;
mod replay;
pub(super) mod running;
mod rustc;
pub(super) mod session;
mod stdin;
pub(super) mod streams;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use self::analyst::DirectAnalyst;
use self::channel::Channel;
use self::dependencies::Dependencies;
use self::notebook::Notebook;
use self::process::{Process, Start};
use self::replay::Replay;
use self::running::Running;
use self::rustc::{Compiler, Diagnostic, Toolchain};
use super::{
    Analyst, Bundle, Cell, Delivery, Engine, Frontend, Interrupter, Outcome, Output, Variable,
};
use crate::cell::notebook;
use crate::library::Library;

pub use self::commands::{COMMANDS, CommandInfo};
pub(crate) use self::compile::write_whole;
pub(crate) use self::explain::short_type;

/// How a [`DirectEngine`] is set up.
#[derive(Clone)]
pub struct Options {
    /// Program and arguments that start a process in [`crate::runtime::main`].
    pub runtime: Vec<OsString>,
    /// Where compiled cells are kept between sessions; `None` keeps them for this session only.
    pub cache: Option<PathBuf>,
    /// Answers `:doc`.
    pub documentation: Option<Documentation>,
    /// Where it is kept which cells a notebook needs, for `:replay` after a restart.
    pub sessions: Option<PathBuf>,
}

/// What is known about a name.
pub type Documentation = Arc<dyn Fn(&str) -> Option<Bundle> + Send + Sync>;

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("runtime", &self.runtime)
            .field("cache", &self.cache)
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// This very program with the hidden subcommand `runtime`, and the user's cache folder.
    ///
    /// # Errors
    /// When the system does not say which program this is.
    pub fn for_this_program() -> anyhow::Result<Options> {
        let program = std::env::current_exe().context("cannot find the kernel's own program")?;
        Ok(Options {
            runtime: vec![program.into(), "runtime".into()],
            cache: session::default_cache(),
            documentation: None,
            sessions: crate::paths::data_dir()
                .ok()
                .map(|folder| folder.join("sessions")),
        })
    }
}

/// The level at which a cell is the user's to keep fast: it gets no check points.
const FULL_OPTIMIZATION: u8 = 3;
/// The folder of what `:dep` built, in the cache.
const DEPENDENCIES: &str = "deps";
/// The session's folder of links to the shared objects of its dependencies.
const ADDED: &str = "libraries";

/// Settings that commands change.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    /// rustc's level; `None` decides for each cell.
    optimization: Option<u8>,
    timing: bool,
    /// Whether cargo may not use the network.
    offline: bool,
}

/// Where a cell's time went.
#[derive(Debug, Default)]
struct Timing {
    parse: Duration,
    /// Finding out types, while the cell compiles.
    probe: Duration,
    compile: Duration,
    link: Duration,
    cached: bool,
    load: Duration,
    run: Duration,
    total: Duration,
}

/// Compiles cells with rustc and runs them in a process of their own.
pub struct DirectEngine {
    compiler: Compiler,
    notebook: Notebook,
    // Before the session's folder, which it uses to the last.
    process: Option<Process>,
    channel: Channel,
    start: Start,
    settings: Settings,
    documentation: Option<Documentation>,
    /// A library that this rustc cannot read, and whether the user knows.
    outdated: Option<Library>,
    told_outdated: bool,
    /// Gets a word when the library's sources have changed.
    stale: mpsc::Receiver<()>,
    /// rustc's errors about the last cell that did not compile.
    last_errors: Vec<Diagnostic>,
    replay: Replay,
    cache: PathBuf,
    session: TempDir,
}

impl DirectEngine {
    /// Finds the toolchain, makes the session's folder and starts the first runtime.
    ///
    /// # Errors
    /// When there is no rustc, no writable folder, or no process to be had.
    pub fn new(library: Library, options: Options) -> anyhow::Result<DirectEngine> {
        let toolchain = Toolchain::find()?;
        // A notebook can do something about that: `:reload`.
        let (library, outdated) = match library.check(&toolchain.version) {
            Ok(()) => (library, None),
            Err(_) => (Library::none(), Some(library)),
        };
        let session = session::folder()?;
        let (cache, support) = match options.cache {
            Some(cache) => match session::support(&toolchain, &cache) {
                Ok(support) => (cache, support),
                // A cache that cannot be written is no reason to have no notebook.
                Err(_) => {
                    let cache = session.path().join("cache");
                    let support = session::support(&toolchain, &cache)?;
                    (cache, support)
                }
            },
            None => {
                let cache = session.path().join("cache");
                let support = session::support(&toolchain, &cache)?;
                (cache, support)
            }
        };
        let sweeping = cache.clone();
        std::thread::spawn(move || {
            session::sweep_cache(&sweeping);
            dependencies::sweep(&sweeping.join(DEPENDENCIES));
        });
        let channel = Channel::listen(&session.path().join("channel"))?;
        // Filled by `:dep`; the dynamic linker learns of folders when the process starts.
        std::fs::create_dir(session.path().join(ADDED))?;
        let start = Start {
            command: options.runtime,
            channel: channel.path().to_owned(),
            libraries: Vec::new(),
            preload: Vec::new(),
            environment: Vec::new(),
        };
        let replay = Replay::open(options.sessions.as_deref());
        let mut notebook = Notebook::default();
        for name in replay.variables_before() {
            notebook
                .gone
                .insert(name.to_owned(), explain::before_restart(name));
        }
        let stale = watch_sources(&library);
        let mut engine = DirectEngine {
            compiler: Compiler {
                toolchain,
                library,
                support,
                running: Running::default(),
                stopwatch: None,
                dependencies: Dependencies::default(),
                environment: Vec::new(),
            },
            notebook,
            process: None,
            channel,
            start,
            settings: Settings::default(),
            documentation: options.documentation,
            outdated,
            told_outdated: false,
            stale,
            last_errors: Vec::new(),
            replay,
            cache,
            session,
        };
        engine.look_for_libraries();
        engine.start_process()?;
        Ok(engine)
    }

    /// Tells the processes that will be started what to load.
    fn look_for_libraries(&mut self) {
        let Compiler {
            toolchain,
            library,
            support,
            ..
        } = &self.compiler;
        let mut libraries = vec![toolchain.libraries.clone()];
        libraries.extend(support.parent().map(PathBuf::from));
        libraries.extend(library.dependencies().map(PathBuf::from));
        libraries.push(self.session.path().join(ADDED));
        let mut preload: Vec<PathBuf> = library.preload().map(PathBuf::from).into_iter().collect();
        preload.push(support.clone());
        self.start.libraries = libraries;
        self.start.preload = preload;
    }

    /// Says once what `:reload` would be good for.
    fn notice_what_is_old(&mut self, frontend: &Arc<dyn Frontend>) {
        let note = |text: &str| {
            frontend.emit(Output::Stderr(format!("note: {text}\n").into_bytes()));
        };
        if let Some(outdated) = &self.outdated
            && !self.told_outdated
        {
            self.told_outdated = true;
            note(&explain::outdated(
                outdated,
                &self.compiler.toolchain.version,
            ));
        }
        if self.stale.try_recv().is_ok() {
            note(
                "the sources of the lessons library have changed since it was built; `:reload` \
                 builds it anew",
            );
        }
    }

    fn start_process(&mut self) -> anyhow::Result<&mut Process> {
        let process = match self.process.take() {
            Some(process) => process,
            None => {
                let process = Process::start(&self.start, &self.compiler.running)?;
                self.channel.attach(process.streams.clone());
                process
            }
        };
        Ok(self.process.insert(process))
    }

    /// A runtime that ended between two cells is replaced before the next one counts on it.
    fn notice_a_dead_process(&mut self, frontend: &Arc<dyn Frontend>) {
        let Some(ending) = self.process.as_mut().and_then(Process::ended) else {
            return;
        };
        let lost = self.stop_process("the process that runs cells ended");
        let text = format!("note: {}. {}\n", ending.words(), explain::loss(&lost));
        frontend.emit(Output::Stderr(text.into_bytes()));
    }

    /// Ends the runtime, and with it every variable and the memory of every static.
    fn stop_process(&mut self, reason: &str) -> Vec<String> {
        self.process = None;
        self.lose();
        self.notebook.lose_memory(reason)
    }
}

/// Compares the library with its sources, off the way of the first cells.
fn watch_sources(library: &Library) -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    let library = library.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        if !library.is_fresh() {
            // The engine may be gone.
            let _ = sender.send(());
        }
    });
    receiver
}

impl Engine for DirectEngine {
    fn run(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome {
        self.compiler.running.begin();
        let outcome = self.run_cell(cell, &frontend);
        self.compiler.running.finish();
        outcome.unwrap_or_else(|error| Outcome::Failed(explain::kernel_error(&error)))
    }

    fn deliver(&mut self, delivery: Delivery, frontend: Arc<dyn Frontend>) -> bool {
        let Some(process) = &mut self.process else {
            return false;
        };
        let running = &self.compiler.running;
        running.begin();
        running.begin_run(
            process.next(),
            self.notebook.variables.keys().cloned().collect(),
        );
        // What threads of an earlier cell print later still belongs to that cell.
        let before = process.streams.frontend();
        process.streams.attach(frontend.clone());
        let delivered = process.deliver(delivery);
        if let Some(before) = before {
            process.streams.attach(before);
        }
        self.compiler.running.finish();
        delivered.unwrap_or_else(|ending| {
            let lost = self.stop_process("a widget's callback ended the process that runs cells");
            let text = format!(
                "In a widget's callback, {}.\n{}\n",
                ending.words(),
                explain::loss(&lost)
            );
            frontend.emit(Output::Stderr(text.into_bytes()));
            false
        })
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(self.compiler.running.clone())
    }

    fn variables(&self) -> Vec<Variable> {
        let variables = self.notebook.variables.iter();
        variables
            .map(|(name, variable)| Variable {
                name: name.clone(),
                ty: explain::short_type(&variable.ty),
            })
            .collect()
    }

    fn items(&self) -> Vec<String> {
        self.notebook.titles()
    }

    fn analyst(&self) -> Option<Arc<dyn Analyst>> {
        let folder = self.session.path().join("analyst");
        let analyst = DirectAnalyst::new(&self.compiler, &self.notebook, folder);
        Some(Arc::new(analyst))
    }
}
