//! What rustc says about code that is still being written. It is checked, never run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use super::compile::write_unit;
use super::dependencies::Nameable;
use super::diagnostics::Translator;
use super::generate::{Choices, Form, Generator, Mode};
use super::notebook::Notebook;
use super::running::Running;
use super::rustc::{Compiler, Emit};
use crate::cell::parse;
use crate::engine::{Analyst, Finding, Interrupter, Variable};

/// The notebook as it was after a cell, for one question at a time.
pub struct DirectAnalyst {
    compiler: Compiler,
    notebook: Notebook,
    crates: BTreeMap<String, Nameable>,
    /// In the session's folder, with which it goes.
    folder: PathBuf,
    asking: Mutex<()>,
}

impl DirectAnalyst {
    /// An analyst with calls to rustc of its own: what interrupts the engine's does not end them.
    pub fn new(compiler: &Compiler, notebook: &Notebook, folder: PathBuf) -> Self {
        Self {
            crates: compiler.crates(),
            compiler: Compiler {
                running: Running::default(),
                stopwatch: None,
                ..compiler.clone()
            },
            notebook: notebook.clone(),
            folder,
            asking: Mutex::new(()),
        }
    }
}

impl Analyst for DirectAnalyst {
    fn check(&self, code: &str, limit: Duration) -> Option<Vec<Finding>> {
        let deadline = Instant::now() + limit;
        let _one = loop {
            match self.asking.try_lock() {
                Ok(guard) => break guard,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let cell = parse(code).ok()?;
        let mut notebook = self.notebook.clone();
        notebook.define(&cell);
        let runtime = self.compiler.dependencies.runtime();
        let generator = Generator {
            notebook: &notebook,
            cell: &cell,
            form: Form::Parsed,
            interruptible: false,
            crates: &self.crates,
            runtime: runtime.as_ref(),
        };
        let unit = generator.unit(&Choices::default(), Mode::Probe);
        // The session may have ended, and its folder is not to come back.
        self.folder.parent().filter(|session| session.is_dir())?;
        write_unit(&unit, &self.folder).ok()?;
        let arguments = self.compiler.arguments(&unit, 0);
        let output = self.folder.join("check.rmeta");

        let running = self.compiler.running.clone();
        running.begin();
        let (finished, waiting) = mpsc::channel::<()>();
        let answer = std::thread::scope(|scope| {
            let watched = &running;
            scope.spawn(move || {
                let left = deadline.saturating_duration_since(Instant::now());
                if waiting.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                    watched.interrupt();
                }
            });
            let answer = self
                .compiler
                .compile(&self.folder, &arguments, Emit::Types, &output);
            drop(finished);
            answer
        });
        if running.interrupted() {
            return None;
        }
        let translator = Translator { unit: &unit };
        let diagnostics = answer.ok()?.diagnostics.into_iter();
        let found = diagnostics.filter_map(|diagnostic| {
            let place = translator.primary(&diagnostic)?;
            let labels = diagnostic.spans.into_iter();
            place.cell.current.then(|| Finding {
                range: place.range,
                labels: labels.filter_map(|span| span.label).collect(),
            })
        });
        Some(found.collect())
    }

    fn variables(&self) -> Vec<Variable> {
        let variables = self.notebook.variables.iter();
        variables
            .map(|(name, variable)| Variable {
                name: name.clone(),
                ty: variable.ty.clone(),
            })
            .collect()
    }

    fn items(&self) -> Vec<String> {
        self.notebook.sources()
    }

    fn crates(&self) -> Vec<(String, PathBuf)> {
        self.compiler.dependencies.sources()
    }

    fn library(&self) -> Option<PathBuf> {
        self.compiler.library.folder().map(PathBuf::from)
    }
}
