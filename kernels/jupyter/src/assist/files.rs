//! The files that hold the indexes, in the folder of the prebuilt library.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::index::Index;

pub const LIBRARY: &str = "index.json";
/// With the number of the format: the file is only made where it is missing.
pub const STD: &str = "std-1.json";

/// Writes the indexes of a library that was built from a workspace, and of the std that it was built
/// with. Without the latter, names of std are completed from a short list; so it is no error when it
/// can't be made, and what it says is returned.
///
/// # Errors
/// When the sources can't be read or the library's folder can't be written.
pub fn write_indexes(workspace: &Path, library: &Path) -> anyhow::Result<Option<String>> {
    Index::of_crate("lessons", &workspace.join("lessons-crate/src/lib.rs"))?
        .write(&library.join(LIBRARY))?;
    let std = library.join(STD);
    if std.is_file() {
        return Ok(None);
    }
    match sysroot(workspace).and_then(|sysroot| Index::of_std(Path::new(&sysroot))) {
        Ok(index) => index.write(&std).map(|()| None),
        Err(error) => Ok(Some(format!("{error:#}"))),
    }
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
