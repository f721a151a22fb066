//! `lessons-kernel install` and `uninstall`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::assist::write_indexes;
use crate::engine::Kind;
use crate::{library, paths};

use super::kernelspec::KERNEL;
use super::{Kernelspec, Place};

/// What to install.
#[derive(Debug, Clone)]
pub struct Installation {
    pub place: Place,
    /// The kernelspec's name.
    pub name: String,
    /// The checkout with the library's sources; where the kernel was built from by default.
    pub workspace: Option<PathBuf>,
    /// Cargo features of the library, such as `cuda`.
    pub features: Vec<String>,
    /// What runs the cells.
    pub engine: Kind,
}

/// Builds the library, copies the kernel beside it and writes the kernelspec; tells `progress` what
/// it does. Returns the kernelspec's folder.
///
/// # Errors
/// When the library can't be built or a folder can't be written; nothing is installed then.
pub fn install(
    installation: &Installation,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<PathBuf> {
    installation.engine.check()?;
    let kernels = installation.place.kernels()?;
    let workspace = workspace(installation.workspace.as_deref())?;
    let home = home(&workspace, &installation.features)?;
    library::build_variant(&workspace, &home, &installation.features, progress)?;
    let built = library::locate(&home).context("the library that was just built is gone")?;
    progress("Indexing the library and std for completion");
    if let Some(missing) = write_indexes(&workspace, &built)? {
        progress(&format!("Names of std come from a short list: {missing}"));
    }
    // Of each folder the two newest kernels stay, so kernels of two kinds have one each.
    let programs = match installation.engine {
        Kind::Direct => "bin",
        Kind::Evcxr => "bin-evcxr",
    };
    let spec = Kernelspec {
        name: installation.name.clone(),
        binary: copy_kernel(&home.join(programs))?,
        library: home,
        engine: installation.engine,
    };
    spec.write(&kernels)
}

/// Where the libraries of one checkout in one variant are kept, newest and previous.
fn home(workspace: &Path, features: &[String]) -> anyhow::Result<PathBuf> {
    let mut hash = Sha256::new();
    hash.update(workspace.as_os_str().as_encoded_bytes());
    hash.update([0]);
    hash.update(features.join(","));
    let key = hex::encode(&hash.finalize()[..6]);
    let variant = match features {
        [] => "cpu".to_owned(),
        features => features.join("-"),
    };
    Ok(paths::data_dir()?
        .join("libraries")
        .join(format!("{variant}-{key}")))
}

/// Removes the kernelspec of a name; returns what it said.
///
/// # Errors
/// When there is none of ours by that name in that place.
pub fn uninstall(place: &Place, name: &str) -> anyhow::Result<Kernelspec> {
    let folder = place.kernels()?.join(name);
    let spec = Kernelspec::read(&folder)?;
    fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
    Ok(spec)
}

/// The checkout to build the library from: the given one, else the one around the working
/// directory, else the one that this binary was built in.
fn workspace(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let is_workspace = |folder: &Path| folder.join("lessons-crate/Cargo.toml").is_file();
    if let Some(folder) = given {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("there is no folder {}", folder.display()))?;
        if !is_workspace(&folder) {
            bail!(
                "{} is not a checkout of lessons: it has no lessons-crate",
                folder.display()
            );
        }
        return Ok(folder);
    }
    let here = std::env::current_dir()?;
    let binary = std::env::current_exe()?;
    let candidates = here.ancestors().chain(binary.ancestors());
    let found = candidates.into_iter().find(|folder| is_workspace(folder));
    let found =
        found.context("no checkout of lessons is around here; name one with --workspace")?;
    Ok(found.to_owned())
}

/// Copies this binary into a folder that is named after its content, so that a kernel that runs
/// from an older one keeps its program. The two newest stay.
fn copy_kernel(folder: &Path) -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let content = fs::read(&binary).with_context(|| format!("can't read {}", binary.display()))?;
    let own = folder.join(hex::encode(&Sha256::digest(&content)[..6]));
    let target = own.join(KERNEL);
    if !target.is_file() {
        fs::create_dir_all(&own).with_context(|| format!("can't make {}", own.display()))?;
        let fresh = tempfile::NamedTempFile::new_in(&own)?.into_temp_path();
        fs::copy(&binary, &fresh).with_context(|| format!("can't copy to {}", own.display()))?;
        fresh.persist(&target)?;
    }
    remove_all_but(folder, &own);
    Ok(target)
}

/// Removes what is older than the newest neighbor of `own`. What can't be removed stays.
fn remove_all_but(folder: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut others: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path() != own)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    others.sort();
    others.pop();
    for (_, path) in others {
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_told_from_any_folder() {
        let folder = tempfile::tempdir().unwrap();
        let error = workspace(Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains("lessons-crate"), "{error}");
        let library = folder.path().join("lessons-crate");
        fs::create_dir(&library).unwrap();
        fs::write(library.join("Cargo.toml"), "").unwrap();
        assert!(workspace(Some(folder.path())).is_ok());
    }

    #[test]
    fn the_newest_two_kernels_stay() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["old/", "older/"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let first = copy_kernel(folder.path()).unwrap();
        assert_eq!(copy_kernel(folder.path()).unwrap(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(
            fs::read(first).unwrap(),
            fs::read(std::env::current_exe().unwrap()).unwrap()
        );
    }
}
