//! A cell's statements, as they stand in `main`.

use std::collections::BTreeSet;
use std::ops::Range;

use lessons_syntax::ParsedCell;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Lit, Pat, Stmt};

use super::items::with_comments;

/// The text of a cell without its items, its last expression shown.
pub fn body(cell: &ParsedCell) -> String {
    let mut edits: Vec<(Range<usize>, Option<&str>)> = Vec::new();
    for item in &cell.items {
        let start = with_comments(&cell.text, item.range.start);
        edits.push((start..item.range.end, None));
    }
    edits.extend(cell.attributes.iter().map(|range| (range.clone(), None)));
    if let Some(range) = &cell.trailing {
        edits.push((range.clone(), Some(&cell.text[range.clone()])));
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut body = String::new();
    let mut at = 0;
    for (range, shown) in edits {
        // Comments above an item may begin where the one before ended.
        body.push_str(&cell.text[at..range.start.max(at)]);
        if let Some(expression) = shown {
            body.push_str(&format!("show_value!({expression});"));
        }
        at = range.end;
    }
    body.push_str(&cell.text[at..]);
    tidy(&body)
}

/// Without blank lines at either end and with at most one between lines, outside of literals.
fn tidy(text: &str) -> String {
    let inside = literal_lines(text);
    let mut lines: Vec<&str> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if inside.contains(&index) {
            lines.push(line);
        } else if !line.trim().is_empty() {
            lines.push(line.trim_end());
        } else if lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push("");
        }
    }
    while lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

/// Indents the lines that do not begin inside a literal.
pub fn indented(text: &str, spaces: usize) -> String {
    let inside = literal_lines(text);
    let mut out = String::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if !inside.contains(&index) && !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', spaces));
        }
        out.push_str(line);
    }
    out
}

/// The lines, counted from 0, that begin inside a literal.
fn literal_lines(text: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    if let Ok(tokens) = text.parse::<TokenStream>() {
        collect_lines(tokens, &mut lines);
    }
    lines
}

fn collect_lines(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_lines(group.stream(), lines),
            TokenTree::Literal(literal) => {
                let span = literal.span();
                lines.extend(span.start().line..span.end().line);
            }
            _ => {}
        }
    }
}

/// A cell's statements as syntax, its items left out.
pub fn statements(cell: &ParsedCell) -> Vec<Stmt> {
    let parse = |text: &str| Block::parse_within.parse_str(text).unwrap_or_default();
    let ranges = cell.statements.iter().chain(&cell.trailing);
    ranges
        .flat_map(|range| parse(&cell.text[range.clone()]))
        .collect()
}

/// Variables whose type may depend on what numbers are when nothing decides: `let x = 2.0;`.
pub fn undecided(statements: &[Stmt]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for statement in statements {
        let Stmt::Local(local) = statement else {
            continue;
        };
        let (Pat::Ident(pattern), Some(init)) = (&local.pat, &local.init) else {
            continue;
        };
        let name = pattern.ident.to_string();
        names.retain(|other| *other != name);
        let mut search = PlainNumber(false);
        search.visit_expr(&init.expr);
        if search.0 {
            names.push(name);
        }
    }
    names
}

/// A number without a suffix that may be part of the value: not one in a closure or a block.
struct PlainNumber(bool);

impl<'ast> Visit<'ast> for PlainNumber {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Closure(_) | Expr::Block(_) | Expr::Async(_) | Expr::Try(_) => {}
            Expr::Cast(_) => {}
            _ => visit::visit_expr(self, expression),
        }
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        self.0 |= match literal {
            Lit::Int(number) => number.suffix().is_empty(),
            Lit::Float(number) => number.suffix().is_empty(),
            _ => false,
        };
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if !call.path.is_ident("vec") {
            return;
        }
        let list = Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let repeat = |input: ParseStream<'_>| -> syn::Result<Expr> {
            let value = input.parse()?;
            input.parse::<syn::Token![;]>()?;
            input.parse::<Expr>()?;
            Ok(value)
        };
        let tokens = call.tokens.clone();
        if let Ok(values) = list.parse2(tokens.clone()) {
            values.iter().for_each(|value| self.visit_expr(value));
        } else if let Ok(value) = repeat.parse2(tokens) {
            self.visit_expr(&value);
        }
    }
}

