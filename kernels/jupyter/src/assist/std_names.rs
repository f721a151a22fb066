//! The language's own names: keywords, macros, the prelude, and the methods used most.

use std::collections::BTreeSet;

use super::index::{Entry, Index, Kind};
use super::signature;

/// Lines of `owner: signature // documentation`.
const TABLE: &str = include_str!("std.txt");

/// The table as an index; of what an index of std tells of, only the names without a path.
pub fn index(std: &Index) -> Index {
    let owners: BTreeSet<&str> = std
        .entries
        .iter()
        .map(|entry| entry.owner.as_str())
        .collect();
    let told = |entry: &Entry| entry.is_member() && owners.contains(entry.owner.as_str());
    let derefs = [("Vec", "slice"), ("String", "str")];
    Index {
        entries: TABLE
            .lines()
            .filter_map(entry)
            .filter(|entry| !told(entry))
            .collect(),
        derefs: derefs
            .map(|(ty, target)| (ty.to_owned(), target.to_owned()))
            .into(),
        ..Index::default()
    }
}

fn entry(line: &str) -> Option<Entry> {
    let (rest, doc) = line.split_once(" // ")?;
    let (owner, signature) = rest.split_once(": ")?;
    let (kind, name) = match owner {
        "keyword" => (Kind::Keyword, signature),
        "macro" => (Kind::Macro, signature),
        _ => {
            let (kind, rest) = signature.split_once(' ')?;
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let kind = match kind {
                "struct" => Kind::Struct,
                "enum" => Kind::Enum,
                "trait" => Kind::Trait,
                "fn" if owner.contains("::") => Kind::Function,
                _ => Kind::Method,
            };
            (kind, &rest[..end])
        }
    };
    let mut entry = Entry::new(kind, name, owner, signature);
    if !matches!(kind, Kind::Keyword | Kind::Macro) {
        entry.home = match kind {
            Kind::Method => "std".to_owned(),
            _ => owner.to_owned(),
        };
    }
    entry.doc = doc.to_owned();
    if kind == Kind::Method {
        signature::describe(&mut entry, Some(owner));
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(
            index(&Index::default()).entries.len(),
            TABLE.lines().count()
        );
        for entry in index(&Index::default()).entries {
            assert!(!entry.name.is_empty() && !entry.doc.is_empty(), "{entry:?}");
            if entry.kind == Kind::Method {
                let code = format!("{} {{}}", entry.signature);
                syn::parse_str::<syn::ImplItemFn>(&code).expect(&entry.signature);
            }
        }
    }

    #[test]
    fn methods_know_what_they_give() {
        let entries = index(&Index::default()).entries;
        let find = |owner: &str, name: &str| {
            let mut all = entries.iter();
            all.find(|entry| entry.owner == owner && entry.name == name)
                .unwrap()
        };
        assert_eq!(find("Option", "map").gives.as_deref(), Some("Option<U>"));
        assert_eq!(find("Vec", "push").gives, None);
        assert!(find("Vec", "push").on_value && !find("Vec", "new").on_value);
    }
}
