//! What a notebook has defined so far: the live items, the variables, and why a variable is gone.
//!
//! A cell is tried on a copy of this state ([`Notebook::define`]); the copy becomes the state when
//! rustc accepts the cell. Items are shared, so a copy is cheap.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::{ImplOf, Item, ItemKind, Leaf, Name, ParsedCell};

/// A variable that lives in the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveVariable {
    /// As source text, nameable in any later cell.
    pub ty: String,
    pub mutable: bool,
}

/// Types whose values change behind a shared reference: std's, and those that notebooks meet in
/// libraries (a graph that is being built, the variables of a training).
const INTERIOR: [&str; 17] = [
    "Builder",
    "Cell",
    "Child",
    "File",
    "JoinHandle",
    "LazyCell",
    "LazyLock",
    "Mutex",
    "OnceCell",
    "OnceLock",
    "Receiver",
    "RefCell",
    "RwLock",
    "Sender",
    "SyncSender",
    "Var",
    "VarMap",
];

/// An item that later cells see.
#[derive(Debug, Clone)]
pub struct LiveItem {
    pub item: Arc<Item>,
    /// Which of [`Notebook::texts`] it stands in.
    pub cell: usize,
    /// Parts that a later cell has replaced: methods of an inherent impl.
    pub holes: Vec<Range<usize>>,
    /// The leaves of a `use` that still count.
    pub leaves: Vec<Leaf>,
    /// The linker's names of its statics' memory, in the order of their names in the text.
    pub symbols: Vec<String>,
}

/// The state that the cells so far have made.
#[derive(Debug, Clone, Default)]
pub struct Notebook {
    /// The texts of the cells that defined something.
    pub texts: Vec<Arc<str>>,
    pub items: Vec<LiveItem>,
    pub variables: BTreeMap<String, LiveVariable>,
    /// Variables that were declared and are not there, and why, as a sentence.
    pub gone: BTreeMap<String, String>,
    /// Variables without a value, moved away or never given one: a cell may assign one anew.
    pub vacant: BTreeMap<String, LiveVariable>,
    /// Symbols of statics whose memory a loaded cell holds.
    pub loaded_statics: BTreeSet<String>,
    /// Part of the crate id: changes when a type is redefined, so that no type that was laid out
    /// before has the `TypeId` of one laid out after.
    pub generation: u32,
    statics: u32,
}

/// What defining a cell's items changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Redefined {
    /// Variables whose type depends on an item that now reads differently.
    pub dropped: Vec<String>,
    /// Statics that start anew, for the same reason.
    pub reset: Vec<String>,
}

impl Notebook {
    /// Adds a cell's items; what they redefine is replaced.
    pub fn define(&mut self, cell: &ParsedCell) -> Redefined {
        if cell.items.is_empty() {
            return Redefined::default();
        }
        let before = self.clone();
        let index = self.texts.len();
        self.texts.push(cell.text.as_str().into());
        let mut changed = BTreeSet::new();
        for item in &cell.items {
            let symbols = self.retire(item, index, &mut changed);
            self.add(item, index, symbols);
        }
        self.drop_dangling_leaves(&changed);
        let mut redefined = Redefined::default();
        if changed.is_empty() {
            return redefined;
        }
        self.vacant.clear();
        redefined.reset = self.reset_memory(&changed);
        for (name, variable) in &before.variables {
            let depends = before.layout_closure(&crate::identifiers(&variable.ty));
            if !depends.is_disjoint(&changed) {
                redefined.dropped.push(name.clone());
            }
        }
        let types = before.items.iter().filter(|live| live.item.has_types());
        let names = types.flat_map(|live| live.item.names.iter().map(|name| name.name.clone()));
        if !before
            .layout_closure(&names.collect())
            .is_disjoint(&changed)
        {
            self.generation += 1;
        }
        redefined
    }

    /// Statics whose types have changed get new memory; those whose memory was in use are returned.
    fn reset_memory(&mut self, changed: &BTreeSet<String>) -> Vec<String> {
        let mut reset = Vec::new();
        for index in 0..self.items.len() {
            let live = &self.items[index];
            let pieces = live.item.memory.iter().flat_map(|memory| &memory.pieces);
            let types = pieces.flat_map(|piece| crate::identifiers(&piece.ty));
            let types: BTreeSet<String> = types.collect();
            if types.is_empty() || self.layout_closure(&types).is_disjoint(changed) {
                continue;
            }
            let item = live.item.clone();
            let old = std::mem::take(&mut self.items[index].symbols);
            let names = item.memory.iter().flat_map(|memory| &memory.pieces);
            reset.extend(
                names
                    .zip(&old)
                    .filter(|(_, symbol)| self.loaded_statics.contains(*symbol))
                    .map(|(piece, _)| piece.name.clone()),
            );
            self.items[index].symbols = self.new_symbols(&item);
        }
        reset
    }

