//! Macro calls among a cell's statements of which only their expansion says what they are: items,
//! which later cells see; a value; or statements, which may declare variables.

use std::collections::BTreeSet;
use std::ops::Range;

use quote::ToTokens;
use syn::{Expr, MacroDelimiter, Stmt};

use super::item::{self, ImplOf, Item, ItemKind, Name};
use super::{Declared, ParsedCell, idents, loops, pattern, range_of};

/// Macros of std that are values or statements without variables.
const STD: [&str; 34] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "stringify",
    "thread_local",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
    "compile_error",
];

/// Whether a macro is known to be one of std's, which expand to no items that later cells could see.
pub fn is_std(path: &syn::Path) -> bool {
    let name = path
        .segments
        .last()
        .map(|segment| segment.ident.to_string());
    name.is_some_and(|name| STD.contains(&name.as_str()))
}

/// A call that has to be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroCall {
    pub range: Range<usize>,
    /// Identifiers in it.
    pub uses: BTreeSet<String>,
    /// The last in its cell, and not closed by a semicolon.
    open: bool,
    /// As text, the same for calls that differ in layout only.
    normalized: String,
}

impl MacroCall {
    /// The call that a statement is, unless the macro is one of std's.
    pub fn of_statement(statement: &Stmt, last: bool) -> Option<MacroCall> {
        let Stmt::Macro(call) = statement else {
            return None;
        };
        if is_std(&call.mac.path) {
            return None;
        }
        let braces = matches!(call.mac.delimiter, MacroDelimiter::Brace(_));
        Some(MacroCall {
            range: range_of(statement),
            uses: idents::in_tokens(statement.to_token_stream()),
            open: last && braces && call.semi_token.is_none(),
            normalized: statement.to_token_stream().to_string(),
        })
    }

    /// The call as a statement.
    pub fn as_statement(&self) -> String {
        if self.normalized.ends_with(';') {
            self.normalized.clone()
        } else {
            format!("{};", self.normalized)
        }
    }

    fn as_item(&self, items: &[syn::Item], expansion: &str) -> Item {
        let mut names: Vec<Name> = Vec::new();
        let mut provides = BTreeSet::new();
        let mut impls: Vec<ImplOf> = Vec::new();
        let mut types = false;
        let mut uses = self.uses.clone();
        let mut looping = false;
        for item in items {
            let (kind, of_item) = item::kind_and_names(item);
            names.extend(of_item);
            item::collect_provided(item, &mut provides);
            uses.extend(idents::in_tokens(item.to_token_stream()));
            looping |= loops::in_statement(&Stmt::Item(item.clone()));
            types |= kind == ItemKind::Type;
            if let ItemKind::Impl { of, .. } = kind {
                impls.push(of);
            }
        }
        Item {
            kind: ItemKind::Call { impls, types },
            range: self.range.clone(),
            names,
            provides,
            uses,
            memory: Vec::new(),
            loops: looping,
            // What a macro makes stands in no text of the cell where a check could be put.
            check_points: Vec::new(),
            arithmetic: None,
            normalized: format!("{} => {expansion}", self.normalized),
        }
    }
}

impl ParsedCell {
    /// Takes over what its macro calls expand to, as source text in their order; a call without an
    /// expansion stays the statement that it looks like.
    pub fn settle_calls(&mut self, expansions: &[Option<String>]) {
        for (call, expansion) in std::mem::take(&mut self.calls).into_iter().zip(expansions) {
            let Some(text) = expansion else {
                continue;
            };
            let Ok(block) = syn::parse_str::<syn::Block>(&format!("{{{text}}}")) else {
                continue;
            };
            let items: Vec<syn::Item> = block.stmts.iter().filter_map(as_item).collect();
            if !items.is_empty() && items.len() == block.stmts.len() {
                self.statements.retain(|range| *range != call.range);
                self.items.push(call.as_item(&items, text));
                continue;
            }
            for local in block.stmts.iter().filter_map(|statement| match statement {
                Stmt::Local(local) => Some(local),
                _ => None,
            }) {
                self.declare(local, &call);
            }
            // rustc prints a semicolon behind some that have none.
            let value = matches!(block.stmts.as_slice(), [Stmt::Expr(expression, _)]
                if !matches!(expression, Expr::Assign(_)));
            if call.open && value {
                self.statements.retain(|range| *range != call.range);
                self.trailing = Some(call.range.clone());
            }
        }
        self.items.sort_by_key(|item| item.range.start);
    }

    /// Variables that a macro declares by names from its call; its own are nobody else's to see.
    fn declare(&mut self, local: &syn::Local, call: &MacroCall) {
        let used_later: BTreeSet<String> = {
            let later = self.statements.iter().chain(&self.trailing);
            let later = later.filter(|range| range.start >= call.range.end);
            later
                .flat_map(|range| super::identifiers(&self.text[range.clone()]))
                .collect()
        };
        for new in pattern::bindings(local) {
            let from_the_call = call.uses.contains(&new.name);
            let again = self
                .declared
                .iter()
                .any(|old| old.name == new.name && old.range.start > call.range.start);
            if from_the_call && !again {
                self.declared.retain(|old| old.name != new.name);
                self.declared.push(Declared {
                    used_later: used_later.contains(&new.name),
                    range: call.range.clone(),
                    ..new
                });
            }
        }
    }
}

fn as_item(statement: &Stmt) -> Option<syn::Item> {
    match statement {
        Stmt::Item(item) => Some(item.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn settled(code: &str, expansion: &str) -> ParsedCell {
        let mut cell = parse(code).unwrap();
        assert_eq!(cell.calls.len(), 1, "{code}");
        cell.settle_calls(&[Some(expansion.to_owned())]);
        cell
    }

    #[test]
    fn a_call_becomes_items_a_value_or_variables() {
        let cell = settled(
            "make!(Foo);\nFoo",
            "struct Foo; impl Clone for Foo { fn clone(&self) -> Foo { Foo } }",
        );
        assert_eq!(cell.items[0].names[0].name, "Foo");
        assert_eq!(cell.items[0].impls()[0].self_type, "Foo");
        assert!(cell.statements.is_empty() && cell.items[0].has_types());

        let cell = settled("map! { 1 }", "{ let m = 1; m }");
        assert_eq!(cell.trailing, Some(0..10));

        let cell = settled("map! { 1 };", "{ let m = 1; m }");
        assert_eq!((cell.trailing, cell.statements.len()), (None, 1));

        let cell = settled("set!(x = 1);\nx", "let hidden = 2; let mut x = 1;");
        assert_eq!(cell.declared.len(), 1);
        assert!(cell.declared[0].mutable && cell.declared[0].used_later);
    }

    #[test]
    fn macros_of_std_are_known() {
        for code in ["println!(\"x\");", "vec! { 1 }", "std::assert!(true);"] {
            assert!(parse(code).unwrap().calls.is_empty(), "{code}");
        }
        assert!(parse("vec! { 1 }").unwrap().trailing.is_some());
        assert_eq!(parse("mine!(1)").unwrap().calls, []);
    }
}
