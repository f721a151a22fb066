//! The command line of the kernel: `install`, `uninstall`, `doctor`, and what Jupyter starts.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tokio::sync::mpsc;

use lessons_kernel::assist::Assistant;
use lessons_kernel::engine::direct::{DirectEngine, Options};
#[cfg(feature = "evcxr")]
use lessons_kernel::engine::evcxr;
use lessons_kernel::engine::{Engine, Kind};
use lessons_kernel::kernel::{self, Setup, Signal};
use lessons_kernel::library::{self, Library};
use lessons_kernel::protocol::Connection;
use lessons_kernel::setup::{self, Installation, Place};
use lessons_kernel::{paths, runtime};

/// A Jupyter kernel for Rust cells, with the lessons library built in.
#[derive(Parser)]
#[command(name = "lessons-kernel", version)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the library that cells use, and make the kernel known to Jupyter
    Install {
        #[command(flatten)]
        place: PlaceOptions,
        /// The name by which notebooks ask for the kernel [default: lessons, or lessons-evcxr]
        #[arg(long)]
        name: Option<String>,
        /// What runs the cells
        #[arg(long, value_enum, default_value_t)]
        engine: Kind,
        /// The checkout to build the library from [default: the one around here]
        #[arg(long, value_name = "DIR")]
        workspace: Option<PathBuf>,
        /// Cargo features of the library: cuda, metal
        #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
        features: Vec<String>,
    },
    /// Take the kernel away from Jupyter
    Uninstall {
        #[command(flatten)]
        place: PlaceOptions,
        /// The name under which it was installed
        #[arg(long, default_value = "lessons")]
        name: String,
    },
    /// Check everything that a cell needs; says what to do about what is missing
    Doctor {
        /// The folder of a prebuilt library [default: those of the installed kernels]
        #[arg(long, value_name = "DIR")]
        library: Option<PathBuf>,
    },
    /// Serve a notebook; what Jupyter runs
    #[command(hide = true)]
    Start {
        #[arg(short = 'f', long, visible_aliases = ["control-file", "control_file"])]
        connection_file: PathBuf,
        /// The folder that holds the prebuilt library
        #[arg(long)]
        library: PathBuf,
        /// What runs the cells
        #[arg(long, value_enum, default_value_t)]
        engine: Kind,
    },
    /// Run cells; what the kernel runs
    #[command(hide = true)]
    Runtime,
    /// Stand between evcxr and the process that runs cells; what evcxr runs
    #[cfg(feature = "evcxr")]
    #[command(name = evcxr::RELAY, hide = true)]
    EvcxrRelay,
}

#[derive(Args)]
#[group(multiple = false)]
struct PlaceOptions {
    /// For this user (the default)
    #[arg(long)]
    user: bool,
    /// Into PREFIX/share/jupyter, as for a virtual environment
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<PathBuf>,
    /// Into the environment that is active
    #[arg(long)]
    sys_prefix: bool,
}

impl PlaceOptions {
    fn place(self) -> Place {
        match (self.prefix, self.sys_prefix) {
            (Some(prefix), _) => Place::Prefix(prefix),
            (None, true) => Place::ActiveEnvironment,
            (None, false) => Place::User,
        }
    }
}