    fn new_symbols(&mut self, item: &Item) -> Vec<String> {
        let pieces = item.memory.iter().flat_map(|memory| &memory.pieces);
        pieces
            .map(|piece| {
                self.statics += 1;
                format!("lessons_static_{}_{}", self.statics, piece.name)
            })
            .collect()
    }

    fn add(&mut self, item: &Item, cell: usize, symbols: Option<Vec<String>>) {
        let leaves = match &item.kind {
            ItemKind::Use(leaves) => leaves.clone(),
            _ => Vec::new(),
        };
        let symbols = symbols.unwrap_or_else(|| self.new_symbols(item));
        self.items.push(LiveItem {
            item: Arc::new(item.clone()),
            cell,
            holes: Vec::new(),
            leaves,
            symbols,
        });
    }

    /// Takes away what `new` replaces, notes the names whose meaning changes, and returns the memory
    /// of statics that are declared again unchanged.
    fn retire(
        &mut self,
        new: &Item,
        cell: usize,
        changed: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        self.retire_calls(new, cell);
        if let ItemKind::Impl { .. } = new.kind {
            self.retire_impls(new, cell);
            return None;
        }
        let mut symbols = None;
        let mut cells_of_old_types = Vec::new();
        self.items.retain_mut(|old| {
            if old.cell == cell && !matches!(new.kind, ItemKind::Use(_)) {
                // Defined twice in one cell: rustc says so.
                return true;
            }
            if let ItemKind::Use(_) = old.item.kind {
                old.leaves.retain(|leaf| !replaces_leaf(new, leaf));
                return !old.leaves.is_empty();
            }
            if !shares_name(&old.item, new) {
                return true;
            }
            if old.item.normalized == new.normalized {
                symbols = Some(old.symbols.clone());
            } else {
                changed.extend(old.item.names.iter().map(|name| name.name.clone()));
                if old.item.has_types() {
                    cells_of_old_types.push((old.cell, old.item.names.clone()));
                }
            }
            false
        });
        // A cell that redefines a type supersedes the impls that stood beside the old definition.
        for (old_cell, names) in cells_of_old_types {
            self.items.retain(|old| {
                old.cell != old_cell || !names.iter().any(|name| comes_along(&old.item, &name.name))
            });
        }
        symbols
    }

    /// Impls that a macro makes replace the same impls, and are replaced by them.
    fn retire_calls(&mut self, new: &Item, cell: usize) {
        let is_call = |item: &Item| matches!(item.kind, ItemKind::Call { .. });
        self.items.retain(|old| {
            let same = |one: &&ImplOf| {
                one.of_trait.is_some()
                    && new.impls().iter().any(|other| {
                        one.of_trait == other.of_trait && one.self_type == other.self_type
                    })
            };
            let replaced = (is_call(new) || is_call(&old.item))
                && old.item.impls().iter().any(|one| same(&one));
            old.cell == cell || !replaced
        });
    }

    fn retire_impls(&mut self, new: &Item, cell: usize) {
        let ItemKind::Impl { of, members } = &new.kind else {
            return;
        };
        self.items.retain_mut(|old| {
            let ItemKind::Impl {
                of: old_of,
                members: old_members,
            } = &old.item.kind
            else {
                return true;
            };
            let same = old_of.of_trait == of.of_trait && old_of.self_type == of.self_type;
            if old.cell == cell || !same {
                return true;
            }
            if of.of_trait.is_some() {
                return false;
            }
            for (name, range) in old_members {
                if members.iter().any(|(new, _)| new == name) && !old.holes.contains(range) {
                    old.holes.push(range.clone());
                }
            }
            old.holes.len() < old_members.len()
        });
    }

