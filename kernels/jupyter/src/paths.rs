//! Where files belong on this machine.

use std::env;
use std::path::PathBuf;

use anyhow::Context;

/// Names a folder for everything that the project keeps; for tests and unusual setups.
pub const HOME_ENV: &str = "LESSONS_HOME";

/// The project's own folder under the user's data directory: prebuilt libraries, the history.
///
/// # Errors
/// When neither `LESSONS_HOME` nor a home directory is set.
pub fn data_dir() -> anyhow::Result<PathBuf> {
    if let Some(folder) = set(HOME_ENV) {
        return Ok(folder);
    }
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Application Support/lessons"));
    }
    Ok(match set("XDG_DATA_HOME") {
        Some(folder) => folder.join("lessons"),
        None => home()?.join(".local/share/lessons"),
    })
}

/// Jupyter's data directory of the user, where `kernels/` lies.
///
/// # Errors
/// When no home directory is set.
pub fn jupyter_user() -> anyhow::Result<PathBuf> {
    if let Some(folder) = set("JUPYTER_DATA_DIR") {
        return Ok(folder);
    }
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Jupyter"));
    }
    Ok(match set("XDG_DATA_HOME") {
        Some(folder) => folder.join("jupyter"),
        None => home()?.join(".local/share/jupyter"),
    })
}

/// The prefix of the active virtual or conda environment.
pub fn active_prefix() -> Option<PathBuf> {
    set("VIRTUAL_ENV").or_else(|| set("CONDA_PREFIX"))
}

/// Every Jupyter data directory in which a kernelspec may lie: those that Jupyter searches here, and
/// those of a `.venv` around the working directory.
pub fn jupyter_all() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(paths) = env::var_os("JUPYTER_PATH") {
        folders.extend(env::split_paths(&paths).filter(|path| path.is_absolute()));
    }
    folders.extend(jupyter_user());
    folders.extend(active_prefix().map(|prefix| prefix.join("share/jupyter")));
    if let Ok(here) = env::current_dir() {
        let environments = here.ancestors().map(|folder| folder.join(".venv"));
        let found = environments.filter(|folder| folder.join("pyvenv.cfg").is_file());
        folders.extend(found.map(|prefix| prefix.join("share/jupyter")));
    }
    folders.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    folders
}

fn home() -> anyhow::Result<PathBuf> {
    set("HOME").context("no home directory: set HOME")
}

/// A variable that holds a path; an empty one counts as absent.
fn set(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name)?;
    (!value.is_empty()).then(|| PathBuf::from(value))
}
