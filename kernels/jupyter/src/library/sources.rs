//! Whether the sources that a library was built from have changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// The parts of the workspace that the library is made of.
const PARTS: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    "lessons-crate/Cargo.toml",
    "lessons-crate/src",
    "kernels/compute",
    "kernels/channel",
];
/// Data that may be built in.
const DATA: &str = "data";

/// A hash over the names and contents of the library's sources.
///
/// # Errors
/// When a source file cannot be read.
pub fn fingerprint(workspace: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for part in PARTS.iter().chain([&DATA]) {
        collect(&workspace.join(part), &mut files)?;
    }
    hash_of(workspace, files)
}

/// A hash over the names and contents of a crate's files, what cargo and version control keep there
/// left out.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint_of(folder: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name != "target" && name != "Cargo.lock" && !name.starts_with('.') {
            collect(&path, &mut files)?;
        }
    }
    hash_of(folder, files)
}

fn hash_of(base: &Path, mut files: Vec<PathBuf>) -> anyhow::Result<String> {
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let name = file
            .strip_prefix(base)
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(name.len().to_le_bytes());
        hash.update(name);
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    Ok(hex::encode(&hash.finalize()[..16]))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let Ok(kind) = fs::metadata(path) else {
        return Ok(());
    };
    if kind.is_file() {
        files.push(path.to_owned());
    } else {
        let entries =
            fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}

/// The `lib.rs` of a package from a registry, where cargo still has its sources. The name may be the
/// one that code knows it by.
pub fn registry_source(name: &str, version: &str) -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let registries = fs::read_dir(cargo.join("registry/src")).ok()?.flatten();
    let names = [name.to_owned(), name.replace('_', "-")];
    let mut roots = registries.flat_map(|registry| {
        let folders = names.iter().map(|name| format!("{name}-{version}"));
        let roots = folders.map(|folder| registry.path().join(folder).join("src/lib.rs"));
        roots.collect::<Vec<_>>()
    });
    roots.find(|root| root.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("lessons-crate/src");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("lib.rs"), "one").unwrap();
        let first = fingerprint(folder.path()).unwrap();
        assert_eq!(fingerprint(folder.path()).unwrap(), first);
        fs::write(source.join("lib.rs"), "two").unwrap();
        assert_ne!(fingerprint(folder.path()).unwrap(), first);
    }

    #[test]
    fn what_a_build_leaves_behind_is_no_source() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lib.rs"), "one").unwrap();
        let first = fingerprint_of(folder.path()).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/x"), "").unwrap();
        assert_eq!(fingerprint_of(folder.path()).unwrap(), first);
        fs::write(folder.path().join("lib.rs"), "two").unwrap();
        assert_ne!(fingerprint_of(folder.path()).unwrap(), first);
    }
}