    /// The items of earlier cells that code mentioning `names` needs, as indices in order of
    /// definition: what defines a name, what that mentions in turn, and the impls of it all.
    pub fn needed(&self, names: &BTreeSet<String>) -> Vec<usize> {
        let mut included = vec![false; self.items.len()];
        let mut seen = BTreeSet::new();
        let mut queue: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = queue.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let leaves = self.items.iter().flat_map(|live| &live.leaves);
            let bound = leaves.filter(|leaf| leaf.binding.as_deref() == Some(name.as_str()));
            queue.extend(bound.filter_map(Leaf::root));
            let defined = self.items.iter().any(|live| defines(&live.item, &name));
            for (index, live) in self.items.iter().enumerate() {
                let wanted = defines(&live.item, &name)
                    || live.item.provides.contains(&name)
                    || (defined && self.anchored(&live.item, &name));
                if wanted && !included[index] {
                    included[index] = true;
                    queue.extend(live.item.names.iter().map(|name| name.name.clone()));
                    queue.extend(live.item.uses.iter().cloned());
                }
            }
        }
        let indices = 0..self.items.len();
        indices
            .filter(|&index| included[index] || !self.items[index].leaves.is_empty())
            .collect()
    }

    /// An import out of an item that was redefined goes when the item no longer has what it names.
    fn drop_dangling_leaves(&mut self, changed: &BTreeSet<String>) {
        let provided: BTreeMap<String, BTreeSet<String>> = self
            .items
            .iter()
            .flat_map(|live| {
                let names = live
                    .item
                    .names
                    .iter()
                    .filter(|name| changed.contains(&name.name));
                names.map(|name| (name.name.clone(), live.item.provides.clone()))
            })
            .collect();
        for live in &mut self.items {
            if live.leaves.is_empty() {
                continue;
            }
            live.leaves.retain(|leaf| {
                let Some(inside) = leaf.root().and_then(|root| provided.get(&root)) else {
                    return true;
                };
                let mut segments = leaf
                    .path
                    .split("::")
                    .skip_while(|segment| *segment == "crate");
                let named = segments
                    .nth(1)
                    .and_then(|segment| segment.split(' ').next());
                named.is_none_or(|name| name == "*" || inside.contains(name))
            });
        }
        self.items
            .retain(|live| !matches!(live.item.kind, ItemKind::Use(_)) || !live.leaves.is_empty());
    }

    /// Whether a `use` leads somewhere when only these items are there.
    pub fn leads(&self, leaf: &Leaf, needed: &[usize]) -> bool {
        let Some(root) = leaf.root() else {
            return true;
        };
        let mut own = false;
        for (index, live) in self.items.iter().enumerate() {
            if defines(&live.item, &root) {
                own = true;
                if needed.contains(&index) {
                    return true;
                }
            }
        }
        !own
    }

    /// Whether an impl comes along with the notebook's type or trait `name`.
    fn anchored(&self, item: &Item, name: &str) -> bool {
        let own = |name: &String| self.items.iter().any(|live| defines(&live.item, name));
        item.impls().iter().any(|of| {
            of.self_names.contains(name)
                || of.trait_names.contains(name) && !of.self_names.iter().any(own)
        })
    }

    /// The names that decide how values of types mentioning `names` are laid out.
    fn layout_closure(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = queue.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            for live in &self.items {
                let follows = match &live.item.kind {
                    ItemKind::Use(_) => false,
                    // Associated types and constants take part in layouts; methods do not.
                    ItemKind::Impl { members, .. } => {
                        let layout = |(name, _): &(String, _)| name.starts_with(char::is_uppercase);
                        members.iter().any(layout) && self.anchored(&live.item, &name)
                    }
                    _ => defines(&live.item, &name),
                };
                if follows {
                    queue.extend(live.item.uses.iter().cloned());
                }
            }
        }
        seen
    }

    /// Whether a value of this type may change though no variable of it is `mut`.
    pub fn changes_inside(&self, ty: &str) -> bool {
        let names = self.layout_closure(&crate::identifiers(ty));
        names
            .iter()
            .any(|name| name.starts_with("Atomic") || INTERIOR.contains(&name.as_str()))
    }

    /// The names of the items that hold the statics with these symbols.
    pub fn static_names(&self, symbols: &[String]) -> Vec<String> {
        let statics = self.items.iter().filter(|live| {
            let mut own = live.symbols.iter();
            own.any(|symbol| symbols.contains(symbol))
        });
        statics
            .filter_map(|live| live.item.title().map(str::to_owned))
            .collect()
    }

    /// Whether a name is that of functions which only compute, and call only such.
    pub fn is_short(&self, name: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut queue = vec![name];
        while let Some(name) = queue.pop() {
            if !seen.insert(name) {
                // Called again: that may go on for ever.
                return false;
            }
            let functions = self.items.iter().filter(|live| defines(&live.item, name));
            let mut calls = functions
                .map(|live| live.item.arithmetic.as_ref())
                .peekable();
            if calls.peek().is_none() {
                return false;
            }
            for calls in calls {
                let Some(calls) = calls else { return false };
                queue.extend(calls.iter().map(String::as_str));
            }
        }
        true
    }

    /// The runtime is gone, and all memory with it.
    pub fn lose_memory(&mut self, reason: &str) -> Vec<String> {
        self.loaded_statics.clear();
        self.vacant.clear();
        let lost: Vec<String> = std::mem::take(&mut self.variables).into_keys().collect();
        for name in &lost {
            let text = format!(
                "`{name}` was lost when {reason}: `:replay` runs the cells that made it again."
            );
            self.gone.insert(name.clone(), text);
        }
        lost
    }

    /// The source text of each live item, without what a later cell has replaced.
    pub fn sources(&self) -> Vec<String> {
        let sources = self.items.iter().map(|live| {
            if !live.leaves.is_empty() {
                let leaves = live.leaves.iter();
                return leaves.map(|leaf| format!("use {};", leaf.path)).collect();
            }
            let text = &self.texts[live.cell];
            let mut holes = live.holes.clone();
            holes.sort_by_key(|hole| hole.start);
            let mut source = String::new();
            let mut start = live.item.range.start;
            for hole in holes {
                source.push_str(&text[start..hole.start]);
                start = hole.end;
            }
            source.push_str(&text[start..live.item.range.end]);
            source
        });
        sources.collect()
    }

    /// Titles of the live items, sorted.
    pub fn titles(&self) -> Vec<String> {
        let titles = self.items.iter().filter_map(|live| live.item.title());
        let titles: BTreeSet<&str> = titles.collect();
        titles.into_iter().map(str::to_owned).collect()
    }
}

