//! The prebuilt `lessons` library that cells link against: building, copying and finding it.
//!
//! A library is a folder: the dylib, everything that rustc reads when a cell names a crate of it, and
//! `manifest.json`. Folders are never changed once they are complete, so builds elsewhere disturb no
//! running kernel; a file `current` beside them names the newest.

mod build;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

pub use build::{Event, build, build_variant, build_watched};
pub use sources::{fingerprint, fingerprint_of, registry_source};

const MANIFEST: &str = "manifest.json";
const CURRENT: &str = "current";

/// What a library's folder says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What `rustc -V` said: another rustc cannot read the files.
    pub rustc: String,
    /// The workspace that it was built from, and a hash of its sources then.
    pub workspace: PathBuf,
    pub sources: String,
    pub features: Vec<String>,
    /// File name of the dylib.
    pub lessons: String,
    /// Crates that a cell can name, and their files in `deps`.
    pub externs: BTreeMap<String, String>,
    /// The packages that it was made of, those of the workspace left out.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Cargo's target folder, in which it was built.
    #[serde(default)]
    pub target: PathBuf,
}

/// A package that took part in the library's build, as it was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub features: Vec<String>,
    /// Built for build scripts and procedural macros only.
    pub host: bool,
    /// The name by which cells know it, if they do.
    pub extern_name: Option<String>,
}

/// A prebuilt library, or none.
#[derive(Debug, Clone, Default)]
pub struct Library {
    opened: Option<Opened>,
}

#[derive(Debug, Clone)]
struct Opened {
    manifest: Manifest,
    dependencies: PathBuf,
    externs: Vec<(String, PathBuf)>,
    dylib: PathBuf,
}

impl Library {
    /// No library: cells have std alone.
    pub fn none() -> Library {
        Library::default()
    }

    /// Opens a library's folder.
    ///
    /// # Errors
    /// When the manifest is missing or unreadable, or a file that it names is not there.
    pub fn open(folder: &Path) -> anyhow::Result<Library> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a library's manifest", path.display()))?;
        let folder = fs::canonicalize(folder)?;
        let dependencies = folder.join("deps");
        let dylib = dependencies.join(&manifest.lessons);
        let mut externs = vec![("lessons".to_owned(), dylib.clone())];
        for (name, file) in &manifest.externs {
            externs.push((name.clone(), dependencies.join(file)));
        }
        if let Some((name, path)) = externs.iter().find(|(_, path)| !path.exists()) {
            bail!(
                "the prebuilt library has lost the crate `{name}` ({}): install the kernel again",
                path.display()
            );
        }
        Ok(Library {
            opened: Some(Opened {
                manifest,
                dependencies,
                externs,
                dylib,
            }),
        })
    }

    /// What the library says about itself; nothing for [`Library::none`].
    pub fn manifest(&self) -> Option<&Manifest> {
        self.opened.as_ref().map(|opened| &opened.manifest)
    }

    /// The folder of this library alone.
    pub fn folder(&self) -> Option<&Path> {
        self.dependencies()?.parent()
    }

    /// The folder in which [`build`] put it.
    pub fn destination(&self) -> Option<&Path> {
        self.folder()?.parent()
    }

    /// The crates that a cell can name, and their files.
    pub fn externs(&self) -> Vec<(&str, &Path)> {
        let opened = self.opened.iter();
        let externs = opened.flat_map(|opened| &opened.externs);
        externs
            .map(|(name, path)| (name.as_str(), path.as_path()))
            .collect()
    }

    /// The folder in which rustc and the dynamic linker find everything.
    pub fn dependencies(&self) -> Option<&Path> {
        self.opened
            .as_ref()
            .map(|opened| opened.dependencies.as_path())
    }

    /// The dylib.
    pub fn preload(&self) -> Option<&Path> {
        self.opened.as_ref().map(|opened| opened.dylib.as_path())
    }

    /// Whether this rustc can read the library.
    ///
    /// # Errors
    /// When the library was built by another rustc.
    pub fn check(&self, rustc: &str) -> anyhow::Result<()> {
        match self.manifest() {
            Some(manifest) if manifest.rustc != rustc => bail!(
                "the lessons library was built by {}, and this is {rustc}: install the kernel again",
                manifest.rustc
            ),
            _ => Ok(()),
        }
    }

    /// Whether the sources in the workspace are still those that the library was built from; true as
    /// well where the workspace is gone.
    pub fn is_fresh(&self) -> bool {
        self.manifest().is_none_or(|manifest| {
            fingerprint(&manifest.workspace).is_ok_and(|sources| sources == manifest.sources)
                || !manifest.workspace.exists()
        })
    }
}

/// The library that the last [`build`] into `destination` made.
pub fn locate(destination: &Path) -> Option<PathBuf> {
    let key = fs::read_to_string(destination.join(CURRENT)).ok()?;
    let folder = destination.join(key.trim());
    folder.join(MANIFEST).exists().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_its_files_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Library::open(folder.path()).is_err());
        fs::write(folder.path().join(MANIFEST), "{").unwrap();
        assert!(Library::open(folder.path()).is_err());
        let manifest = Manifest {
            rustc: "rustc 1".into(),
            workspace: "/nowhere".into(),
            sources: String::new(),
            features: Vec::new(),
            lessons: "liblessons.so".into(),
            externs: BTreeMap::new(),
            ..Manifest::default()
        };
        fs::write(
            folder.path().join(MANIFEST),
            serde_json::to_vec(&manifest).unwrap(),
        )
        .unwrap();
        let error = Library::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("`lessons`"), "{error}");
        fs::create_dir(folder.path().join("deps")).unwrap();
        fs::write(folder.path().join("deps/liblessons.so"), "").unwrap();
        let library = Library::open(folder.path()).unwrap();
        assert_eq!(library.externs()[0].0, "lessons");
        assert!(library.check("rustc 1").is_ok() && library.check("rustc 2").is_err());
    }

    #[test]
    fn nothing_is_located_where_nothing_was_built() {
        assert_eq!(locate(Path::new("/nowhere")), None);
    }
}
