//! The program's `Cargo.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use toml::{Table, Value};

/// The workspace that this program was built from: which crates cells can use without `:dep`.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");
const LIBRARY: &str = include_str!("../../../Cargo.toml");
const LOCK: &str = include_str!("../../../../Cargo.lock");

/// The dependencies of a program: a package's name to what `Cargo.toml` says of it.
pub type Dependencies = BTreeMap<String, Value>;

/// The crates of the prebuilt library, each in the version that cells see.
#[derive(Debug)]
pub struct Prebuilt {
    crates: Dependencies,
}

impl Prebuilt {
    /// # Errors
    /// When the manifests that this program was built from are not what they should be.
    pub fn new() -> anyhow::Result<Prebuilt> {
        let workspace: Table = WORKSPACE.parse().context("the workspace's manifest")?;
        let library: Table = LIBRARY.parse().context("the library's manifest")?;
        let lock: Table = LOCK.parse().context("the lock file")?;
        let shared = &workspace["workspace"]["dependencies"];
        let mut crates = Dependencies::new();
        for (name, said) in library["dependencies"].as_table().into_iter().flatten() {
            let said = match said.get("workspace") {
                Some(_) => shared.get(name).context("a dependency of the workspace")?,
                None => said,
            };
            if said.get("path").is_some() {
                continue;
            }
            let version = locked(&lock, name).with_context(|| format!("{name} is not locked"))?;
            let exact = Value::String(format!("={version}"));
            let spec = match said {
                Value::Table(table) => {
                    let mut table = table.clone();
                    table.insert("version".into(), exact);
                    Value::Table(table)
                }
                _ => exact,
            };
            crates.insert(name.clone(), spec);
        }
        let tokio = shared.get("tokio").context("tokio")?;
        crates
            .entry("tokio".into())
            .or_insert_with(|| tokio.clone());
        Ok(Prebuilt { crates })
    }

    /// The package that cells know as `name`, and what to write into a manifest for it.
    pub fn get(&self, name: &str) -> Option<(&str, &Value)> {
        let mut crates = self.crates.iter();
        let found = crates.find(|(package, _)| package.replace('-', "_") == name.replace('-', "_"));
        found.map(|(package, spec)| (package.as_str(), spec))
    }
}

/// The version of the package that the library depends on.
fn locked(lock: &Table, name: &str) -> Option<String> {
    let packages = lock.get("package")?.as_array()?;
    let text = |package: &Value, key: &str| package.get(key)?.as_str().map(str::to_owned);
    let library = packages
        .iter()
        .find(|package| text(package, "name").as_deref() == Some("lessons"))?;
    let dependencies = library.get("dependencies")?.as_array()?.iter();
    // `name`, or `name version` where there are several.
    let line = dependencies
        .filter_map(Value::as_str)
        .find(|line| line.split(' ').next() == Some(name))?;
    if let Some(version) = line.split(' ').nth(1) {
        return Some(version.to_owned());
    }
    let package = packages
        .iter()
        .find(|package| text(package, "name").as_deref() == Some(name))?;
    text(package, "version")
}

/// Reads `rand = "0.9"`, `rand = { … }` or `rand`.
///
/// # Errors
/// When it is not what a manifest could say.
pub fn dependency(argument: &str, prebuilt: &Prebuilt) -> anyhow::Result<(String, Value)> {
    let argument = argument.trim().trim_end_matches([',', ';']);
    if !argument.contains('=') {
        let name = argument.trim_matches('"');
        let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            bail!("`:dep {argument}` names no crate");
        }
        return Ok(match prebuilt.get(name) {
            Some((package, spec)) => (package.to_owned(), spec.clone()),
            None => (name.to_owned(), Value::String("*".into())),
        });
    }
    let table: Table = argument
        .parse()
        .with_context(|| format!("`:dep {argument}` is not what a Cargo.toml could say"))?;
    table.into_iter().next().context("`:dep` without a crate")
}

