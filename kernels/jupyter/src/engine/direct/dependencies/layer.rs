//! The crates of one `:dep`, built: a folder that is never changed once it is complete.
//!
//! A layer holds a dylib with the code of its new crates, and their rlibs for rustc to read. Cells
//! link the dylib, so that a crate's code and statics are there once, whatever number of cells uses
//! it. A layer stands on the prebuilt library and on the layers before it and holds nothing that they
//! hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::super::rustc::Toolchain;
use super::futures;

const MANIFEST: &str = "layer.json";
const FILES: &str = "deps";
const LOCK: &str = "Cargo.lock";

/// What a layer's folder says about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// How many of the layers that were there before it stands on; the others it replaces.
    pub below: usize,
    /// The crate that is the dylib; without one there is no code to link.
    pub dylib: Option<String>,
    /// The crates that a cell can name.
    pub externs: BTreeMap<String, Extern>,
    /// The rlibs and macros that are in this layer: file name to crate.
    pub files: BTreeMap<String, Crate>,
    /// Folders of path crates, and a hash of each.
    pub sources: Vec<(PathBuf, String)>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// How many crates were compiled for it.
    pub compiled: usize,
    /// Whether its dylib has a tokio runtime for cells.
    #[serde(default)]
    pub runtime: bool,
}

/// A crate that a cell can name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Extern {
    /// Name of the file, which may be the library's or an earlier layer's.
    pub file: String,
    pub is_macro: bool,
    pub version: String,
    /// The file that its sources begin with.
    #[serde(default)]
    pub root: PathBuf,
}

/// A built crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crate {
    /// The package's id without its version.
    pub package: String,
    pub version: String,
    pub is_macro: bool,
}

/// A complete layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub folder: PathBuf,
    pub manifest: Manifest,
}

impl Layer {
    /// # Errors
    /// When the folder is no complete layer.
    pub fn open(folder: &Path) -> anyhow::Result<Layer> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Manifest = serde_json::from_slice(&text)?;
        let layer = Layer {
            folder: folder.to_owned(),
            manifest,
        };
        let files = layer.manifest.files.keys().map(|file| layer.file(file));
        if let Some(lost) = files.chain(layer.dylib()).find(|path| !path.exists()) {
            bail!("{} is gone", lost.display());
        }
        if let Ok(file) = fs::File::open(&path) {
            // On a read-only disk it merely looks older than it is.
            let _ = file.set_modified(std::time::SystemTime::now());
        }
        Ok(layer)
    }

    pub fn files(&self) -> PathBuf {
        self.folder.join(FILES)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(FILES).join(name)
    }

    pub fn lock(&self) -> PathBuf {
        self.folder.join(LOCK)
    }

    pub fn dylib(&self) -> Option<PathBuf> {
        let name = self.manifest.dylib.as_ref()?;
        Some(self.file(&dylib_file(name)))
    }

    /// Everything that the dynamic linker may be asked for.
    pub fn shared_objects(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.files()) else {
            return Vec::new();
        };
        let files = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !self.manifest.files.contains_key(&*name) && is_shared_object(&name)
        });
        files.map(|entry| entry.path()).collect()
    }
}

fn is_shared_object(name: &str) -> bool {
    // `libx.so`, `libx.so.1`
    name.ends_with(std::env::consts::DLL_SUFFIX)
        || name.contains(&format!("{}.", std::env::consts::DLL_SUFFIX))
}

fn dylib_file(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

/// A layer in the making.
pub struct Draft<'d> {
    pub toolchain: &'d Toolchain,
    pub manifest: Manifest,
    /// Where the new files are now.
    pub from: Vec<PathBuf>,
    /// Where rustc finds the crates of the library and of the layers before.
    pub folders: Vec<PathBuf>,
    /// The dylibs that it stands on.
    pub below: Vec<(String, PathBuf)>,
    /// Folders with native libraries.
    pub native: Vec<PathBuf>,
    /// Of the project that built it.
    pub lock: PathBuf,
    /// The tokio for which the dylib gets a runtime: a path, or the name of a new file.
    pub tokio: Option<PathBuf>,
}

