//! The reference engine: evcxr 0.22, as a library.
//!
//! evcxr compiles and decides, and what it makes of Rust is left as it is. Its cells run in the same
//! runtime process as those of the direct engine: evcxr is given a [`relay`] for a child, which passes
//! on what it asks for, and [`link`] has it done. So outputs come at once and as bytes, figures one by
//! one, and a panic or an early `?` is an error of the cell, where stock evcxr_jupyter has none of that.

mod failure;
mod filter;
mod folder;
mod link;
mod relay;
mod stop;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use evcxr::{CommandContext, Error, EvalContext, EvalOutputs};

use self::filter::Filter;
use self::link::Link;
use self::stop::{Stop, Stopped};
use super::{Bundle, Cell, Engine, Frontend, Interrupter, Outcome, Output, Variable};

pub use self::relay::main as relay;

/// How an [`EvcxrEngine`] is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kernel's program. It starts with [`hook`] and knows the subcommands `runtime` and
    /// [`RELAY`].
    pub program: OsString,
}

impl Options {
    /// This very program.
    ///
    /// # Errors
    /// When the system does not say which program this is.
    pub fn for_this_program() -> anyhow::Result<Options> {
        let program = std::env::current_exe().context("cannot find the kernel's own program")?;
        Ok(Options {
            program: program.into(),
        })
    }
}

/// The hidden subcommand that runs [`relay()`].
pub const RELAY: &str = "evcxr-relay";

/// Whether the sources of std are installed, without which evcxr knows few types.
pub fn has_rust_src() -> bool {
    let asked = Command::new("rustc").args(["--print", "sysroot"]).output();
    asked.is_ok_and(|answer| {
        let sysroot = String::from_utf8_lossy(&answer.stdout).into_owned();
        let sources = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
        sources.is_dir()
    })
}

/// To be called first in `main`: does not return where evcxr has put this program around rustc, as
/// its `:cache` and `:allow_static_linking 0` do.
pub fn hook() {
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("EVCXR_RUSTC_WRAPPER") && !is_set("EVCXR_IS_RUNTIME") {
        evcxr::runtime_hook();
    }
}

/// Compiles cells with evcxr.
pub struct EvcxrEngine {
    // Before the link, through which it says goodbye.
    context: CommandContext,
    link: Link,
    stop: Arc<Stop>,
}

impl EvcxrEngine {
    /// Starts evcxr, which compiles and runs a first cell: some seconds.
    ///
    /// # Errors
    /// When there is no cargo or no rustc, no writable folder, or that first cell fails.
    pub fn new(options: Options) -> anyhow::Result<EvcxrEngine> {
        let folder = folder::Folder::open()?;
        let stop = Stop::new();
        let runtime = vec![options.program.clone(), "runtime".into()];
        let link = Link::listen(folder, runtime, stop.clone())
            .context("cannot listen to evcxr's child process")?;
        let mut command = Command::new(options.program);
        command.arg(RELAY).env(relay::SOCKET_ENV, link.socket());
        // What cells print comes from the runtime; the receivers that are dropped here get nothing.
        let (context, _) =
            EvalContext::with_subprocess_command(command).context("evcxr does not start")?;
        Ok(EvcxrEngine {
            context: CommandContext::with_eval_context(context),
            link,
            stop,
        })
    }

    fn names(&self) -> Vec<String> {
        let variables = self.variables();
        variables
            .into_iter()
            .map(|variable| variable.name)
            .collect()
    }
}

impl Engine for EvcxrEngine {
    fn run(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome {
        let before = self.names();
        // What a macro makes at a cell's end may be one.
        let ends_with_value = crate::cell::parse(&cell.code)
            .is_ok_and(|parsed| parsed.trailing.is_some() || !parsed.calls.is_empty());
        let filter = Arc::new(Filter::new(frontend.clone(), ends_with_value));
        self.link.attach(filter.clone());
        self.stop.begin();
        // A panic of evcxr's goes on to the kernel, which makes a new engine then.
        let executed = self.context.execute(&cell.code);
        let stopped = self.stop.finish();
        filter.end();
        let after = self.names();
        let lost: Vec<String> = before
            .into_iter()
            .filter(|name| !after.contains(name))
            .collect();
        if stopped == Some(Stopped::Compiling) {
            return Outcome::Failed(failure::interrupted_compiling(&lost));
        }
        match executed {
            Ok(outputs) => {
                show(&outputs, &frontend);
                failure::of_run(&filter)
            }
            Err(Error::SubprocessTerminated(said)) => {
                let ending = self.link.ending(said);
                Outcome::Failed(failure::died(&ending, stopped.is_some(), &lost))
            }
            Err(error) => Outcome::Failed(failure::of_error(&error)),
        }
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.stop.clone()
    }

    fn variables(&self) -> Vec<Variable> {
        let variables = self.context.variables_and_types();
        let mut variables: Vec<Variable> = variables
            .map(|(name, ty)| Variable {
                name: name.to_owned(),
                ty: ty.to_owned(),
            })
            .collect();
        variables.sort_by(|one, other| one.name.cmp(&other.name));
        variables
    }

    fn items(&self) -> Vec<String> {
        let names = self.context.defined_item_names();
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// What commands such as `:vars` answer; what cells show has come by the link.
fn show(outputs: &EvalOutputs, frontend: &Arc<dyn Frontend>) {
    let content = outputs.content_by_mime_type.iter();
    let data: Bundle = content
        .map(|(mime, text)| (mime.clone(), text.as_str().into()))
        .collect();
    if !data.is_empty() {
        frontend.emit(Output::Result {
            data,
            metadata: Bundle::new(),
        });
    }
}
