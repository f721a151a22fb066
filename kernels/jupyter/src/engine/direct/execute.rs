//! One cell from its text to its outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compile::{self, Compiled, Failure, Lost};
use super::dependencies::Runtime;
use super::diagnostics::Translator;
use super::ending::Ending;
use super::generate::{Form, Generator};
use super::notebook::LiveVariable;
use super::process::Died;
use super::replay::Contribution;
use super::{DirectEngine, FULL_OPTIMIZATION, Timing, commands, expand, explain, linking};
use crate::cell::{Await, ParseError, ParsedCell, parse};
use crate::engine::{Cell, CellError, Frontend, Outcome, Output};
use crate::runtime::Done;

impl DirectEngine {
    pub(super) fn run_cell(
        &mut self,
        cell: &Cell,
        frontend: &Arc<dyn Frontend>,
    ) -> anyhow::Result<Outcome> {
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
        self.warn(&compiled, frontend);
        self.start_process()?.forget(redefined.dropped);
        let (compiled, ran) = self.load(&generator, compiled, frontend)?;
        self.notebook = next;
        let fresh_statics = compiled.unit.defines_statics.clone();
        let outcome = match ran {
            Ran::Done(done) => self.finish(&parsed, &revived, &compiled, &done, &mut timing),
            Ran::Interrupted => Outcome::Failed(explain::interrupted_compiling()),
            Ran::Ended(ending) => self.bury(&ending),
        };
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
    pub(super) fn runtime_for(&self, cell: &ParsedCell) -> Result<Option<Runtime>, CellError> {
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

    /// Loads a compiled cell and runs it. One from the cache that cannot be loaded, since it was removed
    /// meanwhile or is damaged, is compiled anew.
    fn load(
        &mut self,
        generator: &Generator<'_>,
        compiled: Compiled,
        frontend: &Arc<dyn Frontend>,
    ) -> anyhow::Result<(Compiled, Ran)> {
        let names: Vec<String> = generator.notebook.variables.keys().cloned().collect();
        let mut compiled = compiled;
        loop {
            let running = self.compiler.running.clone();
            let process = self.start_process()?;
            process.streams.attach(frontend.clone());
            if !running.begin_run(process.next(), names.clone()) {
                return Ok((compiled, Ran::Interrupted));
            }
            let global = !compiled.unit.defines_statics.is_empty();
            match process.run(compiled.object.clone(), global) {
                Ok(done) => return Ok((compiled, Ran::Done(done))),
                Err(Died::Ended(ending)) => return Ok((compiled, Ran::Ended(ending))),
                Err(Died::NotLoaded(_)) if compiled.cached => {
                    compile::discard(&compiled)?;
                    self.compiler.running.begin_compiling();
                    compiled = match self.compile(generator)? {
                        Ok(again) => again,
                        Err(Failure::Interrupted) => return Ok((compiled, Ran::Interrupted)),
                        Err(Failure::Errors(..)) => {
                            anyhow::bail!("a cell that compiled before does not compile any more")
                        }
                    };
                }
                Err(Died::NotLoaded(message)) => {
                    anyhow::bail!("the compiled cell could not be loaded: {message}")
                }
            }
        }
    }

    /// The end of a cell that has run.
    fn finish(
        &mut self,
        parsed: &ParsedCell,
        revived: &BTreeMap<String, LiveVariable>,
        compiled: &Compiled,
        done: &Done,
        timing: &mut Timing,
    ) -> Outcome {
        let before: Vec<String> = self.notebook.variables.keys().cloned().collect();
        timing.load = Duration::from_secs_f64(done.load_seconds);
        timing.run = Duration::from_secs_f64(done.run_seconds);
        self.notebook
            .loaded_statics
            .extend(compiled.unit.defines_statics.iter().cloned());
        self.remember(parsed, revived, compiled, done);
        let lost: Vec<String> = before
            .into_iter()
            .filter(|name| !self.notebook.variables.contains_key(name))
            .collect();
        explain::outcome(done, &parsed.text, &lost)
    }

    /// The end of a cell that took its process with it.
    fn bury(&mut self, ending: &Ending) -> Outcome {
        let interrupted = self.compiler.running.insisted();
        let reason = if interrupted {
            "a cell was interrupted"
        } else {
            "a cell ended its process"
        };
        let lost = self.stop_process(reason);
        Outcome::Failed(explain::died(ending, interrupted, &lost))
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

/// What became of a cell that was to be loaded.
enum Ran {
    Done(Done),
    /// Before it began.
    Interrupted,
    /// With its process.
    Ended(Ending),
}

/// A cell that only rustc can say something about.
fn unreadable(code: &str, error: &ParseError) -> (ParsedCell, Form) {
    let (text, commands) = crate::cell::split_commands(&crate::cell::normalized(code));
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
