//! Crates that a notebook asks for with `:dep`.
//!
//! What the prebuilt library holds is answered from it. Everything else is built by cargo in a
//! generated [`project`], which shares lock file, profile and target folder with the library's own
//! build, and becomes a [`layer`]: a dylib that cells link, on top of the library. Layers are shared
//! by all kernels of a user.

mod answer;
mod build;
mod cargo;
mod futures;
mod layer;
mod progress;
mod project;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::Value;

use self::build::{Build, path_sources};
use self::layer::Layer;
use super::running::Running;
use super::rustc::Toolchain;
use crate::library::Library;

pub use self::cargo::{Step, Stop};
pub use self::futures::Runtime;
pub use self::layer::sweep;
pub use self::progress::Progress;
pub use self::spec::{Spec, parse};

/// The crates of a notebook beside the prebuilt library.
#[derive(Debug, Clone, Default)]
pub struct Dependencies {
    specs: Vec<Spec>,
    layers: Vec<Layer>,
}

/// A crate that cells can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nameable {
    pub path: PathBuf,
    /// The dylib that has its code; a cell that names the crate must link it.
    pub anchor: Option<String>,
    /// How many layers must be there for it.
    pub layers: usize,
}

/// Where and how dependencies are built.
pub struct Site<'s> {
    pub toolchain: &'s Toolchain,
    pub library: &'s Library,
    /// The folder of all layers.
    pub home: PathBuf,
    pub offline: bool,
    pub environment: &'s [(String, String)],
    pub running: &'s Running,
    pub progress: &'s Progress,
}

/// What became of a request.
#[derive(Debug)]
pub struct Change {
    pub dependencies: Dependencies,
    /// Crates that cells may have loaded are no longer the same: the process must start anew.
    pub replaced: bool,
    /// What the user should know.
    pub notes: Vec<String>,
    /// For the end of the progress display; empty when nothing was built.
    pub summary: String,
}

impl Dependencies {
    /// The specs, as lines of TOML.
    pub fn lines(&self) -> Vec<String> {
        self.specs.iter().map(Spec::line).collect()
    }

    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// The first so many layers.
    pub fn upto(&self, layers: usize) -> Dependencies {
        Dependencies {
            specs: Vec::new(),
            layers: self.layers[..layers.min(self.layers.len())].to_vec(),
        }
    }

    /// Every crate that a cell can name, the library's included.
    pub fn nameable(&self, library: &Library) -> BTreeMap<String, Nameable> {
        let mut found = BTreeMap::new();
        for (name, path) in library.externs() {
            let anchor = (name != "lessons" && !is_macro(path)).then(|| "lessons".to_owned());
            let nameable = Nameable {
                path: path.to_owned(),
                anchor,
                layers: 0,
            };
            found.insert(name.to_owned(), nameable);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let layers = index + 1;
            for (name, built) in &layer.manifest.externs {
                let holder = self.layers[..layers]
                    .iter()
                    .find(|layer| layer.manifest.files.contains_key(&built.file));
                let nameable = match (holder, library.dependencies()) {
                    (Some(holder), _) => Nameable {
                        path: holder.file(&built.file),
                        anchor: holder.manifest.dylib.clone().filter(|_| !built.is_macro),
                        layers,
                    },
                    (None, Some(folder)) => Nameable {
                        path: folder.join(&built.file),
                        anchor: (!built.is_macro).then(|| "lessons".to_owned()),
                        layers,
                    },
                    (None, None) => continue,
                };
                found.insert(name.clone(), nameable);
            }
        }
        found
    }

    /// The root files of the sources of the crates that were added, where they are still there.
    pub fn sources(&self) -> Vec<(String, PathBuf)> {
        let externs = self.layers.iter().flat_map(|layer| &layer.manifest.externs);
        let roots = externs.map(|(name, built)| (name.clone(), built.root.clone()));
        roots.filter(|(_, root)| root.is_file()).collect()
    }

    /// The dylibs of the first so many layers, as crates.
    pub fn dylibs(&self, layers: usize) -> Vec<(&str, PathBuf)> {
        let layers = self.layers.iter().take(layers);
        layers
            .filter_map(|layer| Some((layer.manifest.dylib.as_deref()?, layer.dylib()?)))
            .collect()
    }

    /// The folders in which rustc finds the crates of the first so many layers.
    pub fn folders(&self, layers: usize) -> Vec<PathBuf> {
        self.layers.iter().take(layers).map(Layer::files).collect()
    }

