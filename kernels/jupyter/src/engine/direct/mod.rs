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

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::Context;
use tempfile::TempDir;

use self::analyst::DirectAnalyst;
use self::channel::Channel;
use self::compile::{Compiled, Failure, Lost};
use self::dependencies::{Dependencies, Runtime};
use self::diagnostics::Translator;
use self::generate::{Form, Generator};
use self::notebook::{LiveVariable, Notebook};
use self::process::{Died, Process, Start};
use self::replay::{Contribution, Replay};
use self::running::Running;
use self::rustc::{Compiler, Diagnostic, Toolchain};
use super::{
    Analyst, Bundle, Cell, CellError, Delivery, Engine, Frontend, Interrupter, Outcome, Output,
    Variable,
};
use crate::cell::{Await, ParseError, ParsedCell, notebook, parse};
use crate::library::Library;
use crate::runtime::Done;

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

    fn run_cell(&mut self, cell: &Cell, frontend: &Arc<dyn Frontend>) -> anyhow::Result<Outcome> {
        let begin = Instant::now();
        let mut timing = Timing::default();
        let parsed = parse(&cell.code);
        timing.parse = begin.elapsed();
        let (mut parsed, form) = match parsed {
            Ok(parsed) => (parsed, Form::Parsed),
            Err(error) => unreadable(&cell.code, &error),
        };
        if let Err(error) = self.commands(&parsed.commands, frontend) {
            return Ok(Outcome::Failed(error));
        }
        let empty =
            parsed.items.is_empty() && parsed.statements.is_empty() && parsed.trailing.is_none();
        if form == Form::Parsed && empty {
            self.contribute_commands(&parsed);
            return Ok(Outcome::Done);
        }

        self.notice_what_is_old(frontend);
        self.notice_a_dead_process(frontend);
        if !parsed.calls.is_empty() {
            let expansions = self.expand_calls(&parsed)?;
            parsed.settle_calls(&expansions);
        }
        let mut next = self.notebook.clone();
        let redefined = next.define(&parsed);
        for name in &redefined.dropped {
            next.variables.remove(name);
            let reason = format!("`{name}` was dropped because its type was redefined.");
            next.gone.insert(name.clone(), reason);
        }
        let crates = self.compiler.crates();
        let runtime = match self.runtime_for(&parsed) {
            Ok(runtime) => runtime,
            Err(error) => return Ok(Outcome::Failed(error)),
        };
        let mut generator = Generator {
            notebook: &next,
            cell: &parsed,
            form,
            interruptible: self.settings.optimization != Some(FULL_OPTIMIZATION),
            crates: &crates,
            runtime: runtime.as_ref(),
        };
        self.compiler.running.begin_compiling();
        let measured = self.settings.timing;
        let stopwatch = measured.then(|| linking::Stopwatch::new(self.session.path()));
        // Without one, the linker's time counts as the compiler's.
        self.compiler.stopwatch = stopwatch.and_then(Result::ok);
        let mut compiled = self.compile(&generator)?;
        let awaiting;
        if let Err(Failure::Errors(_, errors)) = &compiled
            && errors
                .iter()
                .any(|error| error.code() == Some(explain::NOT_ASYNC))
            && runtime.is_some()
            && parsed.awaits.is_none()
        {
            // A macro waits, which its call does not show.
            awaiting = ParsedCell {
                awaits: Some(Await::default()),
                ..parsed.clone()
            };
            generator.cell = &awaiting;
            compiled = self.compile(&generator)?;
        }
        let revived: BTreeMap<String, LiveVariable> = generator
            .revived()
            .into_iter()
            .map(|(name, variable)| (name.to_owned(), variable.clone()))
            .collect();
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(Failure::Interrupted) => {
                return Ok(Outcome::Failed(explain::interrupted_compiling()));
            }
            Err(Failure::Errors(unit, errors)) => {
                let not_async = errors
                    .iter()
                    .any(|error| error.code() == Some(explain::NOT_ASYNC));
                let error = match &parsed.awaits {
                    Some(awaits) if not_async && runtime.is_none() => {
                        explain::no_runtime(&parsed.text, awaits.at.start)
                    }
                    _ => explain::errors(&unit, &errors, &self.notebook),
                };
                self.last_errors = errors;
                return Ok(Outcome::Failed(error));
            }
        };
        timing.probe = compiled.probe;
        timing.compile = compiled.compile.saturating_sub(compiled.link);
        timing.link = compiled.link;
        timing.cached = compiled.cached;
        if let Some(refused) = explain::refusal(&parsed, &compiled.verdict) {
            return Ok(Outcome::Failed(refused));
        }
        for name in &redefined.reset {
            let note = format!("note: the static `{name}` starts anew: its type was redefined\n");
            frontend.emit(Output::Stderr(note.into_bytes()));
        }
        for name in &redefined.dropped {
            let note = format!("note: the variable `{name}` was dropped: its type was redefined\n");
            frontend.emit(Output::Stderr(note.into_bytes()));
        }
        let contribution = Contribution::of(&generator, &compiled);
        self.notebook = next;
        self.warn(&compiled, frontend);
        let fresh_statics = compiled.unit.defines_statics.clone();
        let outcome = self.run_compiled(
            &parsed,
            &redefined.dropped,
            &revived,
            compiled,
            frontend,
            &mut timing,
        )?;
        let fresh = self.notebook.static_names(&fresh_statics);
        self.contribute(&parsed, contribution, &fresh, outcome == Outcome::Done);
        timing.total = begin.elapsed();
        if self.settings.timing {
            frontend.emit(Output::Stdout(commands::timing(&timing).into_bytes()));
        }
        Ok(outcome)
    }

    fn compile(&self, generator: &Generator<'_>) -> anyhow::Result<Result<Compiled, Failure>> {
        compile::compile(
            &self.compiler,
            generator,
            self.settings.optimization,
            &self.cache,
            self.session.path(),
        )
    }

    /// What runs the futures of a cell that may need it.
    ///
    /// # Errors
    /// When the cell waits for a future and nothing can run it.
    fn runtime_for(&self, cell: &ParsedCell) -> Result<Option<Runtime>, CellError> {
        let runtime = self.compiler.dependencies.runtime();
        match &cell.awaits {
            Some(awaits) if awaits.certain && runtime.is_none() => {
                Err(explain::no_runtime(&cell.text, awaits.at.start))
            }
            _ => Ok(runtime),
        }
    }

    fn expand_calls(&self, parsed: &ParsedCell) -> anyhow::Result<Vec<Option<String>>> {
        let mut notebook = self.notebook.clone();
        notebook.define(parsed);
        let crates = self.compiler.crates();
        let generator = Generator {
            notebook: &notebook,
            cell: parsed,
            form: Form::Parsed,
            interruptible: false,
            crates: &crates,
            runtime: None,
        };
        expand::expand(&self.compiler, &generator, &self.cache, self.session.path())
    }

    fn warn(&self, compiled: &Compiled, frontend: &Arc<dyn Frontend>) {
        let translator = Translator {
            unit: &compiled.unit,
        };
        for warning in &compiled.verdict.warnings {
            let here = translator
                .primary(warning)
                .is_some_and(|place| place.cell.current);
            if here && warning.level == "warning" {
                let text = format!("{}\n", translator.render(warning, &[]));
                frontend.emit(Output::Stderr(text.into_bytes()));
            }
        }
    }

    fn run_compiled(
        &mut self,
        parsed: &ParsedCell,
        dropped: &[String],
        revived: &BTreeMap<String, LiveVariable>,
        compiled: Compiled,
        frontend: &Arc<dyn Frontend>,
        timing: &mut Timing,
    ) -> anyhow::Result<Outcome> {
        let before: Vec<String> = self.notebook.variables.keys().cloned().collect();
        let running = self.compiler.running.clone();
        let process = self.start_process()?;
        process.streams.attach(frontend.clone());
        process.forget(dropped.to_vec());
        if !running.begin_run(process.next(), before.clone()) {
            return Ok(Outcome::Failed(explain::interrupted_compiling()));
        }
        let global = !compiled.unit.defines_statics.is_empty();
        let done = match process.run(compiled.object.clone(), global) {
            Ok(done) => done,
            Err(Died::NotLoaded(message)) => {
                anyhow::bail!("the compiled cell could not be loaded: {message}")
            }
            Err(Died::Ended(ending)) => {
                let interrupted = self.compiler.running.insisted();
                let reason = if interrupted {
                    "a cell was interrupted"
                } else {
                    "a cell ended its process"
                };
                let lost = self.stop_process(reason);
                return Ok(Outcome::Failed(explain::died(&ending, interrupted, &lost)));
            }
        };
        timing.load = Duration::from_secs_f64(done.load_seconds);
        timing.run = Duration::from_secs_f64(done.run_seconds);
        self.notebook
            .loaded_statics
            .extend(compiled.unit.defines_statics.iter().cloned());
        self.remember(parsed, revived, &compiled, &done);
        let lost: Vec<String> = before
            .into_iter()
            .filter(|name| !self.notebook.variables.contains_key(name))
            .collect();
        Ok(explain::outcome(&done, &parsed.text, &lost))
    }

    /// Takes over which variables live now.
    fn remember(
        &mut self,
        parsed: &ParsedCell,
        revived: &BTreeMap<String, LiveVariable>,
        compiled: &Compiled,
        done: &Done,
    ) {
        let verdict = &compiled.verdict;
        let completed = done.report.is_empty();
        let mut forgotten = Vec::new();
        if completed {
            for declared in &parsed.declared {
                let name = &declared.name;
                self.notebook.variables.remove(name);
                self.notebook.gone.remove(name);
                self.notebook.vacant.remove(name);
                if let Some(ty) = verdict.vacant.get(name) {
                    let variable = LiveVariable {
                        ty: ty.clone(),
                        mutable: declared.mutable,
                    };
                    self.notebook.vacant.insert(name.clone(), variable);
                }
                if let Some(ty) = verdict.types.get(name) {
                    let variable = LiveVariable {
                        ty: ty.clone(),
                        mutable: declared.mutable,
                    };
                    self.notebook.variables.insert(name.clone(), variable);
                } else if let Some(&reason) = verdict.reasons.get(name)
                    && reason != Lost::Absent
                {
                    self.notebook
                        .gone
                        .insert(name.clone(), explain::why_gone(name, reason));
                    forgotten.push(name.clone());
                }
            }
        }
        for (name, variable) in revived {
            if done.variables.contains(name) {
                self.notebook.vacant.remove(name);
                self.notebook.gone.remove(name);
                self.notebook
                    .variables
                    .insert(name.clone(), variable.clone());
            }
        }
        for name in verdict.moved() {
            let redeclared = parsed
                .declared
                .iter()
                .any(|declared| declared.name == *name);
            if !(completed && redeclared) {
                self.notebook
                    .gone
                    .insert(name.clone(), explain::why_gone(name, Lost::Moved));
                if let Some(variable) = self.notebook.variables.get(name) {
                    self.notebook.vacant.insert(name.clone(), variable.clone());
                }
            }
        }
        self.notebook
            .variables
            .retain(|name, _| done.variables.contains(name));
        if let Some(process) = &mut self.process {
            process.forget(forgotten);
        }
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

/// A cell that only rustc can say something about.
fn unreadable(code: &str, error: &ParseError) -> (ParsedCell, Form) {
    let (text, commands) = crate::cell::split_commands(&code.replace("\r\n", "\n"));
    let (form, uses) = match error {
        ParseError::Tokens => (Form::Text, Default::default()),
        ParseError::Syntax { .. } => (Form::Statements, crate::cell::identifiers(&text)),
    };
    (
        ParsedCell {
            text,
            commands,
            uses,
            ..ParsedCell::default()
        },
        form,
    )
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
