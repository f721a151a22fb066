//! From a generated unit to a shared object: the cache, the call that compiles, the call that names
//! types, and what to do about variables that cannot be kept.
//!
//! Both calls run at once. The first try keeps every variable; rustc's own errors at the generated
//! `keep` calls say which were moved or borrow from the cell, and the next try leaves those out.

mod cache;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::cache::{read_verdict, store, touch};
use self::types::{coerce_functions, judge_types, read_types};
use super::diagnostics::Translator;
use super::generate::{Choices, Generator, Mode, Origin, Unit, VALUE};
use super::rustc::{Answer, Compiler, Diagnostic, Emit};

pub use self::cache::{discard, key, write_unit, write_whole};

/// Why a variable is not kept for later cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    Moved,
    Uninitialized,
    Borrows,
    Closure,
    /// `impl Trait`, an async block, or something that holds one.
    Opaque,
    /// rustc did not say what type it has.
    Unknown,
    /// It is no variable after all: a constant's name in a pattern, or switched off by `cfg`.
    Absent,
}

/// What is known about a compiled unit; lies beside it in the cache.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Verdict {
    lost_new: BTreeSet<String>,
    lost_old: BTreeSet<String>,
    coerced: BTreeMap<String, String>,
    /// Whether the value's type is decided too late for methods of its own, so that `Debug` shows it.
    by_debug: bool,
    /// Why variables are not kept.
    pub reasons: BTreeMap<String, Lost>,
    /// The types of the declared variables that are kept.
    pub types: BTreeMap<String, String>,
    /// The types of those that have no value at the cell's end.
    pub vacant: BTreeMap<String, String>,
    pub warnings: Vec<Diagnostic>,
}

impl Verdict {
    fn choices(&self) -> Choices {
        Choices {
            lost_new: self.lost_new.clone(),
            lost_old: self.lost_old.clone(),
            coerced: self.coerced.clone(),
            by_debug: self.by_debug,
        }
    }

    /// Variables of earlier cells that this cell moves away.
    pub fn moved(&self) -> &BTreeSet<String> {
        &self.lost_old
    }
}

/// A unit that can be loaded.
#[derive(Debug)]
pub struct Compiled {
    pub object: PathBuf,
    pub unit: Unit,
    pub verdict: Verdict,
    pub cached: bool,
    pub probe: Duration,
    /// With the linker's time.
    pub compile: Duration,
    pub link: Duration,
}

/// Why there is nothing to load.
#[derive(Debug)]
pub enum Failure {
    /// rustc's errors, about this unit.
    Errors(Box<Unit>, Vec<Diagnostic>),
    Interrupted,
}

/// Compiles, or finds the unit in the cache.
///
/// Without a level of `optimization`, code that loops is compiled with 2 and other code, which only
/// calls what is compiled already, with 0: that takes half the time.
///
/// # Errors
/// Outer: files or rustc itself failed. Inner: the cell's own errors.
pub fn compile(
    compiler: &Compiler,
    generator: &Generator<'_>,
    optimization: Option<u8>,
    cache: &Path,
    work: &Path,
) -> anyhow::Result<Result<Compiled, Failure>> {
    let first = generator.unit(&Choices::default(), Mode::Run);
    let automatic = if first.loops { 2 } else { 0 };
    let arguments = compiler.arguments(&first, optimization.unwrap_or(automatic));
    let folder = cache.join("units").join(key(compiler, &first, &arguments));
    let object = folder.join("cell.so");
    if let Some(verdict) = read_verdict(&folder) {
        touch(&folder);
        return Ok(Ok(Compiled {
            object,
            unit: generator.unit(&verdict.choices(), Mode::Run),
            verdict,
            cached: true,
            probe: Duration::ZERO,
            compile: Duration::ZERO,
            link: Duration::ZERO,
        }));
    }
    let built = build(compiler, generator, first, &arguments, &folder, work)?;
    let built = match built {
        Ok(built) => built,
        Err(failure) => return Ok(Err(failure)),
    };
    store(&built, &folder)?;
    Ok(Ok(Compiled { object, ..built }))
}

