//! The workspace that cargo builds dependencies in: generated, and such that what the prebuilt
//! library holds comes out as the very same crates.
//!
//! Cargo tells two builds of a crate apart by version, features, profile and dependencies. So the
//! project starts from the library's lock file and copies its profile; and a second package, which
//! is never built, asks for exactly the library's versions and features: cargo unites them with
//! what the notebook asks for.

use std::fs;
use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use super::spec::Spec;
use crate::library::{Manifest, Package};

/// The package that stands for the notebook.
pub const ROOT: &str = "lessons-cells";
/// The package that holds the prebuilt library's versions and features in place.
pub const PINS: &str = "lessons-pins";

/// Writes the project. `lock` is the lock file to start from.
///
/// # Errors
/// When a file cannot be written, or the library's workspace cannot be read.
pub fn write(
    folder: &Path,
    specs: &[Spec],
    library: Option<&Manifest>,
    lock: Option<&Path>,
) -> anyhow::Result<()> {
    let mut dependencies = Table::new();
    for spec in specs {
        dependencies.insert(spec.key.clone(), Value::Table(spec.table.clone()));
    }
    dependencies.insert(PINS.into(), Value::Table(text_table(&[("path", "pins")])));
    let mut root = package(ROOT);
    root.insert("dependencies".into(), Value::Table(dependencies));
    let mut workspace = text_table(&[("resolver", "2")]);
    let mut profile: Table = toml::toml! {
        [release]
        debug = false
    };
    if let Some(library) = library {
        let manifest = library.workspace.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| {
            format!(
                "{} cannot be read: crates are built beside the sources of the prebuilt library",
                manifest.display()
            )
        })?;
        let theirs: Table = text.parse()?;
        let resolver = theirs
            .get("workspace")
            .and_then(|table| table.get("resolver"));
        if let Some(resolver) = resolver {
            workspace.insert("resolver".into(), resolver.clone());
        }
        if let Some(theirs) = theirs.get("profile").and_then(Value::as_table) {
            profile = theirs.clone();
        }
        if let Some(patch) = theirs.get("patch") {
            root.insert("patch".into(), absolute(patch.clone(), &library.workspace));
        }
    }
    root.insert("workspace".into(), Value::Table(workspace));
    root.insert("profile".into(), Value::Table(profile));

    let packages = library.map_or(&[][..], |library| &library.packages);
    let mut pins = package(PINS);
    pins.insert("dependencies".into(), pinned(packages, false));
    pins.insert("build-dependencies".into(), pinned(packages, true));

    let inner = folder.join("pins");
    fs::create_dir_all(&inner)?;
    for (folder, manifest) in [(folder, root), (&inner, pins)] {
        fs::write(folder.join("Cargo.toml"), manifest.to_string())?;
        fs::write(folder.join("lib.rs"), "")?;
    }
    if let Some(lock) = lock {
        fs::copy(lock, folder.join("Cargo.lock"))
            .with_context(|| format!("cannot read {}", lock.display()))?;
    }
    Ok(())
}

fn package(name: &str) -> Table {
    let mut package = text_table(&[("name", name), ("version", "0.0.0"), ("edition", "2021")]);
    package.insert("publish".into(), Value::Boolean(false));
    Table::from_iter([
        ("package".to_owned(), Value::Table(package)),
        (
            "lib".to_owned(),
            Value::Table(text_table(&[("path", "lib.rs")])),
        ),
    ])
}

fn text_table(entries: &[(&str, &str)]) -> Table {
    let entries = entries.iter();
    entries
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect()
}

fn pinned(packages: &[Package], host: bool) -> Value {
    let mut pins = Table::new();
    for package in packages.iter().filter(|package| package.host == host) {
        let version = format!("={}", package.version);
        let mut pin = text_table(&[("package", &package.name), ("version", &version)]);
        pin.insert("default-features".into(), Value::Boolean(false));
        let features = package
            .features
            .iter()
            .map(|name| Value::from(name.as_str()));
        pin.insert("features".into(), Value::Array(features.collect()));
        // Cargo wants one name for a package that is both a dependency and a build dependency.
        let version: String = package
            .version
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        pins.insert(format!("pin-{}-{version}", package.name), Value::Table(pin));
    }
    Value::Table(pins)
}

/// Paths of `[patch]` are relative to the manifest that they stand in.
fn absolute(value: Value, base: &Path) -> Value {
    let Value::Table(table) = value else {
        return value;
    };
    let entries = table.into_iter().map(|(key, value)| match value {
        Value::String(path) if key == "path" => {
            let path = base.join(path).to_string_lossy().into_owned();
            (key, Value::String(path))
        }
        value => (key, absolute(value, base)),
    });
    Value::Table(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::super::spec;
    use super::*;

    #[test]
    fn the_project_asks_for_the_librarys_versions_and_features() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("checkout");
        fs::create_dir(&checkout).unwrap();
        fs::write(
            checkout.join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\n[profile.release]\nopt-level = 1\n[patch.crates-io]\nx = { path = \"x\" }",
        )
        .unwrap();
        let package = |name: &str, host| Package {
            name: name.into(),
            version: "1.2.3".into(),
            features: vec!["std".into()],
            host,
            extern_name: None,
        };
        let library = Manifest {
            workspace: checkout.clone(),
            packages: vec![package("b", true), package("a", false), package("a", true)],
            ..Manifest::default()
        };
        let specs = spec::parse("rand = \"0.9\"", folder.path()).unwrap();
        let project = folder.path().join("project");
        write(&project, &specs, Some(&library), None).unwrap();
        let read = |path: &Path| -> Table { fs::read_to_string(path).unwrap().parse().unwrap() };
        let root = read(&project.join("Cargo.toml"));
        assert_eq!(
            root["dependencies"]["rand"]["version"].as_str(),
            Some("0.9")
        );
        assert_eq!(root["workspace"]["resolver"].as_str(), Some("3"));
        assert_eq!(
            root["profile"]["release"]["opt-level"].as_integer(),
            Some(1)
        );
        assert_eq!(
            root["patch"]["crates-io"]["x"]["path"].as_str(),
            checkout.join("x").to_str()
        );
        let pins = read(&project.join("pins/Cargo.toml"));
        let pin = &pins["dependencies"]["pin-a-1_2_3"];
        assert_eq!(pin["version"].as_str(), Some("=1.2.3"));
        assert_eq!(pin["features"].as_array().unwrap().len(), 1);
        let host = &pins["build-dependencies"];
        assert_eq!(host["pin-a-1_2_3"]["package"].as_str(), Some("a"));
        assert_eq!(host["pin-b-1_2_3"]["package"].as_str(), Some("b"));
    }
}
