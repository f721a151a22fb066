//! Whether a cell's text could be run as it stands.

use std::str::FromStr;

use proc_macro2::TokenStream;
use syn::Block;
use syn::parse::Parser;

use crate::cell::split_commands;

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
    let (rust, _) = split_commands(code);
    let brackets = match Brackets::scan(&rust) {
        Ok(brackets) => brackets,
        Err(Mismatch) => return Completeness::Invalid,
    };
    if brackets.inside_text {
        return Completeness::Incomplete { indent: 0 };
    }
    if !brackets.open.is_empty() {
        let mut lines: Vec<usize> = brackets.open.iter().map(|(_, line)| *line).collect();
        lines.dedup();
        let indent = 4 * lines.len();
        return Completeness::Incomplete { indent };
    }
    let Ok(tokens) = TokenStream::from_str(&rust) else {
        return Completeness::Invalid;
    };
    match Block::parse_within.parse2(tokens) {
        Ok(_) => Completeness::Complete,
        Err(error) if at_end(&error) => Completeness::Incomplete {
            indent: continuation(&rust),
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
fn continuation(rust: &str) -> usize {
    match rust.trim_end().chars().last() {
        Some(last) if last.is_ascii_punctuation() && !"]})\"'".contains(last) => 4,
        _ => 0,
    }
}

/// A closing bracket that nothing opened, or of another kind.
struct Mismatch;

/// The brackets that are open at the end of a text.
struct Brackets {
    /// The closing characters that are missing, each with the line of the opening one.
    open: Vec<(char, usize)>,
    /// Whether the end is within a string or a block comment.
    inside_text: bool,
}

impl Brackets {
    fn scan(code: &str) -> Result<Self, Mismatch> {
        let chars: Vec<char> = code.chars().collect();
        let mut open: Vec<(char, usize)> = Vec::new();
        let mut line = 0;
        let mut at = 0;
        while at < chars.len() {
            let Ok(end) = skip(&chars, at) else {
                return Ok(Self {
                    open,
                    inside_text: true,
                });
            };
            if end > at {
                line += chars[at..end].iter().filter(|&&c| c == '\n').count();
                at = end;
                continue;
            }
            match chars[at] {
                '(' => open.push((')', line)),
                '[' => open.push((']', line)),
                '{' => open.push(('}', line)),
                closing @ (')' | ']' | '}') => {
                    let (expected, _) = open.pop().ok_or(Mismatch)?;
                    if expected != closing {
                        return Err(Mismatch);
                    }
                }
                '\n' => line += 1,
                _ => {}
            }
            at += 1;
        }
        Ok(Self {
            open,
            inside_text: false,
        })
    }
}

/// A string or block comment without an end.
struct Unterminated;

/// The end of the comment, string or character that starts at `at`; `at` itself where none does.
fn skip(chars: &[char], at: usize) -> Result<usize, Unterminated> {
    let rest = &chars[at..];
    match rest {
        ['/', '/', ..] => Ok(at + rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => skip_comment(chars, at),
        ['"', ..] => skip_string(chars, at + 1),
        ['r', ..] if !within_word(chars, at) => match raw_hashes(&rest[1..]) {
            Some(hashes) => skip_raw(chars, at + hashes + 2, hashes),
            None => Ok(at),
        },
        ['b' | 'c', 'r', ..] if !within_word(chars, at) => match raw_hashes(&rest[2..]) {
            Some(hashes) => skip_raw(chars, at + hashes + 3, hashes),
            None => Ok(at),
        },
        ['\'', '\\', _, ..] => {
            let quote = rest.iter().skip(3).position(|&c| c == '\'');
            Ok(quote.map_or(at + 1, |quote| at + quote + 4))
        }
        ['\'', _, '\'', ..] => Ok(at + 3),
        // A lifetime: the quote alone.
        ['\'', ..] => Ok(at + 1),
        _ => Ok(at),
    }
}

fn within_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

/// The number of `#` in `##"`, the beginning of a raw string after its `r`.
fn raw_hashes(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|&&c| c == '#').count();
    (rest.get(hashes) == Some(&'"')).then_some(hashes)
}

fn skip_comment(chars: &[char], start: usize) -> Result<usize, Unterminated> {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => {
                depth += 1;
                at += 2;
            }
            ('*', '/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => at += 1,
        }
    }
    Err(Unterminated)
}

fn skip_string(chars: &[char], start: usize) -> Result<usize, Unterminated> {
    let mut at = start;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return Ok(at + 1),
            _ => at += 1,
        }
    }
    Err(Unterminated)
}

fn skip_raw(chars: &[char], start: usize, hashes: usize) -> Result<usize, Unterminated> {
    let ends = |at: usize| {
        chars[at] == '"'
            && chars[at + 1..].len() >= hashes
            && chars[at + 1..][..hashes].iter().all(|&c| c == '#')
    };
    (start..chars.len())
        .find(|&at| ends(at))
        .map(|at| at + 1 + hashes)
        .ok_or(Unterminated)
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
