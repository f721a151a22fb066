//! Compiled units on disk, under a hash of everything that they are made of.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::super::generate::Unit;
use super::super::rustc::Compiler;
use super::{Compiled, Verdict};

/// What is known about a unit; without it, the unit does not count.
const VERDICT: &str = "verdict.json";

/// The name of a unit's folder.
pub fn key(compiler: &Compiler, unit: &Unit, arguments: &[String]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(&compiler.toolchain.version);
    add(&compiler.toolchain.rustc.to_string_lossy());
    for argument in arguments {
        add(argument);
    }
    for file in &unit.files {
        add(&file.name);
        add(&file.text);
    }
    hex::encode(&hash.finalize()[..16])
}

pub fn write_unit(unit: &Unit, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for file in &unit.files {
        let path = folder.join(&file.name);
        fs::write(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Puts a unit into the cache. The verdict comes last: a unit that has one is complete.
pub fn store(built: &Compiled, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for file in &built.unit.files {
        if let Some(cell) = &file.cell {
            write_whole(&folder.join(&file.name), cell.text.as_bytes())?;
        }
    }
    let object = fs::read(&built.object).context("rustc left no shared object")?;
    write_whole(&folder.join("cell.so"), &object)?;
    write_whole(&folder.join(VERDICT), &serde_json::to_vec(&built.verdict)?)
}

/// Removes a unit that is of no use.
pub fn discard(unit: &Compiled) -> anyhow::Result<()> {
    let verdict = unit.object.with_file_name(VERDICT);
    match fs::remove_file(&verdict) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", verdict.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a file so that others see all of it or nothing.
pub fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.persist(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// What is known about a unit, if all of it is there.
pub fn read_verdict(folder: &Path) -> Option<Verdict> {
    let text = fs::read(folder.join(VERDICT)).ok()?;
    folder.join("cell.so").exists().then_some(())?;
    serde_json::from_slice(&text).ok()
}

/// Marks a unit as used now, for the sweep that removes the oldest.
pub fn touch(folder: &Path) {
    if let Ok(file) = fs::File::open(folder.join(VERDICT)) {
        // On a read-only cache the unit merely looks older than it is.
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}
