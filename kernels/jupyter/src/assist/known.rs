//! What is known at a cursor: the cell, the notebook, the library, other crates, the language.

use super::index::Entry;
use super::lookup::Lookup;
use super::ty::Ty;

/// Several indexes as one; what an earlier one says counts for more.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Names that can be written without a path: this cell's, the notebook's, the library's, the
    /// language's.
    pub near: Vec<&'a Lookup>,
    /// std and other crates, whose names must be imported.
    pub far: Vec<&'a Lookup>,
    /// The modules of the names that `use` has imported, by name; by `*` where it takes all of them.
    pub imports: Vec<(String, String)>,
}

/// The traits of std whose methods every cell can call.
pub const PRELUDE: [&str; 17] = [
    "AsMut",
    "AsRef",
    "Clone",
    "Default",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "Extend",
    "From",
    "FromIterator",
    "Future",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "ToOwned",
    "ToString",
    "TryFrom",
];
/// How often a value is dereferenced.
const DEREFS: usize = 4;

/// Where types share a name, those of crates further to the front are meant unless a path says
/// otherwise.
const CRATES: [&str; 3] = ["", "lessons", "std"];

fn rank(home: &str) -> usize {
    let name = crate_of(home);
    let position = CRATES.iter().position(|known| *known == name);
    position.unwrap_or(CRATES.len())
}

pub fn crate_of(home: &str) -> &str {
    home.split("::").next().unwrap_or(home)
}

impl<'a> Known<'a> {
    fn indexes(&self) -> impl Iterator<Item = &'a Lookup> {
        self.near.iter().chain(&self.far).copied()
    }

    /// Every entry, the nearest first.
    pub fn entries(&self) -> impl Iterator<Item = &'a Entry> {
        self.indexes().flat_map(|index| &index.entries)
    }

    /// Whether this cell defines a type that the notebook may have had before.
    fn is_anew(&self, name: &str) -> bool {
        let cell = self.near.first().into_iter();
        let mut items = cell.flat_map(|index| index.items());
        items.any(|entry| entry.name == name && entry.kind.is_type())
    }

    /// The module that a name was imported from; empty when it was not.
    pub fn home_of(&self, name: &str) -> &str {
        let imports = self.imports.iter().rev();
        let mut named = imports.filter(|(binding, _)| binding == name);
        named.next().map_or("", |(_, home)| home.as_str())
    }

    /// The members of a type or trait: where several have its name, those of the one whose home this
    /// is, else of one in the same crate, else of the one that is most likely meant.
    pub fn members(&self, owner: &str, home: &str) -> Vec<&'a Entry> {
        let home = match home {
            "" => self.home_of(owner),
            home => home,
        };
        let found: Vec<&Entry> = self
            .indexes()
            .enumerate()
            .filter(|(position, _)| !(*position == 1 && self.is_anew(owner)))
            .flat_map(|(_, index)| index.members(owner))
            .collect();
        let same = |entry: &Entry| entry.home == home;
        let same_crate = |entry: &Entry| crate_of(&entry.home) == crate_of(home);
        let exact = found.iter().any(|entry| same(entry));
        let near = found.iter().any(|entry| same_crate(entry));
        let best = found.iter().map(|entry| rank(&entry.home)).min();
        let kept = found.into_iter().filter(|entry| match home {
            "" => Some(rank(&entry.home)) == best,
            _ if exact => same(entry),
            _ if near => same_crate(entry),
            _ => Some(rank(&entry.home)) == best,
        });
        kept.collect()
    }

    /// The members that values of a type have: its own, those of what it dereferences to, and those
    /// of the traits that are implemented for it.
    pub fn on_value(&self, ty: &Ty) -> Vec<&'a Entry> {
        let mut found = Vec::new();
        let mut traits = Vec::new();
        let mut next = Some(ty.clone());
        for _ in 0..DEREFS {
            let Some(ty) = next else { break };
            found.extend(self.members(&ty.name, &ty.home));
            traits.extend(self.of_traits(&ty.name));
            next = self.target(&ty);
        }
        found.extend(traits);
        found.retain(|entry| entry.on_value);
        found
    }

    fn target(&self, ty: &Ty) -> Option<Ty> {
        if let Some(pointee) = ty.pointee() {
            return Some(pointee.clone());
        }
        if ty.name == "array" {
            return Some(Ty {
                arguments: ty.arguments.clone(),
                ..Ty::simple("slice")
            });
        }
        let mut targets = self
            .indexes()
            .filter_map(|index| index.derefs.get(&ty.name));
        let target = Ty::parse(targets.next()?)?;
        (target.name != ty.name).then_some(Ty {
            arguments: ty.arguments.clone(),
            ..target
        })
    }

    /// The members that a path to a type leads to: its own, and those of its traits.
    pub fn associated(&self, owner: &str, home: &str) -> Vec<&'a Entry> {
        let mut found = self.members(owner, home);
        found.extend(self.of_traits(owner));
        found
    }

    /// The members of the traits that a type of this name implements.
    fn of_traits(&self, name: &str) -> Vec<&'a Entry> {
        let implemented = self
            .indexes()
            .filter_map(|index| index.implements.get(name))
            .flatten();
        let scoped = implemented.filter_map(|name| Some((name, self.trait_in_scope(name)?)));
        scoped
            .flat_map(|(name, home)| self.members(name, home))
            .collect()
    }

    /// The home of a trait whose methods can be called: std's prelude has it, the notebook defines it,
    /// or a `use` brings it.
    fn trait_in_scope(&self, name: &str) -> Option<&'a str> {
        if PRELUDE.contains(&name) {
            return Some("std");
        }
        let mut traits = self.indexes().flat_map(|index| index.traits(name));
        let found = traits.find(|entry| {
            let brings = |(binding, home): &(String, String)| {
                (binding == name || binding == "*") && *home == entry.owner
            };
            entry.home.is_empty() || self.imports.iter().any(brings)
        })?;
        Some(&found.home)
    }

    /// Whether there is a type or trait of this name.
    pub fn has_members(&self, ty: &Ty) -> bool {
        !self.on_value(ty).is_empty()
    }

    /// Items that are not members.
    pub fn items(&self) -> impl Iterator<Item = &'a Entry> {
        self.entries().filter(|entry| !entry.is_member())
    }
}
