//! Whether a cell's text could be run as it stands.

use std::str::FromStr;

use proc_macro2::TokenStream;
use syn::Block;
use syn::parse::Parser;

use super::lexer::{Open, masked};
use crate::cell::{normalized, parse, split_commands};

/// The answer to an `is_complete_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    /// More text is needed; the next line starts with so many spaces.
    Incomplete {
        indent: usize,
    },
    /// No further text can make it right.
    Invalid,
}

/// Judges a cell's text.
///
/// ```
/// use lessons_kernel::assist::{Completeness, completeness};
///
/// assert_eq!(completeness("let x = 1;"), Completeness::Complete);
/// assert_eq!(completeness("for i in 0..3 {"), Completeness::Incomplete { indent: 4 });
/// assert_eq!(completeness("let x = (1];"), Completeness::Invalid);
/// ```
pub fn completeness(code: &str) -> Completeness {
    if code.trim_start().starts_with('?') {
        // A question to the kernel.
        return Completeness::Complete;
    }
    let (rust, _) = split_commands(&normalized(code));
    // A line comment ends with its line.
    let chars: Vec<char> = rust.chars().chain(['\n']).collect();
    let open = Open::scan(&chars);
    if open.mismatch {
        return Completeness::Invalid;
    }
    if open.inside_text {
        return Completeness::Incomplete { indent: 0 };
    }
    if !open.brackets.is_empty() {
        let line = |at: usize| chars[..at].iter().filter(|&&c| c == '\n').count();
        let brackets = open.brackets.iter();
        let mut lines: Vec<usize> = brackets.map(|bracket| line(bracket.at)).collect();
        lines.dedup();
        return Completeness::Incomplete {
            indent: 4 * lines.len(),
        };
    }
    let Ok(tokens) = TokenStream::from_str(&rust) else {
        return Completeness::Invalid;
    };
    match Block::parse_within.parse2(tokens) {
        Ok(_) => Completeness::Complete,
        // What the engine takes for whole: a last `let` needs no semicolon.
        Err(_) if parse(code).is_ok() => Completeness::Complete,
        Err(error) if at_end(&error) => Completeness::Incomplete {
            indent: continuation(&chars),
        },
        Err(_) => Completeness::Invalid,
    }
}

/// Whether an error complains that the text ends too early. Inside brackets the position is that
/// of the closing one; at the very end syn has no position to give.
fn at_end(error: &syn::Error) -> bool {
    let at = error.span().start();
    (at.line, at.column) == (1, 0) && {
        let text = error.to_string();
        text.starts_with("unexpected end of input") || text.starts_with("expected")
    }
}

/// A line after an operator or `=` is indented once; one after an attribute is not.
fn continuation(chars: &[char]) -> usize {
    let code = masked(chars);
    match code.iter().rfind(|c| !c.is_whitespace()) {
        Some(last) if last.is_ascii_punctuation() && !"]})\"'".contains(*last) => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn incomplete(indent: usize) -> Completeness {
        Completeness::Incomplete { indent }
    }

    #[test]
    fn complete_cells() {
        for code in [
            "",
            "1 + 1",
            "let x = 1;",
            "let x = 1;\nx",
            "fn f() -> char { '}' }",
            "println!(\"{\")",
            "struct S<'a>(&'a str);",
            "// a comment {",
            "/* { /* nested */ } */ 1",
            "r#\"a \" { b\"#",
            "b'\\'' as char",
            ":dep rand = \"0.9\"",
            ":vars\nlet y = 2;",
            "?relu",
            "use std::fmt;\n#[derive(Debug)]\nstruct A;\nA",
            "x?;",
            "if a { b } else { c }",
            "let x = 1",
            "let x = f(1) // one",
            "match x { 1 => \"a\", _ => { \"b\" } }",
            ":dep rand = { version = \"0.9\",",
            ":dep a = \"1\"\n:dep b = \"2\"",
            "let c = '\"'; let d = '{';",
            "r##\"a\"# {\"##",
            "macro_rules! m { () => { 1 } }",
            "let l: &'static str = \"(\";",
        ] {
            assert_eq!(completeness(code), Completeness::Complete, "{code}");
        }
    }

    #[test]
    fn incomplete_cells_and_their_indent() {
        for (code, indent) in [
            ("fn f() {", 4),
            ("fn f() {\n    if x {", 8),
            ("Graph::build(\"g\", |g| {", 4),
            ("foo(\n    bar(", 8),
            ("let x =", 4),
            ("1 +", 4),
            ("x.", 4),
            ("fn f()", 0),
            ("#[derive(Debug)]", 0),
            ("let s = \"abc", 0),
            ("let s = r#\"abc\"", 0),
            ("/* a /* b */", 0),
            ("if x { 1 } else", 0),
            ("f( // (", 4),
            ("let v = vec![\n    1,\n    2,", 4),
            ("match x {\n    1 =>", 4),
            ("let y = x &&", 4),
            ("let x: Vec<", 4),
            ("x\n    .map(|y| {", 4),
            ("impl S {\n    fn f(&self) {\n        g(", 12),
            ("#[derive(Debug)]\n#[allow(dead_code)]", 0),
            ("/// What it is.", 0),
            ("let x = // one", 4),
            ("#[derive(Debug)] // shown.", 0),
            ("r##\"a\"#", 0),
            ("b\"abc", 0),
            ("let s = \"a {\n", 0),
            (":dep a = \"1\"\nfn f() {", 4),
            ("fn f<T>(x: T) where", 0),
            ("match x {\n    1 => {\n    }", 4),
        ] {
            assert_eq!(completeness(code), incomplete(indent), "{code}");
        }
    }

    #[test]
    fn invalid_cells() {
        for code in [
            ")",
            "let x = (1];",
            "let let = 1;",
            "fn 1f() {}",
            "foo(1 +)",
            "}{",
            "let = 3;",
        ] {
            assert_eq!(completeness(code), Completeness::Invalid, "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(code in "[a-z0-9 \\n'\"\\\\#/*(){}\\[\\]rbc:;.?!é😀]{0,30}") {
            completeness(&code);
        }
    }
}
