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
        ("types of variables", types(&mut engine)),
    ]
}

fn run(engine: &mut impl Engine, code: &str, expected: &str) -> Finding {
    let start = std::time::Instant::now();
    let result = evaluate(engine, code)?;
    let took = start.elapsed().as_secs_f64();
    match result {
        Some(text) if text == expected => Ok(format!("{text} in {took:.2} s")),
        other => Err(format!("{code:?} gives {other:?}, not {expected}")),
    }
}

/// Variables of many kinds, each with the type that the engine has to find out for itself.
const TYPED: [(&str, &str, &str); 12] = [
    ("text", "\"a\"", "&str"),
    ("number", "1.5f32", "f32"),
    ("tuple", "(1u8, 'c', true)", "(u8, char, bool)"),
    ("list", "vec![String::new()]", "Vec<String>"),
    ("array", "[[0i64; 3]; 2]", "[[i64; 3]; 2]"),
    ("maybe", "Some(1usize)", "Option<usize>"),
    (
        "map",
        "std::collections::HashMap::<String, Vec<f64>>::new()",
        "HashMap<String, Vec<f64>>",
    ),
    (
        "shared",
        "std::sync::Arc::new(std::sync::Mutex::new(0u32))",
        "Arc<Mutex<u32>>",
    ),
    (
        "parsed",
        "\"3\".parse::<i32>()",
        "Result<i32, ParseIntError>",
    ),
    ("range", "0..3", "Range<i32>"),
    ("function", "f32::sqrt as fn(f32) -> f32", "fn(f32) -> f32"),
    ("shape", "lessons::prelude::f32s((1,)).shape", "Shape"),
];

/// Whether the types of variables are found out: it rests on the wording of rustc's messages.
fn types(engine: &mut impl Engine) -> Finding {
    let binding = |(name, value, _): &(&str, &str, &str)| format!("let {name} = {value};");
    let code = TYPED.iter().map(binding).collect::<Vec<_>>().join("\n");
    evaluate(engine, &code)?;
    let variables = engine.variables();
    for (name, value, ty) in TYPED {
        let found = variables.iter().find(|variable| variable.name == name);
        let found = found.map(|variable| variable.ty.as_str());
        // A path before the name is as good.
        if !found.is_some_and(|found| found == ty || found.ends_with(&format!("::{ty}"))) {
            return Err(format!(
                "the type of {value} is {ty}, and the engine finds {found:?}"
            ));
        }
    }
    // Each is taken back by a later cell.
    let names = TYPED.map(|(name, _, _)| format!("let _ = &{name};"));
    evaluate(engine, &names.join("\n"))?;
    Ok(format!("{} of {}", TYPED.len(), TYPED.len()))
}

/// Runs a cell; gives the text of its value.
fn evaluate(engine: &mut impl Engine, code: &str) -> Result<Option<String>, String> {
    let shown = Arc::new(Shown::default());
    let cell = Cell {
        code: code.to_owned(),
        number: 1,
        allow_stdin: false,
    };
    match engine.run(&cell, shown.clone()) {
        Outcome::Done => Ok(shown
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()),
        Outcome::Failed(error) => Err(format!(
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
