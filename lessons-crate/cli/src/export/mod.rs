//! `lessons export`: a notebook as a cargo project.

mod ipynb;
mod items;
mod manifest;
mod program;
mod statements;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use toml::{Table, Value};

use crate::output;
use manifest::{Dependencies, Prebuilt};

/// The part of a program that shows values.
const SHOW_VALUE: &str = include_str!("show_value.rs");

/// Turn a Rust notebook into a cargo project that builds and runs.
///
/// Cells become a program in their order: items at the top, statements in `main`, the value at a
/// cell's end shown. What is left out, such as cells that fail on purpose, stands in the program as
/// comments.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The notebook, an .ipynb file.
    notebook: PathBuf,
    /// The folder to make; it must not be there yet, or be empty.
    dir: PathBuf,
    /// Where the crate `lessons` comes from: a folder or a version [default: what the notebook says,
    /// else the checkout around it or around this program].
    #[arg(long, value_name = "PATH|VERSION")]
    lessons: Option<String>,
}

/// # Errors
/// When the notebook is none, the folder is taken, or a file can't be written.
pub fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let cells = ipynb::read(&args.notebook)?;
    let file = args.notebook.file_name().unwrap_or_default();
    let file = file.to_string_lossy();
    let program = program::program(&cells, &file)
        .with_context(|| format!("{} cannot be exported", args.notebook.display()))?;
    let prebuilt = Prebuilt::new()?;
    let mut dependencies = Dependencies::new();
    for argument in &program.dependencies {
        let (name, spec) = manifest::dependency(argument, &prebuilt)?;
        dependencies.insert(name, spec);
    }
    refuse_taken(&args.dir)?;
    fs::create_dir_all(args.dir.join("src"))
        .with_context(|| format!("cannot make {}", args.dir.display()))?;
    let dir = fs::canonicalize(&args.dir)?;
    let here = fs::canonicalize(&args.notebook)?;
    let here = here.parent().unwrap_or(Path::new("/"));
    for spec in dependencies.values_mut() {
        manifest::rebase(spec, here, &dir);
    }

    let mut wanted: Vec<&str> = program.roots.iter().map(String::as_str).collect();
    if program.is_async {
        wanted.push("tokio");
    }
    for name in wanted {
        let known = dependencies
            .keys()
            .any(|package| package.replace('-', "_") == name);
        if let Some((package, spec)) = prebuilt.get(name)
            && !known
        {
            dependencies.insert(package.to_owned(), spec.clone());
        }
    }
    let mut lock = None;
    if program.roots.contains("lessons") || dependencies.contains_key("lessons") {
        let (spec, folder) = lessons(args.lessons.as_deref(), here, &dir, &dependencies)?;
        dependencies.insert("lessons".into(), spec);
        lock = folder.map(|folder| folder.join("../Cargo.lock"));
    }

    let stem = args.notebook.file_stem().unwrap_or_default();
    let name = manifest::package_name(&stem.to_string_lossy());
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("Cargo.toml", &manifest::text(&name, &file, &dependencies))?;
    write("src/main.rs", &program.main)?;
    write("src/show_value.rs", SHOW_VALUE)?;
    write(".gitignore", "/target\n/out\n")?;
    // The versions that the notebook's kernel uses; cargo drops what is too much.
    if let Some(lock) = lock.filter(|lock| lock.is_file()) {
        fs::copy(&lock, dir.join("Cargo.lock"))?;
    }
    for note in &program.notes {
        output::note(format_args!("note: {note}"));
    }
    output::line(format_args!(
        "{} is a cargo project now: cd {} && cargo run --release",
        args.notebook.display(),
        args.dir.display()
    ))?;
    Ok(())
}

/// # Errors
/// When something is there that a project would be mixed with.
fn refuse_taken(dir: &Path) -> anyhow::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    if !dir.is_dir() {
        bail!("{} is a file: name a folder to make", dir.display());
    }
    let mut entries =
        fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty, and nothing in it is overwritten: name another folder, or empty it",
            dir.display()
        );
    }
    Ok(())
}

/// What the manifest says of the crate `lessons`, and its folder if it is here.
fn lessons(
    asked: Option<&str>,
    notebook: &Path,
    program: &Path,
    said: &Dependencies,
) -> anyhow::Result<(Value, Option<PathBuf>)> {
    let is_crate =
        |folder: &Path| folder.join("src/lib.rs").is_file() && folder.join("Cargo.toml").is_file();
    let by_path = |folder: PathBuf| -> anyhow::Result<(Value, Option<PathBuf>)> {
        let folder = fs::canonicalize(&folder)?;
        let path = manifest::between(program, &folder);
        let mut table = Table::new();
        if let Some(Value::Table(said)) = said.get("lessons")
            && let Some(features) = said.get("features")
        {
            table.insert("features".into(), features.clone());
        }
        table.insert(
            "path".into(),
            Value::String(path.to_string_lossy().into_owned()),
        );
        Ok((Value::Table(table), Some(folder)))
    };
    if let Some(asked) = asked {
        let folder = Path::new(asked);
        if is_crate(folder) {
            return by_path(folder.to_owned());
        }
        if asked.starts_with(|c: char| c.is_ascii_digit() || "=^~*".contains(c)) {
            return Ok((Value::String(asked.into()), None));
        }
        bail!("`--lessons {asked}` is neither a folder with the crate nor a version");
    }
    if let Some(spec) = said.get("lessons") {
        match spec.get("path").and_then(Value::as_str) {
            Some(path) if is_crate(&program.join(path)) => return by_path(program.join(path)),
            // A notebook that was taken elsewhere: its path leads nowhere.
            Some(_) => {}
            None => return Ok((spec.clone(), None)),
        }
    }
    let binary = std::env::current_exe()?;
    let around = notebook.ancestors().chain(binary.ancestors());
    let mut folders = around.map(|folder| folder.join("lessons-crate"));
    match folders.find(|folder| is_crate(folder)) {
        Some(folder) => by_path(folder),
        None => Ok((Value::String(env!("CARGO_PKG_VERSION").into()), None)),
    }
}
