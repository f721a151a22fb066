//! `:replay`: runs again the cells that made what a crash or a restart took.

mod history;
mod store;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use self::history::{Entry, History, static_memory};
use self::store::Store;
use super::DirectEngine;
use super::compile::Compiled;
use super::generate::Generator;
use super::notebook::Notebook;
use crate::cell::{Command, ParsedCell, is_only_shown, parse};
use crate::engine::{Cell, CellError, Frontend, Outcome, Output};

/// What `:replay` knows.
pub struct Replay {
    history: History,
    /// The cells of the session before this one, until they have been run again.
    before: Vec<Entry>,
    store: Option<Store>,
    saved: Vec<Entry>,
}

impl Replay {
    /// Finds what the notebook's last session left in the folder; without one nothing is kept for
    /// the next session.
    pub fn open(folder: Option<&Path>) -> Replay {
        let opened = folder.map(|folder| Store::open(folder, &store::notebook()));
        let (store, before) =
            opened.map_or((None, Vec::new()), |(store, before)| (Some(store), before));
        Replay {
            history: History::default(),
            before,
            store,
            saved: Vec::new(),
        }
    }

    /// Variables that the session before had.
    pub fn variables_before(&self) -> BTreeSet<&str> {
        let declared = self.before.iter().filter(|entry| entry.whole);
        let declared = declared.flat_map(|entry| entry.declares.iter().map(String::as_str));
        declared.filter(|name| !name.contains(' ')).collect()
    }

    /// The user wants nothing back.
    pub fn clear(&mut self) {
        self.history = History::default();
        self.before.clear();
        self.saved.clear();
        if let Some(store) = &mut self.store {
            store.clear();
        }
    }

    fn save(&mut self) {
        let Some(store) = &mut self.store else { return };
        if self.saved == self.history.entries() {
            return;
        }
        self.saved = self.history.entries().to_vec();
        if let Err(error) = store.save(&self.saved) {
            tracing::warn!("the cells for `:replay` after a restart are not kept: {error}");
        }
    }
}

/// What a cell that is about to run depends on, and what it may change.
pub struct Contribution {
    reads: BTreeSet<String>,
    changes: BTreeSet<String>,
}

impl Contribution {
    /// Before the cell's own declarations count: what it reads is that of earlier cells.
    pub fn of(generator: &Generator<'_>, compiled: &Compiled) -> Contribution {
        let notebook = generator.notebook;
        let cell = generator.cell;
        let moved = compiled.verdict.moved();
        let shown = is_only_shown(cell);
        let mut reads = BTreeSet::new();
        let mut changes = BTreeSet::new();
        for (name, variable) in &notebook.variables {
            if !cell.reads.contains(name) {
                continue;
            }
            reads.insert(name.clone());
            let changeable = variable.mutable || notebook.changes_inside(&variable.ty);
            if moved.contains(name) || (changeable && !shown) {
                changes.insert(name.clone());
            }
        }
        for name in &compiled.unit.changing_statics {
            reads.insert(static_memory(name));
            changes.insert(static_memory(name));
        }
        Contribution { reads, changes }
    }
}

impl DirectEngine {
    /// Remembers a cell that ran; `completed` says whether to its end.
    pub(super) fn contribute(
        &mut self,
        parsed: &ParsedCell,
        contribution: Contribution,
        fresh_statics: &[String],
        completed: bool,
    ) {
        let text = (!parsed.items.is_empty()).then(|| self.notebook.texts.len().wrapping_sub(1));
        let declared = parsed.declared.iter().map(|declared| declared.name.clone());
        let mut declares: BTreeSet<String> = declared.collect();
        declares.extend(fresh_statics.iter().map(|name| static_memory(name)));
        self.record(Entry {
            code: with_needed_commands(parsed),
            optimization: self.settings.optimization,
            declares,
            reads: contribution.reads,
            changes: contribution.changes,
            prepares: parsed.commands.iter().any(is_needed),
            // What a failed cell did is not what the user wants done again.
            whole: completed,
            text,
        });
    }

    /// Remembers a cell that has nothing but commands.
    pub(super) fn contribute_commands(&mut self, parsed: &ParsedCell) {
        if parsed.commands.iter().any(is_needed) {
            self.record(Entry {
                code: with_needed_commands(parsed),
                prepares: true,
                ..Entry::default()
            });
        }
    }

    fn record(&mut self, entry: Entry) {
        let live = live(&self.notebook);
        let texts = self.notebook.items.iter().map(|live| live.cell).collect();
        self.replay.history.record(entry, &live, &texts);
        self.replay.save();
    }

    /// The runtime is gone.
    pub(super) fn lose(&mut self) {
        self.replay.history.lose(live(&self.notebook));
    }

