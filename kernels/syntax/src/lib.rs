//! Notebook cells as Rust syntax.
//!
//! [`parse`] takes a cell's text apart: its items, its statements and its trailing expression, and
//! what it defines and uses. Every part is a byte range of the text, so that code can be compiled at
//! the very lines where it stands in the cell. [`notebook`] adds cell to cell: which items count when
//! later ones redefine earlier ones. Nothing here runs rustc.

mod awaits;
pub mod check_points;
mod commands;
mod idents;
mod item;
mod loops;
mod macro_call;
mod memory;
pub mod notebook;
mod pattern;
mod short_loops;

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Block, Expr, MacroDelimiter, Stmt};

pub use awaits::Await;
pub use check_points::CheckPoint;
pub use commands::{Command, normalized, split_commands};
pub use item::{ImplOf, Item, ItemKind, Leaf, Name, Namespace};
pub use macro_call::MacroCall;
pub use memory::{Memory, Piece};

/// A parsed cell.
#[derive(Debug, Clone, Default)]
pub struct ParsedCell {
    /// The text with its command lines blanked out; line and column of everything else are as typed.
    pub text: String,
    pub commands: Vec<Command>,
    /// Ranges of inner attributes (`#![allow(…)]`), which hold for the whole cell.
    pub attributes: Vec<Range<usize>>,
    pub items: Vec<Item>,
    pub statements: Vec<Range<usize>>,
    /// The last expression, when it is not closed by a semicolon.
    pub trailing: Option<Range<usize>>,
    /// Variables that top-level `let`s declare, the last declaration of each name, in order.
    pub declared: Vec<Declared>,
    /// Identifiers in statements and the trailing expression, also inside format strings.
    pub uses: BTreeSet<String>,
    /// Those of them that stand for something from outside of the cell: mentioned before the cell
    /// itself declares them.
    pub reads: BTreeSet<String>,
    /// Names to which statements assign a new value as a whole.
    pub assigned: BTreeSet<String>,
    /// Macro calls of which only their expansion says what they are.
    pub calls: Vec<MacroCall>,
    /// Whether statements or the trailing expression loop.
    pub loops: bool,
    /// Where statements and the trailing expression look whether they have been interrupted.
    pub check_points: Vec<CheckPoint>,
    /// Where the cell itself waits for a future, if it does.
    pub awaits: Option<Await>,
}

/// A variable that a cell's `let` declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    pub mutable: bool,
    /// Where its name stands in the pattern.
    pub range: Range<usize>,
    /// Whether the cell mentions it again after the declaration.
    pub used_later: bool,
}

/// Why a cell could not be taken apart. rustc words it better: it gets the text as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// Brackets do not match, or a literal does not end.
    Tokens,
    Syntax {
        message: String,
        range: Range<usize>,
    },
}