impl Draft<'_> {
    /// Copies the files, links the dylib, and puts it all into place in one step. `run` runs rustc.
    ///
    /// # Errors
    /// When a file cannot be written or the dylib not be linked.
    pub fn finish(
        mut self,
        folder: &Path,
        name: &str,
        run: &dyn Fn(&mut Command) -> anyhow::Result<Result<(), String>>,
    ) -> anyhow::Result<Layer> {
        let parent = folder.parent().context("a layer has a parent folder")?;
        let work = tempfile::tempdir_in(parent)?;
        let files = work.path().join(FILES);
        fs::create_dir(&files)?;
        for from in &self.from {
            let Some(file) = from.file_name() else {
                continue;
            };
            // Files of path crates are written anew under the same name; a link would change, too.
            fs::copy(from, files.join(file))
                .with_context(|| format!("cannot copy {}", from.display()))?;
        }
        for native in &self.native {
            self.copy_shared_objects(native, &files);
        }
        let linked: BTreeSet<PathBuf> = self
            .manifest
            .files
            .iter()
            .filter(|(_, built)| !built.is_macro)
            .map(|(file, _)| files.join(file))
            .collect();
        self.manifest.runtime = self.tokio.is_some();
        if !linked.is_empty() || self.manifest.runtime {
            self.link(work.path(), name, &linked, run)?;
            self.manifest.dylib = Some(name.to_owned());
        }
        fs::copy(&self.lock, work.path().join(LOCK))?;
        fs::write(
            work.path().join(MANIFEST),
            serde_json::to_vec_pretty(&self.manifest)?,
        )?;
        let work = work.keep();
        if folder.exists() {
            // Damaged, or it would have been opened.
            fs::remove_dir_all(folder)?;
        }
        fs::rename(&work, folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Layer::open(folder)
    }

    /// Shared objects that a build script made must be where the dynamic linker looks.
    fn copy_shared_objects(&self, native: &Path, files: &Path) {
        let Ok(entries) = fs::read_dir(native) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let system = ["/usr", "/lib", "/opt", "/System"];
            if is_shared_object(&name.to_string_lossy())
                && !system.iter().any(|folder| native.starts_with(folder))
            {
                // If it is needed and not there, loading says so.
                let _ = fs::copy(entry.path(), files.join(name));
            }
        }
    }

    fn link(
        &self,
        work: &Path,
        name: &str,
        linked: &BTreeSet<PathBuf>,
        run: &dyn Fn(&mut Command) -> anyhow::Result<Result<(), String>>,
    ) -> anyhow::Result<()> {
        let mut source = String::new();
        let mut externs: Vec<OsString> = Vec::new();
        let mut add = |alias: &str, path: &Path| {
            source.push_str(&format!("extern crate {alias} as _;\n"));
            let mut argument = OsString::from(format!("--extern={alias}="));
            argument.push(path);
            externs.push(argument);
        };
        for (name, path) in &self.below {
            add(name, path);
        }
        for (index, path) in linked.iter().enumerate() {
            add(&format!("crate_{index}"), path);
        }
        if let Some(tokio) = &self.tokio {
            add(futures::TOKIO, &work.join(FILES).join(tokio));
            source.push_str(futures::SOURCE);
        }
        let main = work.join("lib.rs");
        fs::write(&main, source)?;
        let mut command = Command::new(&self.toolchain.rustc);
        command
            .args(["--edition=2021", "--crate-type=dylib", "--cap-lints=allow"])
            .args(["-Cprefer-dynamic", "-Copt-level=0", "-Cdebuginfo=0"])
            .arg(format!("--crate-name={name}"))
            .arg(format!("-Cmetadata={name}"))
            .args(externs)
            .arg("-o")
            .arg(work.join(FILES).join(dylib_file(name)));
        let mut search = |kind: &str, folder: &Path| {
            let mut argument = OsString::from(format!("-L{kind}="));
            argument.push(folder);
            command.arg(argument);
        };
        search("dependency", &work.join(FILES));
        for folder in &self.folders {
            search("dependency", folder);
        }
        for folder in &self.native {
            search("native", folder);
        }
        command.arg(&main);
        if let Err(said) = run(&mut command)? {
            bail!("the crates were built but cannot be linked into one library:\n{said}");
        }
        Ok(())
    }
}

/// How much disk layers may take before the least recently used are removed.
const LIMIT: u64 = 4 << 30;

/// Removes the least recently used layers until the rest is within the limit.
pub fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    let mut layers = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let used = fs::metadata(path.join(MANIFEST)).and_then(|file| file.modified());
        if let Ok(used) = used {
            let files = fs::read_dir(path.join(FILES))
                .into_iter()
                .flatten()
                .flatten();
            let size: u64 = files
                .filter_map(|file| file.metadata().ok())
                .map(|file| file.len())
                .sum();
            layers.push((used, size, path));
        }
    }
    layers.sort();
    let mut total: u64 = layers.iter().map(|(_, size, _)| size).sum();
    for (_, size, path) in layers {
        if total <= LIMIT {
            break;
        }
        // One that cannot be removed is no worse than before.
        let _ = fs::remove_dir_all(path);
        total -= size;
    }
}
