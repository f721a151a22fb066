//! The identifiers that a piece of syntax mentions.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

/// All identifiers, those inside macros and the names captured by format strings included.
///
/// A name may be mentioned without being used (a field, a method): callers take the set as an upper
/// bound.
pub fn in_tokens(tokens: TokenStream) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Ident(ident) => {
                let ident = ident.to_string();
                found.insert(ident.strip_prefix("r#").unwrap_or(&ident).to_owned());
            }
            TokenTree::Literal(literal) => captured(&literal.to_string(), found),
            TokenTree::Punct(_) => {}
        }
    }
}

/// The names in `{name}`, `{name:?}` and `{:width$}` of a string literal's source text.
fn captured(literal: &str, found: &mut BTreeSet<String>) {
    if !literal.contains('"') {
        return;
    }
    for part in literal.replace("{{", "").split('{').skip(1) {
        let inside = part.split('}').next().unwrap_or_default();
        let words = inside.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        for word in words {
            if word.starts_with(|first: char| first.is_alphabetic() || first == '_') {
                found.insert(word.to_owned());
            }
        }
    }
}