/// Whether a variable is used before it is declared anew.
pub fn uses<'s>(statements: impl Iterator<Item = &'s Stmt>, name: &str) -> bool {
    for statement in statements {
        if let Stmt::Local(local) = statement
            && let Pat::Ident(pattern) = &local.pat
            && pattern.ident == name
        {
            let init = local.init.as_ref();
            return init.is_some_and(|init| mentions(init.expr.to_token_stream(), name));
        }
        if mentions(statement.to_token_stream(), name) {
            return true;
        }
    }
    false
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    lessons_syntax::identifiers(&tokens.to_string()).contains(name)
}

/// The first names of the paths in a piece of source: `rand` in `rand::random()` and `use rand;`.
pub fn path_roots(tokens: TokenStream, roots: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let punct = |index: usize, c: char| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == c);
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => path_roots(group.stream(), roots),
            TokenTree::Ident(ident) => {
                let leads = punct(index + 1, ':') && punct(index + 2, ':');
                let continued = index >= 3
                    && punct(index - 1, ':')
                    && punct(index - 2, ':')
                    && match &tokens[index - 3] {
                        TokenTree::Ident(word) => word != "use",
                        TokenTree::Punct(punct) => punct.as_char() == '>',
                        _ => false,
                    };
                let used = index > 0
                    && matches!(&tokens[index - 1], TokenTree::Ident(word) if word == "use" || word == "crate");
                if (leads && !continued) || used {
                    roots.insert(ident.to_string());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(code: &str) -> ParsedCell {
        lessons_syntax::parse(code).unwrap()
    }

    fn parsed(code: &str) -> Vec<Stmt> {
        statements(&cell(code))
    }

    #[test]
    fn items_go_and_the_value_is_shown() {
        let code = "use std::fmt;\n\n// About f.\nfn f() {}\n\n\n// About x.\nlet x = 1; // one\n\nx + 1 // end";
        assert_eq!(
            body(&cell(code)),
            "// About x.\nlet x = 1; // one\n\nshow_value!(x + 1); // end"
        );
        assert_eq!(body(&cell("fn f() {}")), "");
    }

    #[test]
    fn text_in_literals_is_left_as_it_is() {
        let code = "let s = \"a\n  b\n\n\nc\";\ns";
        let body = body(&cell(code));
        assert_eq!(
            indented(&body, 4),
            "    let s = \"a\n  b\n\n\nc\";\n    show_value!(s);"
        );
    }

    #[test]
    fn numbers_that_nothing_decides() {
        let names = undecided(&parsed(
            "let a = 1;\nlet b = 1u8;\nlet c: f32 = 2.0;\nlet v = vec![1.0];\nlet a = \"x\";\nlet s = f(3);\nlet g = f(|x| x + 1)?;\nlet z = vec![0.0; 3];",
        ));
        assert_eq!(names, ["v", "s", "z"]);
    }

    #[test]
    fn a_use_comes_before_a_new_declaration() {
        let uses = |code: &str| uses(parsed(code).iter(), "x");
        assert!(uses("f(x);\nlet x = 2;"));
        assert!(uses("let x = x + 1;"));
        assert!(uses("println!(\"{x}\");"));
        assert!(!uses("let x = 2;\nx"));
        assert!(!uses("y"));
    }

    #[test]
    fn crates_are_where_paths_begin() {
        let mut roots = BTreeSet::new();
        path_roots(
            "use rand::Rng; use half; let x = candle_core::Device::Cpu; f(&toml::de::X, y::<a::B>()); x.y"
                .parse()
                .unwrap(),
            &mut roots,
        );
        let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
        assert_eq!(roots, ["a", "candle_core", "half", "rand", "toml", "y"]);
    }
}