/// Takes a cell's text apart.
///
/// # Errors
/// When the text is not a sequence of Rust items, statements and at most one trailing expression.
///
/// # Examples
/// ```
/// let cell = lessons_syntax::parse("fn f() -> i32 { 1 }\nlet x = f();\nx + 1").unwrap();
/// assert_eq!(cell.items.len(), 1);
/// assert_eq!(cell.declared[0].name, "x");
/// assert_eq!(&cell.text[cell.trailing.unwrap()], "x + 1");
/// ```
pub fn parse(code: &str) -> Result<ParsedCell, ParseError> {
    let (mut text, commands) = split_commands(&normalized(code));
    let tokens: TokenStream = text.parse().map_err(|_| ParseError::Tokens)?;
    let parser = |input: ParseStream<'_>| {
        let attributes = input.call(syn::Attribute::parse_inner)?;
        let statements = input.call(Block::parse_within)?;
        Ok((attributes, statements))
    };
    let (attributes, statements) = match parser.parse2(tokens) {
        Ok(parsed) => parsed,
        Err(error) => {
            let closed = format!("{text}\n;");
            let parsed = closed
                .parse()
                .ok()
                .and_then(|tokens| parser.parse2(tokens).ok());
            match parsed {
                // A last `let` needs no semicolon: what is meant is clear.
                Some(parsed) if matches!(parsed.1.last(), Some(Stmt::Local(_))) => {
                    text = closed;
                    parsed
                }
                _ => {
                    return Err(ParseError::Syntax {
                        message: error.to_string(),
                        range: error.span().byte_range(),
                    });
                }
            }
        }
    };

    let mut cell = ParsedCell {
        text,
        commands,
        attributes: attributes.iter().map(range_of).collect(),
        ..ParsedCell::default()
    };
    let last = statements.len().saturating_sub(1);
    for (index, statement) in statements.iter().enumerate() {
        if let Some(item) = Item::of_statement(statement, range_of(statement)) {
            cell.items.push(item);
            continue;
        }
        let later = idents::in_tokens(statement.to_token_stream());
        for declared in &mut cell.declared {
            declared.used_later |= later.contains(&declared.name);
        }
        let mentioned = match statement {
            Stmt::Local(local) => local.init.as_ref().map_or_else(BTreeSet::new, |init| {
                let mut found = idents::in_tokens(init.expr.to_token_stream());
                if let Some((_, otherwise)) = &init.diverge {
                    found.extend(idents::in_tokens(otherwise.to_token_stream()));
                }
                found
            }),
            _ => later.clone(),
        };
        for name in mentioned {
            if !cell.declared.iter().any(|declared| declared.name == name) {
                cell.reads.insert(name);
            }
        }
        if let Stmt::Local(local) = statement {
            for new in pattern::bindings(local) {
                cell.declared.retain(|old| old.name != new.name);
                cell.declared.push(new);
            }
        }
        pattern::collect_assigned(statement, &mut cell.assigned);
        cell.uses.extend(later);
        cell.loops |= loops::in_statement(statement);
        if index == last && is_trailing(statement) {
            cell.trailing = Some(range_of(statement));
        } else {
            if let Some(call) = MacroCall::of_statement(statement, index == last) {
                cell.calls.push(call);
            }
            cell.statements.push(range_of(statement));
        }
    }
    let own = statements
        .iter()
        .filter(|statement| Item::of_statement(statement, 0..0).is_none());
    cell.awaits = awaits::in_statements(own.clone());
    cell.check_points = check_points::in_statements(own);
    Ok(cell)
}

/// Whether a cell does nothing but show values: no statement but printing macros, and a value that is
/// a variable or a part of one.
pub fn is_only_shown(cell: &ParsedCell) -> bool {
    let printed = |range: &Range<usize>| {
        let call = syn::parse_str::<syn::Macro>(cell.text[range.clone()].trim_end_matches(';'));
        call.is_ok_and(|call| {
            let name = call.path.segments.last();
            name.is_some_and(|name| {
                check_points::PRINTING
                    .iter()
                    .any(|known| name.ident == known)
            }) && call
                .parse_body_with(
                    syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated,
                )
                .is_ok_and(|arguments| arguments.iter().all(is_place))
        })
    };
    let value = |range: &Range<usize>| {
        syn::parse_str::<Expr>(&cell.text[range.clone()]).is_ok_and(|expr| is_place(&expr))
    };
    let trailing = |range: &Range<usize>| value(range) || printed(range);
    cell.statements.iter().all(printed) && cell.trailing.as_ref().is_none_or(trailing)
}

/// Whether an expression names something that is there, without a call.
fn is_place(expr: &Expr) -> bool {
    match expr {
        Expr::Path(_) | Expr::Lit(_) => true,
        Expr::Field(expr) => is_place(&expr.base),
        Expr::Reference(expr) => expr.mutability.is_none() && is_place(&expr.expr),
        Expr::Paren(expr) => is_place(&expr.expr),
        Expr::Tuple(expr) => expr.elems.iter().all(is_place),
        _ => false,
    }
}

/// The identifiers in a piece of source text; none when it does not even consist of tokens.
pub fn identifiers(source: &str) -> BTreeSet<String> {
    source.parse().map(idents::in_tokens).unwrap_or_default()
}

/// A variable's or item's name as it must be written: `r#type` for `type`.
pub fn as_written(name: &str) -> String {
    if syn::parse_str::<syn::Ident>(name).is_ok() {
        name.to_owned()
    } else {
        format!("r#{name}")
    }
}

