//! The language's own names: keywords, macros, the prelude, and the methods used most.

use super::index::{Entry, Index, Kind};

/// Lines of `owner: signature // documentation`.
const TABLE: &str = include_str!("std.txt");

/// The table as an index.
pub fn index() -> Index {
    Index {
        entries: TABLE.lines().filter_map(entry).collect(),
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
    Some(Entry {
        kind,
        name: name.to_owned(),
        owner: owner.to_owned(),
        signature: signature.to_owned(),
        doc: doc.to_owned(),
        on_value: kind == Kind::Method && signature.contains("self"),
        gives: signature
            .split_once(" -> ")
            .filter(|_| kind == Kind::Method)
            .map(|_| result(signature).to_owned()),
        closures: Vec::new(),
    })
}

/// The type after the arrow that is outside of the parameters' parentheses.
fn result(signature: &str) -> &str {
    signature.rsplit_once(") -> ").map_or("", |(_, ty)| ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(index().entries.len(), TABLE.lines().count());
        for entry in index().entries {
            assert!(!entry.name.is_empty() && !entry.doc.is_empty(), "{entry:?}");
            if entry.kind == Kind::Method {
                let code = format!("{} {{}}", entry.signature);
                syn::parse_str::<syn::ImplItemFn>(&code).expect(&entry.signature);
            }
        }
    }

    #[test]
    fn methods_know_what_they_give() {
        let entries = index().entries;
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
