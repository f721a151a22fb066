//! An index that is asked for the members of types and for traits, by name.

use std::collections::HashMap;
use std::ops::Deref;

use super::index::{Entry, Index, Kind};

/// An index that no longer changes.
#[derive(Debug, Default)]
pub struct Lookup {
    index: Index,
    members: HashMap<String, Vec<usize>>,
    traits: HashMap<String, Vec<usize>>,
}

impl From<Index> for Lookup {
    fn from(index: Index) -> Self {
        let mut members: HashMap<String, Vec<usize>> = HashMap::new();
        let mut traits: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, entry) in index.entries.iter().enumerate() {
            if entry.is_member() {
                let of = members.entry(entry.owner.clone()).or_default();
                of.push(position);
            } else if entry.kind == Kind::Trait {
                let of = traits.entry(entry.name.clone()).or_default();
                of.push(position);
            }
        }
        Self {
            index,
            members,
            traits,
        }
    }
}

impl Deref for Lookup {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.index
    }
}

impl Lookup {
    /// The members of the types and traits of a name.
    pub fn members(&self, owner: &str) -> impl Iterator<Item = &Entry> {
        self.at(self.members.get(owner))
    }

    /// The traits of a name.
    pub fn traits(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.at(self.traits.get(name))
    }

    fn at<'s>(&'s self, positions: Option<&'s Vec<usize>>) -> impl Iterator<Item = &'s Entry> {
        let positions = positions.into_iter().flatten();
        positions.map(|&position| &self.index.entries[position])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_what_the_entries_say() {
        let index = super::super::std_names::index(&Index::default());
        let lookup = Lookup::from(index.clone());
        for owner in ["Vec", "str", "nobody"] {
            let searched = index.entries.iter();
            let searched = searched.filter(|entry| entry.is_member() && entry.owner == owner);
            assert!(lookup.members(owner).eq(searched), "{owner}");
        }
        assert_eq!(lookup.traits("Clone").count(), 1);
        assert_eq!(lookup.traits("Vec").count(), 0);
    }
}