/// Whether the statement's value is the cell's value.
fn is_trailing(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(Expr::Verbatim(_), None) => false,
        Stmt::Expr(_, None) => true,
        // `vec![1]` is a value; `some_macro! { … }` may be an item, unless the macro is known.
        Stmt::Macro(call) => {
            call.semi_token.is_none()
                && (!matches!(call.mac.delimiter, MacroDelimiter::Brace(_))
                    || macro_call::is_std(&call.mac.path))
        }
        _ => false,
    }
}

/// The bytes of the cell that a piece of syntax covers, attributes and closing semicolon included.
fn range_of(syntax: &(impl Spanned + ToTokens)) -> Range<usize> {
    let mut range: Option<Range<usize>> = None;
    for token in syntax.to_token_stream() {
        let part = token.span().byte_range();
        range = Some(match range {
            None => part,
            Some(range) => range.start.min(part.start)..range.end.max(part.end),
        });
    }
    range.unwrap_or(0..0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces<'c>(cell: &'c ParsedCell, ranges: &[Range<usize>]) -> Vec<&'c str> {
        ranges
            .iter()
            .map(|range| &cell.text[range.clone()])
            .collect()
    }

    #[test]
    fn items_statements_and_the_value_are_told_apart() {
        let code = "use std::fmt;\n/// doc\n#[derive(Debug)]\nstruct P { x: i32 } // end\nlet p = P { x: 1 };\nfor _ in 0..2 { }\nimpl P { fn f(&self) {} }\np.f();\np";
        let cell = parse(code).unwrap();
        assert_eq!(cell.items.len(), 3);
        assert_eq!(
            &cell.text[cell.items[1].range.clone()],
            "/// doc\n#[derive(Debug)]\nstruct P { x: i32 }"
        );
        assert_eq!(
            pieces(&cell, &cell.statements),
            ["let p = P { x: 1 };", "for _ in 0..2 { }", "p.f();"]
        );
        assert_eq!(&cell.text[cell.trailing.clone().unwrap()], "p");
    }

    #[test]
    fn a_closing_semicolon_leaves_no_value() {
        for code in [
            "1;",
            "vec![1];",
            "let x = 1;",
            "",
            "// only\n",
            "mine! { 1 }",
        ] {
            assert_eq!(parse(code).unwrap().trailing, None, "{code}");
        }
        for code in [
            "1",
            "vec![1]",
            "if true { 1 } else { 2 }",
            "println!(\"a\")",
            "{ 3 }",
        ] {
            assert!(parse(code).unwrap().trailing.is_some(), "{code}");
        }
    }

    #[test]
    fn a_last_let_needs_no_semicolon() {
        let cell = parse("let x = 1 // one").unwrap();
        assert_eq!(cell.declared[0].name, "x");
        assert_eq!(pieces(&cell, &cell.statements), ["let x = 1 // one\n;"]);
        assert!(parse("let x = std::").is_err());
        assert!(parse("1 +").is_err());
    }

    #[test]
    fn ranges_count_bytes_of_unicode_text() {
        let cell = parse("let grüße = \"ü🦀\"; /* ü */ grüße").unwrap();
        assert_eq!(&cell.text[cell.trailing.unwrap()], "grüße");
        assert_eq!(&cell.text[cell.declared[0].range.clone()], "grüße");
    }

    #[test]
    fn variables_inside_format_strings_are_uses() {
        let cell = parse("println!(\"{count:>5} {{escaped}} {name}\");").unwrap();
        assert!(cell.uses.contains("count"));
        assert!(cell.uses.contains("name"));
        assert!(!cell.uses.contains("escaped"));
    }

    #[test]
    fn a_declaration_knows_whether_it_is_used_in_its_own_cell() {
        let cell = parse("let f = |x: i32| x;\nlet g = 2;\nf(1)").unwrap();
        assert!(cell.declared[0].used_later);
        assert!(!cell.declared[1].used_later);
    }

    #[test]
    fn broken_text_is_an_error_and_never_a_panic() {
        assert_eq!(parse("let x = (1;").unwrap_err(), ParseError::Tokens);
        assert_eq!(parse("\"open").unwrap_err(), ParseError::Tokens);
        assert!(matches!(parse("let = 3;"), Err(ParseError::Syntax { .. })));
    }
}
