//! What a notebook, or the cell that is being written, defines itself.

use super::index::Index;
use super::lookup::Lookup;
use crate::cell::{self, ItemKind, ParsedCell};
use crate::engine::{Analyst, Variable};

#[derive(Default)]
pub struct Own {
    pub index: Lookup,
    /// With the names of their types in full.
    pub variables: Vec<Variable>,
    /// What `use` brings: the name, and the module that it is from.
    pub imports: Vec<(String, String)>,
    /// The items' source texts.
    pub sources: Vec<String>,
}

impl Own {
    pub fn of_notebook(analyst: &dyn Analyst) -> Self {
        Self {
            variables: analyst.variables(),
            ..Self::of_sources(analyst.items())
        }
    }

    /// The items of a cell.
    pub fn of_cell(cell: &ParsedCell) -> Self {
        let items = cell.items.iter();
        let sources = items.map(|item| cell.text[item.range.clone()].to_owned());
        Self::of_sources(sources.collect())
    }

    fn of_sources(sources: Vec<String>) -> Self {
        let uses = sources.iter().filter(|source| source.contains("use "));
        let imports = uses
            .filter_map(|source| cell::parse(source).ok())
            .flat_map(|cell| cell.items)
            .flat_map(|item| match item.kind {
                ItemKind::Use(leaves) => leaves,
                _ => Vec::new(),
            })
            .filter_map(|leaf| {
                let path = leaf.path.split(" as ").next()?;
                let (home, last) = path.rsplit_once("::")?;
                let all = (last == "*").then(|| last.to_owned());
                Some((leaf.binding.or(all)?, home.to_owned()))
            });
        Self {
            imports: imports.collect(),
            index: Index::of_items(sources.iter().map(String::as_str)).into(),
            variables: Vec::new(),
            sources,
        }
    }

    /// The source text of the item that defines a name.
    pub fn source_of(&self, name: &str) -> Option<&str> {
        let mut sources = self.sources.iter().rev();
        let defines = |source: &&String| {
            let parsed = cell::parse(source);
            parsed.is_ok_and(|cell| cell.items.iter().any(|item| item.title() == Some(name)))
        };
        sources.find(defines).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_and_items_of_a_cell() {
        let cell = cell::parse(
            "use std::collections::{HashMap as Map, self};\nuse lessons::prelude::*;\n/// Doc.\nstruct S { a: u8 }\nlet x = 1;",
        )
        .unwrap();
        let own = Own::of_cell(&cell);
        let imports: Vec<(&str, &str)> = own
            .imports
            .iter()
            .map(|(name, home)| (name.as_str(), home.as_str()))
            .collect();
        assert_eq!(
            imports,
            [
                ("Map", "std::collections"),
                ("collections", "std"),
                ("*", "lessons::prelude")
            ]
        );
        assert_eq!(own.source_of("S"), Some("/// Doc.\nstruct S { a: u8 }"));
        assert_eq!(own.index.entries[0].doc, "Doc.");
    }
}
