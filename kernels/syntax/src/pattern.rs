//! The variables that a `let` declares.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Local, PatIdent};

use super::{Declared, range_of};

/// The bindings of a `let` statement's pattern.
///
/// A lone identifier in a pattern may also be a constant or a unit variant (`let None = x else …`).
/// By Rust's naming convention one that begins with a capital letter is such a constant when it
/// stands inside a larger pattern or the pattern can fail.
pub fn bindings(local: &Local) -> Vec<Declared> {
    struct Bindings {
        found: Vec<Declared>,
        refutable: bool,
    }
    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
            let name = pattern.ident.to_string();
            let constant = name.starts_with(char::is_uppercase)
                && pattern.subpat.is_none()
                && pattern.by_ref.is_none()
                && pattern.mutability.is_none()
                && self.refutable;
            if !constant {
                self.found.push(Declared {
                    name: name.strip_prefix("r#").unwrap_or(&name).to_owned(),
                    mutable: pattern.mutability.is_some(),
                    range: range_of(&pattern.ident),
                    used_later: false,
                });
            }
            visit::visit_pat_ident(self, pattern);
        }

        // Patterns hold expressions only as constants and ranges: no bindings there.
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut bindings = Bindings {
        found: Vec::new(),
        refutable: local
            .init
            .as_ref()
            .is_some_and(|init| init.diverge.is_some())
            || !matches!(local.pat, syn::Pat::Ident(_) | syn::Pat::Type(_)),
    };
    bindings.visit_pat(&local.pat);
    bindings.found
}

/// The names that assignments (`x = 1`, `(x, y) = pair`) give a new value as a whole.
pub fn collect_assigned(statement: &syn::Stmt, names: &mut BTreeSet<String>) {
    struct Assigned<'n>(&'n mut BTreeSet<String>);
    impl Assigned<'_> {
        fn add(&mut self, place: &syn::Expr) {
            match place {
                syn::Expr::Path(path) => {
                    if let Some(ident) = path.path.get_ident() {
                        let name = ident.to_string();
                        self.0
                            .insert(name.strip_prefix("r#").unwrap_or(&name).to_owned());
                    }
                }
                syn::Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.add(place)),
                syn::Expr::Array(array) => array.elems.iter().for_each(|place| self.add(place)),
                syn::Expr::Paren(inner) => self.add(&inner.expr),
                _ => {}
            }
        }
    }
    impl<'ast> Visit<'ast> for Assigned<'_> {
        fn visit_expr_assign(&mut self, assignment: &'ast syn::ExprAssign) {
            self.add(&assignment.left);
            visit::visit_expr_assign(self, assignment);
        }
    }
    Assigned(names).visit_stmt(statement);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Vec<String> {
        let statement: syn::Stmt = syn::parse_str(code).unwrap();
        let syn::Stmt::Local(local) = statement else {
            panic!("not a let: {code}")
        };
        let found = bindings(&local).into_iter();
        found
            .map(|binding| {
                format!(
                    "{}{}",
                    if binding.mutable { "mut " } else { "" },
                    binding.name
                )
            })
            .collect()
    }

    #[test]
    fn every_kind_of_pattern() {
        assert_eq!(names("let x = 1;"), ["x"]);
        assert_eq!(names("let mut x: Vec<i32> = y;"), ["mut x"]);
        assert_eq!(names("let (a, mut b, _) = t;"), ["a", "mut b"]);
        assert_eq!(names("let Some(v) = o else { return Ok(()) };"), ["v"]);
        assert_eq!(
            names("let Point { x, y: [first, .., last], .. } = p;"),
            ["x", "first", "last"]
        );
        assert_eq!(names("let whole @ (l, r) = t;"), ["whole", "l", "r"]);
        assert_eq!(names("let None = o else { panic!() };"), [] as [&str; 0]);
        assert_eq!(names("let N = 3;"), ["N"]);
        assert_eq!(names("let later;"), ["later"]);
        assert_eq!(names("let r#type = 3;"), ["type"]);
    }

    #[test]
    fn assignments_of_whole_variables() {
        let statement =
            syn::parse_str("if c { (a, [b, _]) = f(); d.x = 1; e[0] = 2; g += 1; h = 3; }");
        let mut names = BTreeSet::new();
        collect_assigned(&statement.unwrap(), &mut names);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b", "h"]);
    }
}
