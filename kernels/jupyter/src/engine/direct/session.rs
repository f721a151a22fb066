//! Folders: what a session needs until it ends, and what all sessions share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::rustc::Toolchain;
use crate::runtime::{SESSION_PREFIX, SUPPORT};

/// How much disk compiled cells may take before the least recently used are removed.
const CACHE_BYTES: u64 = 512 << 20;

/// A folder that is removed when the session ends; what ended sessions left behind goes first.
///
/// # Errors
/// When the system's folder for temporary files cannot be written.
pub fn folder() -> anyhow::Result<TempDir> {
    let parent = std::env::temp_dir();
    sweep_sessions(&parent);
    tempfile::Builder::new()
        .prefix(&format!("{SESSION_PREFIX}{}.", std::process::id()))
        .tempdir_in(&parent)
        .with_context(|| format!("cannot create a folder in {}", parent.display()))
}

fn sweep_sessions(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(SESSION_PREFIX)
            .and_then(|rest| rest.split('.').next()?.parse().ok());
        if owner.is_some_and(|owner: i32| !is_alive(owner)) {
            // Somebody else's folder stays.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_alive(pid: i32) -> bool {
    // SAFETY: signal 0 only asks whether the process exists.
    let asked = unsafe { libc::kill(pid, 0) };
    asked == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// Where compiled cells are kept between sessions: `LESSONS_CACHE`, else the user's cache folder.
pub fn default_cache() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("LESSONS_CACHE") {
        return Some(PathBuf::from(named));
    }
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(base.join("lessons-kernel"))
}

/// Removes the least recently used cells until the rest is within the limit.
pub fn sweep_cache(cache: &Path) {
    let Ok(entries) = fs::read_dir(cache.join("units")) else {
        return;
    };
    let mut units: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let size = fs::metadata(path.join("cell.so")).map_or(0, |file| file.len());
        let used = fs::metadata(path.join("verdict.json")).and_then(|file| file.modified());
        match used {
            Ok(used) => units.push((used, size, path)),
            // Left unfinished, unless somebody is writing it just now.
            Err(_) => {
                let age = entry.metadata().and_then(|folder| folder.modified());
                let age = age.ok().and_then(|time| time.elapsed().ok());
                if age.is_some_and(|age| age > Duration::from_secs(3600)) {
                    let _ = fs::remove_dir_all(path);
                }
            }
        }
    }
    units.sort();
    let mut total: u64 = units.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in units {
        if total <= CACHE_BYTES {
            break;
        }
        // A unit that cannot be removed is no worse than before.
        let _ = fs::remove_dir_all(path);
        total -= size;
    }
}

/// The compiled `lessons_cell` for this rustc, built when it is not in the cache.
///
/// # Errors
/// When it cannot be written or compiled.
pub fn support(toolchain: &Toolchain, cache: &Path) -> anyhow::Result<PathBuf> {
    let mut hash = Sha256::new();
    hash.update(&toolchain.version);
    hash.update(toolchain.rustc.to_string_lossy().as_bytes());
    for (name, text) in SUPPORT {
        hash.update(name);
        hash.update(text);
    }
    let parent = cache.join("support");
    let folder = parent.join(hex::encode(&hash.finalize()[..16]));
    let file = format!(
        "{}lessons_cell{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let library = folder.join(&file);
    if library.exists() {
        return Ok(library);
    }
    fs::create_dir_all(&parent).with_context(|| format!("cannot create {}", parent.display()))?;
    let work = tempfile::tempdir_in(&parent)?;
    for (name, text) in SUPPORT {
        fs::write(work.path().join(name), text)?;
    }
    let output = Command::new(&toolchain.rustc)
        .args([
            "--edition=2024",
            "--crate-name=lessons_cell",
            "--crate-type=dylib",
        ])
        .args([
            "-Cprefer-dynamic",
            "-Copt-level=2",
            "-Cmetadata=lessons-cell",
            "-o",
        ])
        .arg(work.path().join(&file))
        .arg(work.path().join("lib.rs"))
        .output()?;
    if !output.status.success() {
        bail!(
            "the part of the kernel that runs inside cells does not compile:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let work = work.keep();
    if fs::rename(&work, &folder).is_err() {
        // Another kernel was quicker.
        fs::remove_dir_all(&work)?;
    }
    if !library.exists() {
        bail!("{} is missing after it was built", library.display());
    }
    Ok(library)
}