/// The type of a cell's trailing expression; nothing is run.
///
/// # Errors
/// As [`compile`].
pub fn type_of(
    compiler: &Compiler,
    generator: &Generator<'_>,
    work: &Path,
) -> anyhow::Result<Result<String, Failure>> {
    let unit = generator.unit(&Choices::default(), Mode::Type);
    let folder = work.join("probe");
    write_unit(&unit, &folder)?;
    let arguments = compiler.arguments(&unit, 0);
    let output = work.join("probe.rmeta");
    let answer = compiler.compile(&folder, &arguments, Emit::Types, &output)?;
    if compiler.running.interrupted() {
        return Ok(Err(Failure::Interrupted));
    }
    if let Some(ty) = read_types(&unit, &answer.diagnostics).remove(VALUE) {
        return Ok(Ok(ty));
    }
    let errors: Vec<Diagnostic> = answer
        .diagnostics
        .into_iter()
        .filter(|diagnostic| {
            diagnostic.is_error() && !diagnostic.message.starts_with("aborting due to")
        })
        .collect();
    if answer.success {
        // What never returns is of any type, even of the one that does not fit.
        return Ok(Ok("!".to_owned()));
    }
    if errors.is_empty() {
        anyhow::bail!(
            "rustc does not say what type this has: {}",
            answer.noise.trim()
        );
    }
    Ok(Err(Failure::Errors(Box::new(unit), errors)))
}

fn build(
    compiler: &Compiler,
    generator: &Generator<'_>,
    first: Unit,
    arguments: &[String],
    folder: &Path,
    work: &Path,
) -> anyhow::Result<Result<Compiled, Failure>> {
    let mut arguments = arguments.to_vec();
    let here = work.join("unit");
    // Panics and `#[track_caller]` name the copy in the cache, which shows the cell's own text.
    arguments.push(format!(
        "--remap-path-prefix={}={}",
        here.display(),
        folder.display()
    ));
    let probes = work.join("probe");
    write_unit(&first, &here)?;
    let wants_types = !generator.cell.declared.is_empty();
    let object = work.join("cell.so");

    let begin = Instant::now();
    let mut probed = Duration::ZERO;
    let mut types = BTreeMap::new();
    let mut unit = first;
    let ask_types = |choices: &Choices| {
        let unit = generator.unit(choices, Mode::Probe);
        write_unit(&unit, &probes)?;
        let output = work.join("probe.rmeta");
        let answer = compiler.compile(&probes, &arguments, Emit::Types, &output)?;
        anyhow::Ok(read_types(&unit, &answer.diagnostics))
    };
    let answer = std::thread::scope(|scope| -> anyhow::Result<Answer> {
        let probe = wants_types.then(|| {
            scope.spawn(|| -> anyhow::Result<(BTreeMap<String, String>, Duration)> {
                let types = ask_types(&Choices::default())?;
                Ok((types, begin.elapsed()))
            })
        });
        let answer = compiler.compile(&here, &arguments, Emit::Link, &object)?;
        if let Some(probe) = probe {
            let joined = probe
                .join()
                .map_err(|_| anyhow::anyhow!("the type probe panicked"))?;
            (types, probed) = joined?;
        }
        Ok(answer)
    })?;

    let mut verdict = Verdict::default();
    let mut answer = answer;
    let mut link = answer.link;
    // Each round leaves out at least one more variable, or is the last.
    loop {
        if compiler.running.interrupted() {
            return Ok(Err(Failure::Interrupted));
        }
        let again = if answer.success {
            coerce_functions(&mut types, &mut verdict)
        } else {
            match leave_out(&unit, &answer, &mut verdict)? {
                Some(errors) => return Ok(Err(Failure::Errors(Box::new(unit), errors))),
                None => true,
            }
        };
        if !again {
            break;
        }
        unit = generator.unit(&verdict.choices(), Mode::Run);
        write_unit(&unit, &here)?;
        answer = compiler.compile(&here, &arguments, Emit::Link, &object)?;
        link += answer.link;
    }
    if verdict.reasons.values().any(|lost| *lost == Lost::Absent) {
        // A name that is not there kept rustc from looking at any type.
        types = ask_types(&verdict.choices())?;
    }
    judge_types(generator, types, &mut verdict);
    let warnings = answer.diagnostics.into_iter();
    verdict.warnings = warnings.map(Diagnostic::without_paths).collect();
    Ok(Ok(Compiled {
        object,
        unit,
        verdict,
        cached: false,
        probe: probed,
        compile: begin.elapsed(),
        link,
    }))
}

