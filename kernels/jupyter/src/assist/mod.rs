//! Completion, inspection and completeness: from text, names and types, never by running anything.
//!
//! The [`Assistant`] knows the API of the `lessons` library and of std ([`Index`]es made when the
//! library was built), the language's own names, and what the notebook has defined so far. Where that
//! does not tell the type of an expression, an [`Analyst`] asks the compiler; while it can't answer,
//! a guess from the text does.

mod at;
mod binding;
mod complete;
mod completeness;
mod docs;
mod exports;
mod files;
mod html;
mod index;
mod infer;
mod inspect;
mod known;
mod lexer;
mod lookup;
mod own;
mod probe;
mod rustdoc;
mod signature;
mod sources;
mod std_names;
mod text;
mod ty;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::engine::{Analyst, Bundle, Variable};

use at::At;
use lookup::Lookup;
use own::Own;

pub use complete::{Completion, Completions};
pub use completeness::{Completeness, completeness};
pub use docs::Doc;
pub use files::write_indexes;
pub use index::{Entry, Index, Kind};

/// Answers completion and inspection requests.
#[derive(Default)]
pub struct Assistant {
    library: Option<PathBuf>,
    /// What was read, and from which library's folder.
    loaded: Mutex<Option<(Option<PathBuf>, Arc<Loaded>)>>,
    /// The crates that notebooks have added, by the root files of their sources.
    added: Mutex<BTreeMap<PathBuf, Arc<Lookup>>>,
    notebook: RwLock<Arc<Notebook>>,
}

/// What does not depend on the notebook.
struct Loaded {
    library: Lookup,
    crates: Lookup,
    std: Lookup,
    language: Lookup,
}

/// What the cells have defined.
#[derive(Default)]
struct Notebook {
    /// With the types that are shown.
    variables: Vec<Variable>,
    items: Vec<String>,
    analyst: Option<Arc<dyn Analyst>>,
    own: OnceLock<Own>,
    asked: probe::Asked,
}

impl Notebook {
    fn own(&self) -> &Own {
        self.own.get_or_init(|| match &self.analyst {
            Some(analyst) => Own::of_notebook(&**analyst),
            None => Own {
                variables: self.variables.clone(),
                ..Own::default()
            },
        })
    }
}

impl Assistant {
    /// An assistant that reads the indexes in the library's folder when it is first asked.
    pub fn new(library: Option<&Path>) -> Self {
        Self {
            library: library.map(Path::to_owned),
            ..Self::default()
        }
    }

    /// Replaces what is known of the notebook's own names.
    pub fn learn(
        &self,
        variables: Vec<Variable>,
        items: Vec<String>,
        analyst: Option<Arc<dyn Analyst>>,
    ) {
        let notebook = Arc::new(Notebook {
            variables,
            items,
            analyst,
            ..Notebook::default()
        });
        *self
            .notebook
            .write()
            .unwrap_or_else(PoisonError::into_inner) = notebook;
    }

    /// What can stand at `cursor`, counted in characters.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        let notebook = self.notebook();
        let added = self.added(&notebook);
        let loaded = self.loaded(&notebook);
        match At::new(&loaded, &added, &notebook, code, cursor) {
            Some(at) => complete::complete(&at),
            None => Completions::none(cursor.min(code.chars().count())),
        }
    }

    /// What the name at `cursor`, counted in characters, means; with more `detail`, also what it is
    /// made of.
    pub fn inspect(&self, code: &str, cursor: usize, detail: bool) -> Option<Doc> {
        let notebook = self.notebook();
        let cursor = inspect::named(code, cursor)?;
        let added = self.added(&notebook);
        let loaded = self.loaded(&notebook);
        let at = At::new(&loaded, &added, &notebook, code, cursor)?;
        inspect::inspect(&at, detail)
    }

    /// The documentation of a name, or of a path such as `Graph::build`.
    pub fn document(&self, name: &str) -> Option<Bundle> {
        let doc = self.inspect(name, name.chars().count(), false)?.bundle();
        serde_json::from_value(doc).ok()
    }

    fn added(&self, notebook: &Notebook) -> Vec<Arc<Lookup>> {
        let crates = notebook.analyst.as_ref().map(|analyst| analyst.crates());
        let mut known = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        let added = crates.into_iter().flatten().map(|(name, root)| {
            let read = || Arc::new(Index::of_foreign_crate(&name, &root).into());
            known.entry(root.clone()).or_insert_with(read).clone()
        });
        added.collect()
    }

    fn notebook(&self) -> Arc<Notebook> {
        let notebook = self.notebook.read();
        notebook.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The indexes of the library that the notebook uses, which `:reload` may have built anew.
    fn loaded(&self, notebook: &Notebook) -> Arc<Loaded> {
        let analyst = notebook.analyst.as_ref();
        let current = analyst.and_then(|analyst| analyst.library());
        let current = current.or_else(|| self.library.clone());
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((folder, loaded)) = &*loaded
            && *folder == current
        {
            return loaded.clone();
        }
        let read = Arc::new(Loaded::read(current.as_deref()));
        *loaded = Some((current, read.clone()));
        read
    }
}

impl Loaded {
    fn read(library: Option<&Path>) -> Self {
        let read = |name| {
            let file = library?.join(name);
            Index::read(&file)
                .inspect_err(|error| tracing::warn!("less to complete from: {error:#}"))
                .ok()
        };
        let std = read(files::STD).unwrap_or_default();
        Loaded {
            library: read(files::LIBRARY).unwrap_or_default().into(),
            crates: read(files::CRATES).unwrap_or_default().into(),
            language: std_names::index(&std).into(),
            std: std.into(),
        }
    }
}

#[cfg(test)]
mod tests;