    /// Everything that the dynamic linker may be asked for.
    pub fn shared_objects(&self) -> Vec<PathBuf> {
        self.layers.iter().flat_map(Layer::shared_objects).collect()
    }

    /// Adds crates, building what is not there yet; `None` when nothing changes.
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn add(&self, specs: Vec<Spec>, site: &Site<'_>) -> Result<Option<Change>, Stop> {
        let mut all = self.specs.clone();
        for spec in specs {
            all.retain(|old| old.name() != spec.name());
            if !answer::from_library(&spec, site.library) {
                all.push(with_runtime(spec));
            }
        }
        if all.is_empty() {
            return Ok((!self.specs.is_empty()).then(|| Change {
                dependencies: Dependencies::default(),
                replaced: true,
                notes: Vec::new(),
                summary: String::new(),
            }));
        }
        self.resolve(all, site)
    }

    /// Builds path crates whose sources have changed; `None` when nothing has.
    ///
    /// # Errors
    /// See [`Stop`].
    pub fn refresh(&self, site: &Site<'_>) -> Result<Option<Change>, Stop> {
        if self.specs.is_empty() {
            return Ok(None);
        }
        self.resolve(self.specs.clone(), site)
    }

    fn resolve(&self, specs: Vec<Spec>, site: &Site<'_>) -> Result<Option<Change>, Stop> {
        fs::create_dir_all(&site.home)
            .with_context(|| format!("cannot create {}", site.home.display()))?;
        let project = tempfile::Builder::new()
            .prefix("project.")
            .tempdir_in(&site.home)?;
        let mut build = Build {
            site,
            specs,
            below: &self.layers,
            project: project.path(),
        };
        build.write_project()?;
        let mut metadata = None;
        let mut sources = Vec::new();
        if build.specs.iter().any(|spec| spec.path().is_some()) {
            let known = build.metadata()?;
            sources = path_sources(&known)?;
            metadata = Some(known);
        }
        let before: BTreeSet<&(PathBuf, String)> = self
            .layers
            .iter()
            .flat_map(|layer| &layer.manifest.sources)
            .collect();
        if build.specs == self.specs && sources.iter().all(|source| before.contains(source)) {
            return Ok(None);
        }
        let specs = build.specs.clone();
        let key = build.key(&sources);
        let folder = site.home.join(&key);
        let mut summary = String::new();
        let layer = match Layer::open(&folder) {
            Ok(layer) => layer,
            Err(_) => {
                let _lock = build.lock(&key)?;
                match Layer::open(&folder) {
                    Ok(layer) => layer,
                    Err(_) => {
                        let metadata = match metadata {
                            Some(metadata) => metadata,
                            None => build.metadata()?,
                        };
                        let layer = build.layer(metadata, sources, &folder)?;
                        summary = said(&layer, &specs);
                        layer
                    }
                }
            }
        };
        let stands_on = layer.manifest.below;
        let replaced = stands_on < self.layers.len();
        let mut layers = self.layers[..stands_on].to_vec();
        let notes = layer.manifest.notes.clone();
        layers.push(layer);
        Ok(Some(Change {
            dependencies: Dependencies { specs, layers },
            replaced,
            notes,
            summary,
        }))
    }
}

/// `regex 1.12.2 (5 crates compiled)`
fn said(layer: &Layer, specs: &[Spec]) -> String {
    let versions = specs.iter().filter_map(|spec| {
        let built = layer.manifest.externs.get(&spec.name())?;
        Some(format!("{} {}", spec.key, built.version))
    });
    let versions: Vec<String> = versions.collect();
    let crates = match layer.manifest.compiled {
        0 => "nothing had to be compiled".to_owned(),
        1 => "1 crate compiled".to_owned(),
        number => format!("{number} crates compiled"),
    };
    format!("{} ({crates})", versions.join(", "))
}

/// Tokio with what `.await` in a cell needs.
fn with_runtime(mut spec: Spec) -> Spec {
    const NEEDED: &str = "rt-multi-thread";
    if spec.package() == "tokio" && !spec.features().contains(&"full") {
        let features = spec
            .table
            .entry("features")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(features) = features
            && !features
                .iter()
                .any(|feature| feature.as_str() == Some(NEEDED))
        {
            features.push(Value::from(NEEDED));
        }
    }
    spec
}

fn is_macro(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension != "rlib")
}
