//! `lessons-kernel doctor`: what works, and what to do about the rest.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

use crate::engine::direct::{DirectEngine, Options};
use crate::engine::{Cell, Engine, Frontend, Outcome, Output};
use crate::library::{self, Library};

use super::Kernelspec;

/// The oldest rustc that builds the library.
const OLDEST: (u32, u32) = (1, 95);

/// What one check found: a remark, or what is wrong with what to do about it.
type Finding = Result<String, String>;

/// Checks everything that a cell needs and prints one line each. Returns whether all that is
/// essential is there.
///
/// # Errors
/// When the report can't be written.
pub fn doctor(library: Option<&Path>, out: &mut impl Write) -> io::Result<bool> {
    let mut healthy = true;
    let mut report = |name: &str, essential: bool, finding: Finding| {
        let (mark, text) = match &finding {
            Ok(text) => ("ok", text),
            Err(text) if essential => ("MISSING", text),
            Err(text) => ("note", text),
        };
        healthy &= finding.is_ok() || !essential;
        writeln!(out, "{mark:>7}  {name}: {text}")
    };

    report("rustc", true, rustc())?;
    report("linker", true, linker())?;
    let specs = Kernelspec::find_all();
    let mut folders: Vec<&Path> = specs
        .iter()
        .map(|(_, spec)| spec.library.as_path())
        .collect();
    folders.splice(..0, library);
    folders.dedup();
    if specs.is_empty() {
        report(
            "kernelspec",
            false,
            Err("Jupyter finds none; lessons-kernel install".into()),
        )?;
    }
    for (folder, spec) in &specs {
        report("kernelspec", true, kernelspec(folder, spec))?;
    }
    if folders.is_empty() {
        report(
            "library",
            true,
            Err("none is built; lessons-kernel install".into()),
        )?;
    }
    for folder in folders {
        match open(folder) {
            Err(error) => {
                let text = format!("{error:#}; lessons-kernel install builds it again");
                report("library", true, Err(text))?;
            }
            Ok(library) => {
                report("library", true, Ok(folder.display().to_string()))?;
                if !library.is_fresh() {
                    let text = "the sources have changed since; lessons-kernel install";
                    report("library", false, Err(text.into()))?;
                }
                for (name, finding) in cells(library) {
                    report(name, true, finding)?;
                }
            }
        }
    }
    Ok(healthy)
}

fn rustc() -> Finding {
    let advice = "install Rust 1.95 or newer from https://rustup.rs, then open a new terminal";
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|error| format!("{error}; {advice}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match number(&version) {
        Some(found) if found >= OLDEST => Ok(version),
        Some(_) => Err(format!("{version} is too old; rustup update stable")),
        None => Err(format!("it does not say its version; {advice}")),
    }
}

/// `rustc 1.95.0 (…)` → `(1, 95)`.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split_whitespace().nth(1)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn linker() -> Finding {
    let advice = match cfg!(target_os = "macos") {
        true => "xcode-select --install",
        false => "install a C compiler, for instance: sudo apt install build-essential",
    };
    let output = Command::new("cc").arg("--version").output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            Ok(text.lines().next().unwrap_or("cc").to_owned())
        }
        Ok(output) => Err(format!("cc fails ({}); {advice}", output.status)),
        Err(error) => Err(format!("cc: {error}; {advice}")),
    }
}

fn kernelspec(folder: &Path, spec: &Kernelspec) -> Finding {
    match spec.binary.is_file() {
        true => Ok(format!("{} in {}", spec.name, folder.display())),
        false => Err(format!(
            "{} names {}, which is gone; lessons-kernel install",
            folder.display(),
            spec.binary.display(),
        )),
    }
}

fn open(folder: &Path) -> anyhow::Result<Library> {
    let built = library::locate(folder).unwrap_or_else(|| folder.to_owned());
    Library::open(&built)
}

/// Runs cells as a notebook would.
fn cells(library: Library) -> Vec<(&'static str, Finding)> {
    let engine =
        Options::for_this_program().and_then(|options| DirectEngine::new(library, options));
    let mut engine = match engine.context("the engine does not start") {
        Ok(engine) => engine,
        Err(error) => return vec![("a cell", Err(format!("{error:#}")))],
    };
    vec![
        ("a cell", run(&mut engine, "let six = 6; six * 7", "42")),
        ("a later cell", run(&mut engine, "six + 1", "7")),
        (
            "a cell that uses lessons",
            run(
                &mut engine,
                "use lessons::prelude::*;\nf32s((\"batch\", 4)).shape.to_string()",
                "\"[batch, 4]\"",
            ),
        ),
    ]
}

fn run(engine: &mut impl Engine, code: &str, expected: &str) -> Finding {
    let shown = Arc::new(Shown::default());
    let cell = Cell {
        code: code.to_owned(),
        number: 1,
        allow_stdin: false,
    };
    let start = std::time::Instant::now();
    let outcome = engine.run(&cell, shown.clone());
    let took = start.elapsed().as_secs_f64();
    let result = shown
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    match (outcome, result) {
        (Outcome::Done, Some(text)) if text == expected => Ok(format!("{text} in {took:.2} s")),
        (Outcome::Done, other) => Err(format!("{code:?} gives {other:?}, not {expected}")),
        (Outcome::Failed(error), _) => Err(format!(
            "{code:?} fails: {}: {}\n{}",
            error.ename,
            error.evalue,
            error.traceback.join("\n"),
        )),
    }
}

/// Keeps the text of a cell's result.
#[derive(Default)]
struct Shown(Mutex<Option<String>>);

impl Frontend for Shown {
    fn emit(&self, output: Output) {
        if let Output::Result { data, .. } = output {
            let text = data.get("text/plain").and_then(|text| text.as_str());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text.map(str::to_owned);
        }
    }

    fn input(&self, _: &str, _: bool) -> Result<String, String> {
        Err("doctor asks nothing".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(number("rustc 1.95.0 (abc 2026-01-01)"), Some((1, 95)));
        assert!(number("rustc 1.100.0-nightly").unwrap() > OLDEST);
        assert!(number("rustc 1.9.0").unwrap() < OLDEST);
        assert_eq!(number("zsh: command not found"), None);
    }
}
