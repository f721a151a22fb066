//! What the Jupyter side asks of an engine that runs Rust cells.
//!
//! An engine knows no sockets and no messages; the protocol side knows no Rust. They meet here.

pub mod direct;
#[cfg(feature = "evcxr")]
pub mod evcxr;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use lessons_channel::{Comm, CommAction, Delivery};
use serde_json::Value;

/// Which engine a kernel runs its cells on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// One rustc call a cell, against the prebuilt library.
    #[default]
    Direct,
    /// evcxr, the reference.
    Evcxr,
}

impl Kind {
    /// Whether this kernel was built with the engine.
    ///
    /// # Errors
    /// Says how to build it when it was not.
    pub fn check(self) -> anyhow::Result<()> {
        match self {
            Kind::Evcxr if !cfg!(feature = "evcxr") => Err(evcxr_is_missing()),
            Kind::Direct | Kind::Evcxr => Ok(()),
        }
    }
}

/// What there is to say of the engine evcxr by a kernel that was built without it.
pub fn evcxr_is_missing() -> anyhow::Error {
    anyhow::anyhow!(
        "this kernel was built without the evcxr engine. Build one with it, which takes some minutes, \
         and install that: `cargo build --release -p lessons-kernel --features evcxr`, then \
         `target/release/lessons-kernel install --engine evcxr`"
    )
}

/// One cell to run.
#[derive(Debug, Clone)]
pub struct Cell {
    pub code: String,
    /// The `In [n]` number; used in messages only.
    pub number: u32,
    /// Whether the frontend can answer input requests.
    pub allow_stdin: bool,
}

/// A MIME bundle: MIME type to content.
pub type Bundle = BTreeMap<String, Value>;

/// Something that a running cell shows, in the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Raw bytes, cut anywhere: lines may be partial and characters split.
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    /// A figure of its own (`display_data`), or the new content of an earlier one (`update_display_data`).
    Display {
        data: Bundle,
        metadata: BTreeMap<String, Value>,
        display_id: Option<String>,
        update: bool,
    },
    /// The value of the cell's last expression (`execute_result`).
    Result {
        data: Bundle,
        metadata: BTreeMap<String, Value>,
    },
    ClearOutput {
        wait: bool,
    },
    /// A message to the frontend's side of a comm.
    Comm(Comm),
}

/// Where a running cell's outputs go, and where its input comes from. Called from several threads.
pub trait Frontend: Send + Sync {
    fn emit(&self, output: Output);

    /// Asks the user for a line of text.
    ///
    /// # Errors
    /// When the frontend cannot ask (`allow_stdin` is false) or the user interrupted.
    fn input(&self, prompt: &str, password: bool) -> Result<String, String>;
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done,
    Failed(CellError),
}

/// The one error that a failed cell reports.
#[derive(Debug, Clone, PartialEq)]
pub struct CellError {
    /// A rustc code (`E0308`), `Panic`, `Error`, `Interrupted`, `RuntimeDied`, …
    pub ename: String,
    /// The message's first line, without colors.
    pub evalue: String,
    /// Lines to show, with ANSI colors.
    pub traceback: Vec<String>,
}

/// A variable that lives in the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub ty: String,
}

/// Stops what an engine is doing; may be called from any thread while `run` is under way.
pub trait Interrupter: Send + Sync {
    fn interrupt(&self);

    /// Ends the engine for good because the kernel is ending: a `run` under way returns soon, and
    /// no process is left behind.
    fn shut_down(&self) {
        self.interrupt();
    }
}

/// One thing that the compiler has to say about code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The bytes of the code that it is about.
    pub range: Range<usize>,
    pub labels: Vec<String>,
}

/// Answers questions about code that is being written, on top of what the cells so far have defined.
/// Nothing is run, and the engine is not kept waiting: it may be running a cell meanwhile.
pub trait Analyst: Send + Sync {
    /// What the compiler finds in a cell; `None` when it can't say within the limit.
    fn check(&self, code: &str, limit: Duration) -> Option<Vec<Finding>>;

    /// The live variables, their types with all paths.
    fn variables(&self) -> Vec<Variable>;

    /// The source text of each live item.
    fn items(&self) -> Vec<String>;

    /// The crates that the notebook has added, by the names that code knows them by, with the root
    /// files of their sources.
    fn crates(&self) -> Vec<(String, PathBuf)> {
        Vec::new()
    }

    /// The folder of the prebuilt library that cells use.
    fn library(&self) -> Option<PathBuf> {
        None
    }
}

/// Compiles and runs cells, one at a time, and keeps their variables and items.
pub trait Engine: Send {
    /// Runs one cell to its end. Outputs go to `frontend` as they happen; all of them have been
    /// handed over when this returns.
    fn run(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome;

    /// Hands a comm message of the frontend to what listens to it among the notebook's values, and
    /// returns when that is done with it. Between cells only; outputs go to `frontend`. False when
    /// there is nothing that could listen.
    fn deliver(&mut self, _delivery: Delivery, _frontend: Arc<dyn Frontend>) -> bool {
        false
    }

    fn interrupter(&self) -> Arc<dyn Interrupter>;

    /// The live variables, sorted by name.
    fn variables(&self) -> Vec<Variable>;

    /// Names of the items (functions, types, …) that cells have defined, sorted.
    fn items(&self) -> Vec<String>;

    /// Answers questions about the notebook as it is now; `None` where nothing does.
    fn analyst(&self) -> Option<Arc<dyn Analyst>> {
        None
    }
}
