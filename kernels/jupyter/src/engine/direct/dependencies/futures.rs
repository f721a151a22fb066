//! What runs the futures that cells wait for: one tokio runtime in the process, which a layer's dylib
//! holds beside tokio itself.
//!
//! It is started by the first cell that needs it and never ended, so that what a cell spawns goes on
//! between cells.

use std::path::{Path, PathBuf};

use super::Dependencies;
use super::layer::{Extern, Layer};
use super::spec::Spec;

/// The package that cells' futures are made for.
const PACKAGE: &str = "tokio";

/// What the dylib has for cells. Nothing in it is generic, so that no cell compiles any of it.
pub const SOURCE: &str = r#"
use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;

use lessons_tokio::runtime::{Builder, EnterGuard, Runtime};

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let built = Builder::new_multi_thread().enable_all().build();
        built.expect("the threads of a tokio runtime")
    })
}

pub fn block_on(future: Pin<&mut dyn Future<Output = ()>>) {
    runtime().block_on(future);
}

pub fn enter() -> EnterGuard<'static> {
    runtime().enter()
}
"#;

/// The name of tokio in [`SOURCE`].
pub const TOKIO: &str = "lessons_tokio";

/// A runtime that cells can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// The crate with its functions.
    pub dylib: String,
    /// The name by which cells know tokio.
    pub tokio: String,
    /// How many layers must be there for it.
    pub layers: usize,
}

impl Dependencies {
    /// The runtime, when tokio is there.
    pub fn runtime(&self) -> Option<Runtime> {
        let mut layers = self.layers.iter().enumerate();
        let (index, layer) = layers.find(|(_, layer)| layer.manifest.runtime)?;
        Some(Runtime {
            dylib: layer.manifest.dylib.clone()?,
            tokio: self.specs.iter().find(|spec| is_tokio(spec))?.name(),
            layers: index + 1,
        })
    }
}

fn is_tokio(spec: &Spec) -> bool {
    spec.package() == PACKAGE
}

/// The file of the tokio for which a new layer gets a runtime, when no layer below has one.
pub fn file_of_tokio<'e>(
    specs: &[Spec],
    below: &[Layer],
    externs: impl Fn(&str) -> Option<&'e Extern>,
) -> Option<&'e str> {
    if below.iter().any(|layer| layer.manifest.runtime) {
        return None;
    }
    let tokio = externs(&specs.iter().find(|spec| is_tokio(spec))?.name())?;
    // What came before had another builder.
    tokio.version.starts_with("1.").then_some(&tokio.file)
}

/// Where the file of a crate lies that is not new: in the layers below, or else in the library.
pub fn place(file: &str, below: &[Layer], library: Option<&Path>) -> Option<PathBuf> {
    let holder = below
        .iter()
        .find(|layer| layer.manifest.files.contains_key(file));
    match holder {
        Some(layer) => Some(layer.file(file)),
        None => library.map(|folder| folder.join(file)),
    }
}