/// Reads rustc's errors: those that only say that a variable cannot be kept go into the verdict; if
/// there are others, they are returned.
fn leave_out(
    unit: &Unit,
    answer: &Answer,
    verdict: &mut Verdict,
) -> anyhow::Result<Option<Vec<Diagnostic>>> {
    let translator = Translator { unit };
    let errors = answer.diagnostics.iter().filter(|diagnostic| {
        diagnostic.is_error() && !diagnostic.message.starts_with("aborting due to")
    });
    let mut others = Vec::new();
    let mut blamed = Vec::new();
    for error in errors {
        match blame(&translator, error) {
            Some(found) => blamed.push(found),
            None => others.push(error.clone()),
        }
    }
    let undecided = |error: &Diagnostic| {
        matches!(error.code(), Some("E0282" | "E0283"))
            && translator.primary_origin(error) == Some(Origin::Shown)
    };
    if !others.is_empty() && !verdict.by_debug && others.iter().all(undecided) {
        verdict.by_debug = true;
        return Ok(None);
    }
    if !others.is_empty() {
        return Ok(Some(others));
    }
    if blamed.is_empty() {
        anyhow::bail!(
            "rustc failed without an error message: {}",
            answer.noise.trim()
        );
    }
    let before = verdict.lost_new.len() + verdict.lost_old.len();
    for (name, reason, old) in blamed {
        if old {
            verdict.lost_old.insert(name);
        } else {
            verdict.lost_new.insert(name.clone());
            verdict.reasons.entry(name).or_insert(reason);
        }
    }
    if verdict.lost_new.len() + verdict.lost_old.len() == before {
        // Leaving the variable out did not help: the error is the cell's own after all.
        let errors = answer
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error());
        return Ok(Some(errors.cloned().collect()));
    }
    Ok(None)
}

/// The variable whose keeping an error is about, why, and whether it is an earlier cell's.
fn blame(translator: &Translator<'_>, error: &Diagnostic) -> Option<(String, Lost, bool)> {
    let touched = translator.touches(error);
    let primary = translator.primary_origin(error);
    let kept = |old: bool, except: Option<&String>| {
        touched.iter().find_map(|origin| match origin {
            Origin::KeepNew(name) if !old && Some(name) != except => Some(name.clone()),
            Origin::KeepOld(name) if old => Some(name.clone()),
            _ => None,
        })
    };
    match (error.code()?, primary) {
        ("E0382" | "E0381", Some(Origin::KeepNew(name))) => {
            let moved = error.code() == Some("E0382");
            Some((
                name,
                if moved {
                    Lost::Moved
                } else {
                    Lost::Uninitialized
                },
                false,
            ))
        }
        ("E0382" | "E0381", Some(Origin::KeepOld(name))) => Some((name, Lost::Moved, true)),
        (
            "E0505" | "E0597" | "E0716" | "E0521" | "E0373" | "E0499" | "E0502" | "E0506" | "E0310"
            | "E0621" | "E0700" | "E0503",
            primary,
        ) => match primary {
            // It goes into the store while a later kept variable still borrows from it: that one
            // is to blame.
            Some(Origin::KeepNew(name)) => {
                let borrower = kept(false, Some(&name)).unwrap_or(name);
                Some((borrower, Lost::Borrows, false))
            }
            _ => match kept(false, None) {
                Some(name) => Some((name, Lost::Borrows, false)),
                // Borrowed for good, as when a leaked `&'static mut` becomes a shared one.
                None => Some((kept(true, None)?, Lost::Borrows, true)),
            },
        },
        ("E0425" | "E0423", Some(Origin::KeepNew(name))) => Some((name, Lost::Absent, false)),
        _ => None,
    }
}