    /// `:replay`
    pub(super) fn run_again(&mut self, frontend: &Arc<dyn Frontend>) -> Result<(), CellError> {
        let say = |text: String| frontend.emit(Output::Stdout(text.into_bytes()));
        // A runtime that has died since the last cell counts.
        self.notice_a_dead_process(frontend);
        let restart = !self.replay.history.has_lost();
        let entries = if restart {
            self.replay.before.clone()
        } else {
            self.replay.history.replay(&live(&self.notebook))
        };
        if entries.is_empty() && restart {
            say("Nothing was lost, and no earlier session of this notebook is known.\n".to_owned());
            return Ok(());
        }
        let begin = Instant::now();
        let settings = self.settings;
        let ran = self.run_entries(&entries, frontend);
        self.settings = settings;
        ran?;
        if restart {
            self.replay.before.clear();
        } else {
            self.replay.history.forget_losses();
        }
        let count = entries.iter().filter(|entry| entry.whole).count();
        let variables: Vec<&str> = self.notebook.variables.keys().map(String::as_str).collect();
        let mut text = format!(
            "Ran {count} cell{} again in {:.1} s.",
            if count == 1 { "" } else { "s" },
            begin.elapsed().as_secs_f64()
        );
        if !variables.is_empty() {
            let _ = write!(text, " Variables: {}.", variables.join(", "));
        }
        say(text + "\n");
        Ok(())
    }

    fn run_entries(
        &mut self,
        entries: &[Entry],
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let muted: Arc<dyn Frontend> = Arc::new(Muted(frontend.clone()));
        let count = entries.iter().filter(|entry| entry.whole).count();
        let mut number = 0;
        for entry in entries {
            if !entry.whole {
                self.define_again(entry, &muted)?;
                continue;
            }
            number += 1;
            let line = first_line(&entry.code);
            let text = format!("[{number}/{count}] {line}\n");
            frontend.emit(Output::Stdout(text.into_bytes()));
            self.settings.optimization = entry.optimization;
            self.settings.timing = false;
            let cell = Cell {
                code: entry.code.clone(),
                number: 0,
                allow_stdin: true,
            };
            let outcome = self
                .run_cell(&cell, &muted)
                .unwrap_or_else(|error| Outcome::Failed(super::explain::kernel_error(&error)));
            if let Outcome::Failed(error) = outcome {
                let place = format!("`:replay` stopped at cell {number} of {count}");
                let mut traceback = vec![format!("{place}: {line}")];
                traceback.extend(error.traceback);
                return Err(CellError {
                    ename: error.ename,
                    evalue: format!("{place}: {}", error.evalue),
                    traceback,
                });
            }
        }
        Ok(())
    }

    /// Takes up a cell's items without running its statements.
    fn define_again(
        &mut self,
        entry: &Entry,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let Ok(parsed) = parse(&entry.code) else {
            return Ok(());
        };
        self.commands(&parsed.commands, frontend)?;
        self.notebook.define(&parsed);
        self.contribute(
            &parsed,
            Contribution {
                reads: BTreeSet::new(),
                changes: BTreeSet::new(),
            },
            &[],
            false,
        );
        Ok(())
    }
}

/// The variables that live, and the statics whose memory is there.
fn live(notebook: &Notebook) -> BTreeSet<String> {
    let statics = notebook.items.iter().filter(|live| {
        let mut symbols = live.symbols.iter();
        symbols.any(|symbol| notebook.loaded_statics.contains(symbol))
    });
    let statics = statics.filter_map(|live| live.item.title().map(static_memory));
    notebook.variables.keys().cloned().chain(statics).collect()
}

/// Whether later cells need what a command does.
fn is_needed(command: &Command) -> bool {
    matches!(command.name.as_str(), "dep" | "env")
}

fn with_needed_commands(parsed: &ParsedCell) -> String {
    let mut lines: Vec<String> = parsed.text.split('\n').map(str::to_owned).collect();
    for command in parsed.commands.iter().filter(|command| is_needed(command)) {
        if let Some(line) = lines.get_mut(command.line - 1) {
            *line = format!(":{} {}", command.name, command.argument);
        }
    }
    lines.join("\n")
}

fn first_line(code: &str) -> String {
    let mut lines = code.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    let more = short.len() < line.len() || lines.next().is_some();
    if more { format!("{short} …") } else { short }
}

/// What a cell shows was shown before; what it asks is asked again.
struct Muted(Arc<dyn Frontend>);

impl Frontend for Muted {
    fn emit(&self, _: Output) {}

    fn input(&self, prompt: &str, password: bool) -> Result<String, String> {
        self.0.input(prompt, password)
    }
}
