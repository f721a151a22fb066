//! `pub use`: the names that a module offers though they are defined elsewhere.

use super::index::{Entry, Index, Kind};

/// One name, or all names of a module, made visible in another module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The module that offers the name.
    module: String,
    /// Where the name comes from, as an absolute path without the name.
    origin: String,
    /// The name there; `*` for all.
    name: String,
    /// The name here.
    renamed: String,
}

impl Export {
    /// Adds the exports of one `pub use` in `module`.
    pub fn collect(tree: &syn::UseTree, module: &str, exports: &mut Vec<Self>) {
        walk(tree, &mut Vec::new(), module, exports);
    }
}

fn walk(tree: &syn::UseTree, path: &mut Vec<String>, module: &str, exports: &mut Vec<Export>) {
    let mut add = |name: String, renamed: String| {
        exports.push(Export {
            module: module.to_owned(),
            origin: absolute(path, module),
            name,
            renamed,
        });
    };
    match tree {
        syn::UseTree::Path(step) => {
            path.push(step.ident.to_string());
            walk(&step.tree, path, module, exports);
            path.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                walk(tree, path, module, exports);
            }
        }
        syn::UseTree::Name(name) => add(name.ident.to_string(), name.ident.to_string()),
        syn::UseTree::Rename(pair) => add(pair.ident.to_string(), pair.rename.to_string()),
        syn::UseTree::Glob(_) => add("*".into(), "*".into()),
    }
}

/// A path as `use` in `module` means it, from the crate's name on.
fn absolute(path: &[String], module: &str) -> String {
    let mut base: Vec<&str> = module.split("::").collect();
    let mut steps = path;
    while let Some((first, rest)) = steps.split_first() {
        match first.as_str() {
            "crate" => base.truncate(1),
            "super" => base.truncate(base.len().saturating_sub(1).max(1)),
            "self" => {}
            _ => break,
        }
        steps = rest;
    }
    base.extend(steps.iter().map(String::as_str));
    base.join("::")
}

/// Adds an entry for every exported name. An export may lead to another one; a name that leads out
/// of the crate is listed by its name alone.
pub fn resolve(index: &mut Index, exports: &[Export]) {
    let mut open: Vec<&Export> = exports.iter().collect();
    loop {
        let mut found: Vec<Entry> = Vec::new();
        open.retain(|export| {
            let before = found.len();
            let originals = index.items().filter(|entry| {
                entry.owner == export.origin && (export.name == "*" || entry.name == export.name)
            });
            found.extend(originals.map(|entry| Entry {
                owner: export.module.clone(),
                name: match export.name.as_str() {
                    "*" => entry.name.clone(),
                    _ => export.renamed.clone(),
                },
                ..entry.clone()
            }));
            found.len() == before
        });
        if found.is_empty() {
            break;
        }
        index.entries.extend(found);
    }
    let outside = open.into_iter().filter(|export| export.name != "*");
    index.entries.extend(outside.map(|export| {
        let kind = match export.renamed.starts_with(char::is_uppercase) {
            true => Kind::Type,
            false => Kind::Function,
        };
        let path = export.origin.strip_prefix(&format!("{}::", export.module));
        let path = path.unwrap_or(&export.origin);
        let signature = format!("use {path}::{}", export.name);
        let mut entry = Entry::new(kind, &export.renamed, &export.module, &signature);
        entry.home = export.module.clone();
        entry
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_where_they_stand() {
        let path = |text: &str| -> Vec<String> { text.split("::").map(str::to_owned).collect() };
        let module = "lessons::graph::ops";
        assert_eq!(absolute(&path("crate::nn"), module), "lessons::nn");
        assert_eq!(absolute(&path("super::super"), module), "lessons");
        assert_eq!(
            absolute(&path("self::add"), module),
            "lessons::graph::ops::add"
        );
        assert_eq!(absolute(&path("add"), module), "lessons::graph::ops::add");
    }
}