fn main() -> ExitCode {
    #[cfg(feature = "evcxr")]
    evcxr::hook();
    let cli = Cli::parse();
    if matches!(cli.command, Task::Runtime) {
        return runtime::main();
    }
    log_to_stderr();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Warnings and errors; `LESSONS_LOG=debug` shows more.
fn log_to_stderr() {
    let level = std::env::var("LESSONS_LOG").ok();
    let level = level.and_then(|text| text.parse().ok());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(level.unwrap_or(tracing::level_filters::LevelFilter::WARN))
        .init();
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Install {
            place,
            name,
            engine,
            workspace,
            features,
        } => {
            let usual = match engine {
                Kind::Direct => "lessons",
                Kind::Evcxr => "lessons-evcxr",
            };
            let installation = Installation {
                place: place.place(),
                name: name.unwrap_or_else(|| usual.to_owned()),
                workspace,
                features,
                engine,
            };
            let folder = setup::install(&installation, &mut |line| eprintln!("{line}"))?;
            eprintln!("The kernel is installed: {}", folder.display());
        }
        Task::Uninstall { place, name } => {
            let spec = setup::uninstall(&place.place(), &name)?;
            eprintln!("The kernel {name} is removed.");
            eprintln!(
                "Its library stays for other kernels: {}",
                spec.library.display()
            );
        }
        Task::Doctor { library } => {
            let healthy = setup::doctor(library.as_deref(), &mut std::io::stdout().lock())?;
            return Ok(if healthy {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Task::Start {
            connection_file,
            library,
            engine,
        } => {
            start(&connection_file, &library, engine)?;
            // Threads that are still busy, with a cell that won't end for instance, don't matter
            // any more.
            std::process::exit(0);
        }
        Task::Runtime => return Ok(runtime::main()),
        #[cfg(feature = "evcxr")]
        Task::EvcxrRelay => return Ok(evcxr::relay()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves one frontend's connection until it shuts the kernel down.
fn start(connection_file: &Path, library: &Path, engine: Kind) -> anyhow::Result<()> {
    let connection = Connection::read(connection_file)?;
    let folder = library::locate(library).unwrap_or_else(|| library.to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("can't start the kernel's threads")?;
    runtime.block_on(async {
        let (signals, received) = mpsc::unbounded_channel();
        watch_signals(&signals)?;
        tokio::spawn(watch_parent(signals));
        let assistant = Arc::new(Assistant::new(Some(&folder)));
        let documents = assistant.clone();
        kernel::serve(
            Setup {
                connection,
                engine: Box::new(move || match engine {
                    Kind::Direct => direct_engine(&folder, documents.clone()),
                    Kind::Evcxr => evcxr_engine(),
                }),
                assistant,
                history: paths::data_dir()
                    .ok()
                    .map(|folder| folder.join("history.jsonl")),
                language_version: tokio::task::spawn_blocking(rust_version),
            },
            received,
        )
        .await
    })
}

fn direct_engine(folder: &Path, documents: Arc<Assistant>) -> anyhow::Result<Box<dyn Engine>> {
    let library = Library::open(folder)?;
    let options = Options {
        documentation: Some(Arc::new(move |name| documents.document(name))),
        ..Options::for_this_program()?
    };
    Ok(Box::new(DirectEngine::new(library, options)?))
}

#[cfg(feature = "evcxr")]
fn evcxr_engine() -> anyhow::Result<Box<dyn Engine>> {
    let options = evcxr::Options::for_this_program()?;
    Ok(Box::new(evcxr::EvcxrEngine::new(options)?))
}

#[cfg(not(feature = "evcxr"))]
fn evcxr_engine() -> anyhow::Result<Box<dyn Engine>> {
    Err(lessons_kernel::engine::evcxr_is_missing())
}

/// The version of the rustc that compiles cells, as in `1.95.0`.
fn rust_version() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split_whitespace().nth(1)?.to_owned())
}

fn watch_signals(signals: &mpsc::UnboundedSender<Signal>) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    for (kind, meaning) in [
        (SignalKind::interrupt(), Signal::Interrupt),
        (SignalKind::terminate(), Signal::Shutdown),
        (SignalKind::hangup(), Signal::Shutdown),
    ] {
        let mut stream = signal(kind).context("can't listen to signals")?;
        let signals = signals.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if signals.send(meaning).is_err() {
                    break;
                }
            }
        });
    }
    Ok(())
}

/// Ends the kernel when the process that started it is gone.
async fn watch_parent(signals: mpsc::UnboundedSender<Signal>) {
    let Some(named) = std::env::var("JPY_PARENT_PID")
        .ok()
        .and_then(|pid| pid.parse::<u32>().ok())
    else {
        // Keeps the channel open for the signals.
        return std::future::pending().await;
    };
    let first = std::os::unix::process::parent_id();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let parent = std::os::unix::process::parent_id();
        // Started by another process on behalf of the named one, it is that one's child for good.
        let orphaned = if first == named {
            parent != named
        } else {
            parent == 1 && first != 1
        };
        if orphaned && signals.send(Signal::Shutdown).is_err() {
            return;
        }
    }
}
