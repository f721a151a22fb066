//! Completion, inspection and completeness: from text and names alone, never by running anything.
//!
//! The [`Assistant`] knows three things: the API of the `lessons` library (an [`Index`] made when
//! the library was built), the language's own names, and what the notebook has defined so far.

mod complete;
mod completeness;
mod docs;
mod exports;
mod index;
mod infer;
mod inspect;
mod sources;
mod std_names;
mod text;

use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock};

use crate::engine::{Bundle, Variable};

pub use complete::{Completion, Completions};
pub use completeness::{Completeness, completeness};
pub use docs::Doc;
pub use index::{Entry, Index, Kind};

/// Answers completion and inspection requests.
#[derive(Default)]
pub struct Assistant {
    index_file: Option<PathBuf>,
    index: OnceLock<Index>,
    names: RwLock<Names>,
}

/// What the cells have defined.
#[derive(Debug, Clone, Default)]
struct Names {
    variables: Vec<Variable>,
    items: Vec<String>,
}

impl Assistant {
    /// An assistant that reads the library's index when it is first asked.
    pub fn new(index_file: Option<&Path>) -> Self {
        Self {
            index_file: index_file.map(Path::to_owned),
            ..Self::default()
        }
    }

    /// Replaces what is known of the notebook's own names.
    pub fn learn(&self, variables: Vec<Variable>, items: Vec<String>) {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Names { variables, items };
    }

    /// What can stand at `cursor`, counted in characters.
    pub fn complete(&self, code: &str, cursor: usize) -> Completions {
        complete::complete(self.index(), &self.names(), code, cursor)
    }

    /// What the name at `cursor`, counted in characters, means.
    pub fn inspect(&self, code: &str, cursor: usize) -> Option<Doc> {
        inspect::inspect(self.index(), &self.names(), code, cursor)
    }

    /// The documentation of a name, or of a path such as `Graph::build`.
    pub fn document(&self, name: &str) -> Option<Bundle> {
        let doc = self.inspect(name, name.chars().count())?.bundle();
        serde_json::from_value(doc).ok()
    }

    fn names(&self) -> Names {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.clone()
    }

    /// The library's API and the standard names; only the latter where there is no index file.
    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = std_names::index();
            if let Some(file) = &self.index_file {
                match Index::read(file) {
                    Ok(library) => index.extend(library),
                    Err(error) => tracing::warn!("no completion for lessons: {error:#}"),
                }
            }
            index
        })
    }
}

#[cfg(test)]
mod tests;