fn defines(item: &Item, name: &str) -> bool {
    !matches!(item.kind, ItemKind::Use(_)) && item.names.iter().any(|own| own.name == name)
}

fn shares_name(old: &Item, new: &Item) -> bool {
    old.names.iter().any(|name| new.names.contains(name))
}

fn replaces_leaf(new: &Item, leaf: &Leaf) -> bool {
    match &new.kind {
        ItemKind::Use(leaves) => leaves.iter().any(|new| {
            new.path == leaf.path || (new.binding.is_some() && new.binding == leaf.binding)
        }),
        _ => {
            let bound = |name: &Name| leaf.binding.as_ref() == Some(&name.name);
            new.names.iter().any(bound)
        }
    }
}

fn comes_along(item: &Item, name: &str) -> bool {
    matches!(&item.kind, ItemKind::Impl { of, .. } if of.self_names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn notebook(cells: &[&str]) -> Notebook {
        let mut notebook = Notebook::default();
        for code in cells {
            notebook.define(&parse(code).unwrap());
        }
        notebook
    }

    fn needed(notebook: &Notebook, code: &str) -> Vec<String> {
        let indices = notebook.needed(&parse(code).unwrap().uses);
        let items = indices.into_iter().map(|index| &notebook.items[index]);
        items.map(|live| live.item.normalized.clone()).collect()
    }

    fn with_variable(mut notebook: Notebook, ty: &str) -> Notebook {
        let variable = LiveVariable {
            ty: ty.into(),
            mutable: false,
        };
        notebook.variables.insert("v".into(), variable);
        notebook
    }

    #[test]
    fn a_cell_gets_only_what_it_mentions_and_what_that_needs() {
        let notebook = notebook(&[
            "fn a() -> B { B }\nstruct B;\nstruct Unused;",
            "impl Clone for B { fn clone(&self) -> B { helper(); B } }\nfn helper() {}",
        ]);
        assert_eq!(needed(&notebook, "a()").len(), 4);
        assert!(needed(&notebook, "1 + 1").is_empty());
    }

    #[test]
    fn a_method_call_brings_its_trait_and_the_impls_for_foreign_types() {
        let notebook = notebook(&[
            "trait Area { fn area(&self) -> f64; }",
            "impl Area for f64 { fn area(&self) -> f64 { *self } }",
        ]);
        assert_eq!(needed(&notebook, "3.0.area()").len(), 2);
    }

    #[test]
    fn a_function_replaces_its_namesake_and_drops_no_variable() {
        let mut notebook = with_variable(notebook(&["fn f() {}", "struct S;"]), "S");
        let redefined = notebook.define(&parse("fn f() { 1; }").unwrap());
        assert_eq!(notebook.items.len(), 2);
        assert_eq!(redefined, Redefined::default());
        assert_eq!(notebook.generation, 0);
    }

    #[test]
    fn a_type_that_changes_drops_what_is_laid_out_after_it() {
        let cells = [
            "const N: usize = 2;",
            "struct S([u8; N]);",
            "struct T(Vec<S>);",
        ];
        let mut notebook = with_variable(notebook(&cells), "std::option::Option<T>");
        let same = notebook.define(&parse("const N: usize = 2; // again").unwrap());
        assert_eq!(same, Redefined::default());
        let redefined = notebook.define(&parse("const N: usize = 3;").unwrap());
        assert_eq!(redefined.dropped, ["v"]);
        assert_eq!(notebook.generation, 1);
    }

    #[test]
    fn an_impl_replaces_the_same_impl_only() {
        let mut notebook = notebook(&[
            "struct S;",
            "impl S { fn a(&self) {} fn b(&self) {} }",
            "impl Clone for S { fn clone(&self) -> S { S } }",
        ]);
        notebook.define(&parse("impl S { fn a(&self) -> i32 { 1 } }").unwrap());
        notebook.define(&parse("impl Clone for S { fn clone(&self) -> S { loop {} } }").unwrap());
        assert_eq!(notebook.items.len(), 4);
        assert_eq!(notebook.items[1].holes.len(), 1);
    }

    #[test]
    fn a_use_gives_way_name_by_name() {
        let mut notebook = notebook(&["use std::collections::{HashMap, HashSet};"]);
        notebook.define(&parse("struct HashMap;").unwrap());
        assert_eq!(notebook.items[0].leaves.len(), 1);
        assert_eq!(
            notebook.items[0].leaves[0].path,
            "std::collections::HashSet"
        );
    }

    #[test]
    fn an_import_goes_with_what_it_named() {
        let mut notebook = notebook(&[
            "mod m { pub fn a() {} pub enum E { V } }",
            "use m::{a, E::{self, V}};\nuse std::fmt;",
        ]);
        notebook.define(&parse("mod m { pub fn a() { 1; } }").unwrap());
        let leaves = notebook.items.iter().flat_map(|live| &live.leaves);
        let paths: Vec<&str> = leaves.map(|leaf| leaf.path.as_str()).collect();
        assert_eq!(paths, ["m::a", "std::fmt"]);
    }

    #[test]
    fn an_unchanged_static_keeps_its_memory() {
        let mut notebook = notebook(&["static N: u8 = 1;"]);
        let symbols = notebook.items[0].symbols.clone();
        notebook.define(&parse("static N: u8 = 1;").unwrap());
        assert_eq!(notebook.items[0].symbols, symbols);
        notebook.define(&parse("static N: u8 = 2;").unwrap());
        assert_ne!(notebook.items[0].symbols, symbols);
    }

    #[test]
    fn a_static_of_a_redefined_type_gets_new_memory() {
        let mut notebook = notebook(&[
            "struct S(u8);",
            "mod m { static ALL: Vec<super::S> = Vec::new(); }",
        ]);
        let symbols = notebook.items[1].symbols.clone();
        notebook.loaded_statics.extend(symbols.iter().cloned());
        let redefined = notebook.define(&parse("struct S(u16);").unwrap());
        assert_eq!(redefined.reset, ["ALL"]);
        let module = notebook
            .items
            .iter()
            .find(|live| live.item.title() == Some("m"));
        assert_ne!(module.unwrap().symbols, symbols);
    }

    #[test]
    fn sources_are_what_counts_now() {
        let mut notebook = notebook(&[
            "use std::{fmt, io};",
            "struct S;\nimpl S { fn a(&self) {} fn b(&self) {} }",
        ]);
        notebook.define(&parse("impl S { fn a(&self) -> u8 { 1 } }").unwrap());
        assert_eq!(
            notebook.sources(),
            [
                "use std::fmt;use std::io;",
                "struct S;",
                "impl S {  fn b(&self) {} }",
                "impl S { fn a(&self) -> u8 { 1 } }"
            ]
        );
    }

    #[test]
    fn a_superseded_cell_takes_its_impls_along() {
        let mut notebook =
            notebook(&["struct S { a: u8 } impl S { fn a(&self) -> u8 { self.a } }"]);
        notebook
            .define(&parse("struct S { b: u8 } impl S { fn b(&self) -> u8 { self.b } }").unwrap());
        assert_eq!(notebook.items.len(), 2);
    }
}
