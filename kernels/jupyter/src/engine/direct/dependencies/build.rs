//! One run of cargo, and the layer that is made of what it built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::cargo::{Artifact, Built, Cargo, Metadata, Package, Stop};
use super::layer::{self, Crate, Draft, Extern, Layer};
use super::spec::{Spec, parse};
use super::{Site, answer, futures, is_macro, project};
use crate::engine::direct::rustc;

/// One run of cargo and what is made of it.
pub struct Build<'b> {
    pub site: &'b Site<'b>,
    pub specs: Vec<Spec>,
    /// The layers that are there already.
    pub below: &'b [Layer],
    /// A folder for the generated project.
    pub project: &'b Path,
}

impl Build<'_> {
    pub fn write_project(&self) -> anyhow::Result<()> {
        let manifest = self.site.library.manifest();
        let lock = match (self.below.last(), manifest) {
            (Some(layer), _) => Some(layer.lock()),
            (None, Some(manifest)) => Some(manifest.workspace.join("Cargo.lock")),
            (None, None) => None,
        };
        project::write(self.project, &self.specs, manifest, lock.as_deref())
    }

    fn cargo<T>(&self, call: impl FnOnce(&Cargo<'_>) -> Result<T, Stop>) -> Result<T, Stop> {
        let manifest = self.site.library.manifest();
        let own = self.site.home.join("target");
        let cargo = Cargo {
            folder: manifest.map_or(self.project, |manifest| &manifest.workspace),
            target: manifest.map_or(&own, |manifest| &manifest.target),
            offline: self.site.offline,
            environment: self.site.environment,
            running: self.site.running,
        };
        call(&cargo)
    }

    pub fn metadata(&self) -> Result<Metadata, Stop> {
        let platform = self.site.toolchain.platform();
        let known = self.cargo(|cargo| {
            cargo.metadata(self.project, platform, &|step| {
                self.site.progress.step(step)
            })
        });
        known.map_err(|stop| match stop {
            Stop::Failed(said) => Stop::Failed(answer::conflict(&said, self.site.library)),
            stop => stop,
        })
    }

    pub fn key(&self, sources: &[(PathBuf, String)]) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        };
        add(env!("CARGO_PKG_VERSION").as_bytes());
        add(futures::SOURCE.as_bytes());
        add(self.site.toolchain.version.as_bytes());
        let library = self.site.library.dependencies().unwrap_or(Path::new(""));
        add(library.as_os_str().as_encoded_bytes());
        for layer in self.below {
            add(layer.folder.as_os_str().as_encoded_bytes());
        }
        for spec in &self.specs {
            add(spec.line().as_bytes());
        }
        for (folder, fingerprint) in sources {
            add(folder.as_os_str().as_encoded_bytes());
            add(fingerprint.as_bytes());
        }
        for (key, value) in self.site.environment {
            add(key.as_bytes());
            add(value.as_bytes());
        }
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            add(std::env::var_os(name)
                .unwrap_or_default()
                .as_encoded_bytes());
        }
        hex::encode(&hash.finalize()[..12])
    }

    /// One kernel at a time builds the same layer.
    pub fn lock(&self, key: &str) -> Result<fs::File, Stop> {
        let path = self.site.home.join(format!("{key}.lock"));
        let file =
            fs::File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => {
                    if self.site.running.interrupted() {
                        return Err(Stop::Interrupted);
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(fs::TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }

    pub fn layer(
        &mut self,
        mut metadata: Metadata,
        sources: Vec<(PathBuf, String)>,
        folder: &Path,
    ) -> Result<Layer, Stop> {
        if self.bring_tokio(&metadata) {
            self.write_project()?;
            metadata = self.metadata()?;
        }
        let direct = self.direct(&metadata)?;
        self.refuse_second_library(&metadata, &direct)?;
        let roots = direct.values().map(|id| id.as_str());
        self.site.progress.expect(&metadata, roots);
        let packages: Vec<String> = direct.values().cloned().collect();
        let built = self.cargo(|cargo| {
            cargo.build(self.project, &packages, &|step| {
                self.site.progress.step(step)
            })
        })?;
        self.draft(&metadata, &direct, built, sources, folder)
    }

    /// A crate that stands on tokio runs in its runtime, which cells can only start if they can name
    /// tokio.
    fn bring_tokio(&mut self, metadata: &Metadata) -> bool {
        let there = metadata
            .packages
            .iter()
            .find(|package| package.name == "tokio");
        let named = self.specs.iter().any(|spec| spec.package() == "tokio");
        match there {
            Some(tokio) if !named => {
                let line = format!(
                    "tokio = {{ version = {:?}, features = [\"full\"] }}",
                    tokio.version
                );
                self.specs
                    .extend(parse(&line, Path::new("/")).unwrap_or_default());
                true
            }
            _ => false,
        }
    }

    /// The crates that were asked for: the names by which code knows them, and their ids.
    fn direct(&self, metadata: &Metadata) -> Result<BTreeMap<String, String>, Stop> {
        let root = metadata
            .resolve
            .root
            .as_deref()
            .context("no root package")?;
        let edges = metadata.edges(root).iter();
        let mut direct: BTreeMap<String, String> = edges
            .map(|edge| (edge.name.clone(), edge.pkg.clone()))
            .collect();
        direct.remove(&project::PINS.replace('-', "_"));
        // A library may have another name than its package.
        let ids: BTreeSet<&String> = direct.values().collect();
        for spec in &self.specs {
            let found = ids
                .iter()
                .filter_map(|id| metadata.package(id))
                .any(|package: &Package| package.name == spec.package());
            if !found {
                return Err(Stop::Failed(format!(
                    "`{}` has no library that a cell could use",
                    spec.key
                )));
            }
        }
        Ok(direct)
    }

    fn refuse_second_library(
        &self,
        metadata: &Metadata,
        direct: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let Some(manifest) = self.site.library.manifest() else {
            return Ok(());
        };
        for (name, id) in direct {
            let second = metadata
                .closure([id.as_str()])
                .into_iter()
                .filter_map(|id| metadata.package(id))
                .find(|package| {
                    package.source.is_none()
                        && package.name == "lessons"
                        && package.manifest_path.starts_with(&manifest.workspace)
                });
            if second.is_some() {
                return Err(Stop::Failed(format!(
                    "`{name}` depends on `lessons` itself, which would be there a second time, with \
                     other types than the notebook's. Let it depend on the crates that `lessons` \
                     shares, such as candle-core, or put its code into cells."
                )));
            }
        }
        Ok(())
    }

    /// Sorts what cargo built into what is there already and what is new.
    fn draft(
        &self,
        metadata: &Metadata,
        direct: &BTreeMap<String, String>,
        built: Built,
        sources: Vec<(PathBuf, String)>,
        folder: &Path,
    ) -> Result<Layer, Stop> {
        let library = self.site.library.dependencies();
        let mut artifacts = BTreeMap::new();
        for artifact in built
            .artifacts
            .iter()
            .filter(|artifact| !artifact.for_host())
        {
            for file in &artifact.filenames {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                if name.ends_with(".rlib") || artifact.is_macro() && is_macro(file) {
                    artifacts.insert(name.into_owned(), (file.clone(), artifact));
                }
            }
        }
        let in_library = |name: &str| library.is_some_and(|folder| folder.join(name).exists());
        let same = |layer: &Layer, name: &str| match artifacts.get(name) {
            Some((_, artifact)) if !artifact.package_id.starts_with("path+") && has_hash(name) => {
                true
            }
            Some((file, _)) => fs::read(file).ok() == fs::read(layer.file(name)).ok(),
            None => false,
        };
        // A layer stays as long as everything in it does.
        let stays = self.below.iter().take_while(|layer| {
            let mut names = layer.manifest.files.keys();
            names.all(|name| same(layer, name))
        });
        let below = stays.count();
        let kept = &self.below[..below];
        let mut draft = Draft {
            toolchain: self.site.toolchain,
            manifest: layer::Manifest {
                below,
                sources,
                compiled: built
                    .artifacts
                    .iter()
                    .filter(|artifact| artifact.compiled())
                    .count(),
                ..layer::Manifest::default()
            },
            from: Vec::new(),
            folders: kept.iter().map(Layer::files).collect(),
            below: Vec::new(),
            native: built.native.clone(),
            lock: self.project.join("Cargo.lock"),
            tokio: None,
        };
        let mut on_library = false;
        for (name, (file, artifact)) in &artifacts {
            if in_library(name) {
                on_library |= !artifact.is_macro();
            } else if !kept
                .iter()
                .any(|layer| layer.manifest.files.contains_key(name))
            {
                let package = metadata.package(&artifact.package_id);
                draft.from.push(file.clone());
                draft.manifest.files.insert(
                    name.clone(),
                    Crate {
                        package: package.map_or(String::new(), |package| package.name.clone()),
                        version: package.map_or(String::new(), |package| package.version.clone()),
                        is_macro: artifact.is_macro(),
                    },
                );
            }
        }
        for (name, id) in direct {
            let found = artifacts
                .iter()
                .find(|(_, (_, artifact))| artifact.package_id == *id);
            let Some((file, (_, artifact))) = found else {
                return Err(Stop::Failed(format!(
                    "`{name}` is no Rust library: cargo built nothing that a cell could use"
                )));
            };
            let version = metadata.package(id).map(|package| package.version.clone());
            draft.manifest.externs.insert(
                name.clone(),
                Extern {
                    file: file.clone(),
                    is_macro: artifact.is_macro(),
                    version: version.unwrap_or_default(),
                    root: artifact.target.src_path.clone(),
                },
            );
        }
        let externs = &draft.manifest.externs;
        let tokio = futures::file_of_tokio(&self.specs, kept, |name| externs.get(name));
        draft.tokio = tokio.and_then(|file| {
            if draft.manifest.files.contains_key(file) {
                return Some(PathBuf::from(file));
            }
            on_library |= in_library(file);
            futures::place(file, kept, library)
        });
        let new: Vec<&Artifact> = artifacts
            .iter()
            .filter(|(name, _)| draft.manifest.files.contains_key(*name))
            .map(|(_, (_, artifact))| *artifact)
            .collect();
        draft.manifest.notes = answer::doubles(&new, metadata, self.site.library);
        if let (true, Some(folder), Some(dylib)) =
            (on_library, library, self.site.library.preload())
        {
            draft.folders.push(folder.to_owned());
            draft.below.push(("lessons".to_owned(), dylib.to_owned()));
        }
        for layer in kept {
            if let Some((name, path)) = layer.manifest.dylib.clone().zip(layer.dylib()) {
                draft.below.push((name, path));
            }
        }
        let key = folder.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("lessons_deps_{key}");
        let running = self.site.running;
        let finished = draft.finish(folder, &name, &|command| {
            let answer = rustc::run(command.arg("--error-format=json"), running)?;
            Ok(if answer.success {
                Ok(())
            } else {
                let mut said = answer.noise;
                for diagnostic in answer.diagnostics {
                    said.push_str(&diagnostic.message);
                    said.push('\n');
                }
                Err(said)
            })
        });
        match finished {
            Err(_) if running.interrupted() => Err(Stop::Interrupted),
            finished => Ok(finished?),
        }
    }
}

/// Whether a file is named after all that it is made of: `libx-0123456789abcdef.rlib`. The crates that
/// cargo is asked for have plain names.
fn has_hash(file: &str) -> bool {
    let stem = file.split('.').next().unwrap_or_default();
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The path crates of a graph, and a hash of each one's files.
pub fn path_sources(metadata: &Metadata) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let packages = metadata.packages.iter().filter(|package| {
        package.source.is_none() && package.name != project::ROOT && package.name != project::PINS
    });
    let mut sources = Vec::new();
    for package in packages {
        if let Some(folder) = package.manifest_path.parent() {
            sources.push((folder.to_owned(), crate::library::fingerprint_of(folder)?));
        }
    }
    sources.sort();
    Ok(sources)
}
