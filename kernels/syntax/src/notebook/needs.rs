//! What code that mentions some names leads to among a notebook's items.

use std::collections::BTreeSet;

use super::{Notebook, defines};
use crate::{Item, ItemKind, Leaf};

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

impl Notebook {
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
    pub(super) fn layout_closure(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
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
}
