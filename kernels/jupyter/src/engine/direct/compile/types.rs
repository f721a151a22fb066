//! The types of variables, read from rustc's diagnostics, and whether later cells can name them.

use std::collections::BTreeMap;

use super::super::diagnostics::Translator;
use super::super::generate::{Generator, Origin, Unit};
use super::super::rustc::Diagnostic;
use super::{Lost, Verdict};

/// The types in the answers to `let Probe = variable;`.
pub fn read_types(unit: &Unit, diagnostics: &[Diagnostic]) -> BTreeMap<String, String> {
    let translator = Translator { unit };
    let mut types = BTreeMap::new();
    for diagnostic in diagnostics {
        let Some(Origin::KeepNew(name)) = translator.primary_origin(diagnostic) else {
            continue;
        };
        let labels = diagnostic
            .spans
            .iter()
            .filter_map(|span| span.label.as_deref());
        if let Some(ty) = labels.filter_map(type_of_label).next() {
            types.insert(name, ty);
        }
    }
    types
}

fn type_of_label(label: &str) -> Option<String> {
    let ty = label
        .strip_prefix("this expression has type `")?
        .strip_suffix('`')?;
    // Literals that nothing else decides get Rust's default types.
    Some(ty.replace("{integer}", "i32").replace("{float}", "f64"))
}

/// A function item has a type of its own that cannot be written; a function pointer can.
pub fn coerce_functions(types: &mut BTreeMap<String, String>, verdict: &mut Verdict) -> bool {
    let mut again = false;
    for (name, ty) in types {
        let Some((pointer, _)) = ty.rsplit_once(" {") else {
            continue;
        };
        let function = ["fn(", "unsafe fn(", "extern ", "unsafe extern ", "for<"];
        if ty.ends_with('}')
            && function.iter().any(|start| ty.starts_with(start))
            && !pointer.contains(['{', '}'])
            && !has_word(pointer, "impl")
            && !verdict.lost_new.contains(name)
        {
            *ty = pointer.to_owned();
            verdict.coerced.insert(name.clone(), ty.clone());
            again = true;
        }
    }
    again
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|part| part == word)
}

/// Decides of each declared variable whether it is kept, and as what.
pub fn judge_types(
    generator: &Generator<'_>,
    mut types: BTreeMap<String, String>,
    verdict: &mut Verdict,
) {
    for declared in &generator.cell.declared {
        let ty = types.remove(&declared.name);
        if verdict.lost_new.contains(&declared.name) {
            let reason = verdict.reasons.get(&declared.name);
            if let (Some(Lost::Moved | Lost::Uninitialized), Some(ty)) = (reason, ty)
                && syn::parse_str::<syn::Type>(&ty).is_ok()
                && !has_word(&ty, "impl")
            {
                verdict.vacant.insert(declared.name.clone(), ty);
            }
            continue;
        }
        let Some(ty) = ty else {
            verdict.reasons.insert(declared.name.clone(), Lost::Unknown);
            continue;
        };
        let lost = if ty.contains("{closure@") {
            Some(Lost::Closure)
        } else if ty.contains('{') || has_word(&ty, "impl") {
            Some(Lost::Opaque)
        } else if syn::parse_str::<syn::Type>(&ty).is_err() {
            Some(Lost::Unknown)
        } else {
            None
        };
        match lost {
            Some(lost) => verdict
                .reasons
                .insert(declared.name.clone(), lost)
                .map(|_| ()),
            None => verdict.types.insert(declared.name.clone(), ty).map(|_| ()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_names_a_type() {
        let ty = |label| type_of_label(label);
        assert_eq!(
            ty("this expression has type `std::vec::Vec<{integer}>`").as_deref(),
            Some("std::vec::Vec<i32>")
        );
        assert_eq!(ty("expected due to this"), None);
    }

    #[test]
    fn a_function_item_becomes_a_pointer() {
        let mut types = BTreeMap::from([
            ("f".to_owned(), "fn(i32) -> i32 {foo}".to_owned()),
            ("g".to_owned(), "fn(i32) -> i32".to_owned()),
            ("h".to_owned(), "(fn(i32) {foo}, i32)".to_owned()),
        ]);
        let mut verdict = Verdict::default();
        assert!(coerce_functions(&mut types, &mut verdict));
        assert_eq!(types["f"], "fn(i32) -> i32");
        assert_eq!(verdict.coerced.len(), 1);
    }
}
