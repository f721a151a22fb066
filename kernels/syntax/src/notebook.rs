//! What a notebook has defined so far: the live items, the variables, and why a variable is gone.
//!
//! A cell is tried on a copy of this state ([`Notebook::define`]); the copy becomes the state when
//! rustc accepts the cell. Items are shared, so a copy is cheap.

mod needs;

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
mod tests;
