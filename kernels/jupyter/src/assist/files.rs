//! The files that hold the indexes, in the folder of the prebuilt library.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::index::Index;
use crate::library::{Library, registry_source};

pub const LIBRARY: &str = "index.json";
// With the number of the format: these files are only made where they are missing.
pub const STD: &str = "std-1.json";
pub const CRATES: &str = "crates-1.json";

/// Writes the indexes of a library that was built from a workspace, of the crates that cells can name
/// with it, and of the std that it was built with. Without the last, names of std are completed from a
/// short list; so it is no error when it can't be made, and what it says is returned.
///
/// # Errors
/// When the sources can't be read or the library's folder can't be written.
pub fn write_indexes(workspace: &Path, library: &Path) -> anyhow::Result<Option<String>> {
    Index::of_crate("lessons", &workspace.join("lessons-crate/src/lib.rs"))?
        .write(&library.join(LIBRARY))?;
    let crates = library.join(CRATES);
    if !crates.is_file() {
        of_crates(&Library::open(library)?).write(&crates)?;
    }
    let std = library.join(STD);
    if std.is_file() {
        return Ok(None);
    }
    match sysroot(workspace).and_then(|sysroot| Index::of_std(Path::new(&sysroot))) {
        Ok(index) => index.write(&std).map(|()| None),
        Err(error) => Ok(Some(format!("{error:#}"))),
    }
}

/// The crates of others that cells can name, as far as cargo still has their sources.
fn of_crates(library: &Library) -> Index {
    let mut index = Index::default();
    let packages = library
        .manifest()
        .map_or(&[][..], |manifest| &manifest.packages);
    for package in packages {
        let root = registry_source(&package.name, &package.version);
        if let Some((name, root)) = package.extern_name.as_ref().zip(root) {
            index.extend(Index::of_foreign_crate(name, &root));
        }
    }
    index
}

fn sysroot(workspace: &Path) -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .current_dir(workspace)
        .output()
        .context("cannot run rustc: is Rust installed and on the path?")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