/// Turns a dependency's path, which counts from the notebook's folder, into one that counts from the
/// program's.
pub fn rebase(spec: &mut Value, notebook: &Path, program: &Path) {
    let Some(Value::String(path)) = spec.get("path") else {
        return;
    };
    let target = notebook.join(path);
    let target = target.canonicalize().unwrap_or(target);
    let text = between(program, &target).to_string_lossy().into_owned();
    if let Value::Table(table) = spec {
        table.insert("path".into(), Value::String(text));
    }
}

/// The path from one folder to another: relative where they share more than the root.
pub fn between(from: &Path, to: &Path) -> PathBuf {
    let from: Vec<Component> = from.components().collect();
    let parts: Vec<Component> = to.components().collect();
    let common = from
        .iter()
        .zip(&parts)
        .take_while(|(one, other)| one == other)
        .count();
    if common <= 1 {
        return to.to_owned();
    }
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - common);
    up.chain(parts[common..].iter().copied()).collect()
}

/// The text of `Cargo.toml`.
pub fn text(name: &str, notebook: &str, dependencies: &Dependencies) -> String {
    let mut text = format!(
        "[package]\nname = {name:?}\ndescription = {description:?}\nversion = \"0.1.0\"\n\
         edition = \"2024\"\npublish = false\n\n[dependencies]\n",
        description = format!("The notebook {notebook} as a program"),
    );
    for (name, spec) in dependencies {
        text.push_str(&format!("{name} = {spec}\n"));
    }
    // As in a notebook, where numbers that grow too large are an error. For this package alone: what
    // it depends on is built as everywhere else.
    text.push_str(&format!(
        "\n[profile.release.package.{name}]\noverflow-checks = true\n\n\
         # A workspace of its own, wherever it lies.\n[workspace]\n"
    ));
    text
}

/// A package name made of a notebook's.
pub fn package_name(stem: &str) -> String {
    let mut name: String = stem
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    while name.contains("--") {
        name = name.replace("--", "-");
    }
    let name = name.trim_matches('-');
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() && name != "test" && name != "lessons" => {
            name.to_owned()
        }
        Some(_) => format!("notebook-{name}"),
        None => "notebook".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_librarys_crates_come_in_the_locked_version() {
        let prebuilt = Prebuilt::new().unwrap();
        let (package, candle) = prebuilt.get("candle_core").unwrap();
        assert_eq!(package, "candle-core");
        assert!(candle.as_str().unwrap().starts_with("=0."), "{candle}");
        let (_, plotters) = prebuilt.get("plotters").unwrap();
        assert_eq!(plotters["default-features"], Value::Boolean(false));
        assert!(prebuilt.get("lessons_compute").is_none());
        assert!(prebuilt.get("no_such_crate").is_none());
    }

    #[test]
    fn every_spelling_of_a_dependency() {
        let prebuilt = Prebuilt::new().unwrap();
        let read = |argument: &str| {
            dependency(argument, &prebuilt).map(|(name, spec)| format!("{name} = {spec}"))
        };
        assert_eq!(read("rand = \"0.8\"").unwrap(), "rand = \"0.8\"");
        assert_eq!(read("itertools").unwrap(), "itertools = \"*\"");
        assert!(read("candle_nn").unwrap().starts_with("candle-nn = \"="));
        let (_, table) =
            dependency("a = { version = \"1\", features = [\"f\"] }", &prebuilt).unwrap();
        assert_eq!(table["features"][0].as_str(), Some("f"));
        assert!(read("a = {").is_err());
        assert!(read("").is_err());
    }

    #[test]
    fn paths_count_from_the_program() {
        let between = |from: &str, to: &str| between(Path::new(from), Path::new(to));
        assert_eq!(between("/a/b/c", "/a/d"), Path::new("../../d"));
        assert_eq!(between("/a/b", "/a/b/c"), Path::new("c"));
        assert_eq!(between("/a/b", "/c/d"), Path::new("/c/d"));
    }

    #[test]
    fn names_are_fit_for_cargo() {
        assert_eq!(package_name("00_tour"), "notebook-00-tour");
        assert_eq!(package_name("My Notebook (2)"), "my-notebook-2");
        assert_eq!(package_name("über"), "ber");
        assert_eq!(package_name("中"), "notebook");
    }
}
