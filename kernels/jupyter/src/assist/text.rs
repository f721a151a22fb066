//! The name at a cursor, and the text before it that says whose name it is.

use super::lexer::{Open, masked};

/// What a cursor stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The characters of the name, from `start` up to `end`, counted in characters of the text.
    pub start: usize,
    pub end: usize,
    /// The name up to the cursor.
    pub typed: String,
    /// The whole name.
    pub name: String,
    /// Where that begins which stands before the name and says whose it is; `start` where there is
    /// no such thing.
    pub subject: usize,
    pub before: Before,
}

/// What stands before a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// `expression.`
    Receiver(String),
    /// `Path::`
    Path(String),
    /// A `:` at the beginning of a line: a command to the kernel.
    Command,
    Nothing,
}

impl Spot {
    /// Reads the spot at `cursor`; `None` inside a comment or string.
    pub fn at(code: &str, cursor: usize) -> Option<Self> {
        let chars: Vec<char> = code.chars().collect();
        let cursor = cursor.min(chars.len());
        if Open::scan(&chars[..cursor]).inside_text {
            return None;
        }
        let masked = masked(&chars);
        let start = word_start(&masked, cursor);
        let length = masked[cursor..].iter().take_while(|c| is_word(**c)).count();
        let end = cursor + length;
        let (subject, before) = before(&chars, &masked, start);
        Some(Self {
            start,
            end,
            typed: chars[start..cursor].iter().collect(),
            name: chars[start..end].iter().collect(),
            subject,
            before,
        })
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_start(chars: &[char], end: usize) -> usize {
    end - chars[..end]
        .iter()
        .rev()
        .take_while(|c| is_word(**c))
        .count()
}

fn trim_end(chars: &[char], end: usize) -> usize {
    end - chars[..end]
        .iter()
        .rev()
        .take_while(|c| c.is_whitespace())
        .count()
}

/// What stands before `start`, and where it begins.
fn before(chars: &[char], masked: &[char], start: usize) -> (usize, Before) {
    let text = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    let line_start = chars[..start]
        .iter()
        .rposition(|&c| c == '\n')
        .map_or(0, |newline| newline + 1);
    if text(line_start, start).trim() == ":" {
        return (start - 1, Before::Command);
    }
    let end = trim_end(masked, start);
    match &masked[..end] {
        [.., '.', '.'] => (start, Before::Nothing),
        [.., '.'] => {
            let receiver = expression_start(masked, end - 1);
            let expression = text(receiver, end - 1).trim().to_owned();
            (receiver, Before::Receiver(expression))
        }
        [.., ':', ':'] => {
            let path = path_start(masked, end - 2);
            (path, Before::Path(text(path, end - 2).trim().to_owned()))
        }
        _ => (start, Before::Nothing),
    }
}

/// Where the path that ends at `end` begins: names joined by `::`, generics included.
fn path_start(chars: &[char], end: usize) -> usize {
    let mut at = trim_end(chars, end);
    if chars[..at].last() == Some(&'>') {
        at = opening(chars, at - 1, '<', '>').unwrap_or(at);
        if chars[..at].ends_with(&[':', ':']) {
            at -= 2;
        }
    }
    at = word_start(chars, at);
    match chars[..at].ends_with(&[':', ':']) {
        true => path_start(chars, at - 2),
        false => at,
    }
}

/// Where the postfix expression that ends at `end` begins: calls, indices, fields, `?`.
pub(super) fn expression_start(chars: &[char], end: usize) -> usize {
    let mut at = trim_end(chars, end);
    loop {
        let before = at;
        match chars[..at].last() {
            Some('?') => at -= 1,
            Some(')') => at = opening(chars, at - 1, '(', ')').unwrap_or(at),
            Some(']') => at = opening(chars, at - 1, '[', ']').unwrap_or(at),
            Some('"') => return string_start(chars, at),
            Some(&c) if is_word(c) => {
                at = word_start(chars, at);
                let trimmed = trim_end(chars, at);
                match &chars[..trimmed] {
                    [.., '.', '.'] => return at,
                    [.., '.'] => at = trim_end(chars, trimmed - 1),
                    [.., ':', ':'] => return path_start(chars, trimmed - 2),
                    _ => return at,
                }
            }
            Some('!' | '>') if before < end => return path_start(chars, at - 1),
            _ => return at,
        }
        if at == before {
            return at;
        }
    }
}

fn string_start(chars: &[char], end: usize) -> usize {
    chars[..end - 1]
        .iter()
        .rposition(|&c| c == '"')
        .unwrap_or(end)
}

/// The opening bracket that belongs to the closing one at `at`.
fn opening(chars: &[char], at: usize, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    for index in (0..=at).rev() {
        if chars[index] == close {
            depth += 1;
        } else if chars[index] == open {
            depth -= 1;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The spot at the `|` in a text.
    fn spot(marked: &str) -> Option<Spot> {
        let cursor = marked.chars().position(|c| c == '|').unwrap();
        Spot::at(&marked.replace('|', ""), cursor)
    }

    fn receiver(marked: &str) -> Before {
        spot(marked).unwrap().before
    }

    #[test]
    fn positions_count_characters() {
        let spot = spot("let ß = \"😀\"; über.le|n()").unwrap();
        assert_eq!((spot.start, spot.end), (18, 21));
        assert_eq!((spot.typed.as_str(), spot.name.as_str()), ("le", "len"));
        assert_eq!(spot.before, Before::Receiver("über".into()));
    }

    #[test]
    fn receivers() {
        for (marked, expected) in [
            ("x.|", "x"),
            ("let y = x.matmul(w.t()).re|", "x.matmul(w.t())"),
            ("f(a, Graph::start(\"g\").|", "Graph::start(\"g\")"),
            ("a[1].b?.|", "a[1].b?"),
            ("x\n    .relu()\n    .|", "x\n    .relu()"),
            ("\"text\".|", "\"text\""),
            ("(x + 1).|", "(x + 1)"),
        ] {
            assert_eq!(
                receiver(marked),
                Before::Receiver(expected.into()),
                "{marked}"
            );
        }
    }

    #[test]
    fn paths_commands_and_plain_names() {
        assert_eq!(receiver("Graph::bu|"), Before::Path("Graph".into()));
        assert_eq!(
            receiver("a(lessons::graph::|"),
            Before::Path("lessons::graph".into())
        );
        assert_eq!(receiver("Vec::<u8>::|"), Before::Path("Vec::<u8>".into()));
        assert_eq!(receiver(":va|"), Before::Command);
        assert_eq!(receiver("let x: Va|"), Before::Nothing);
        assert_eq!(receiver("0..le|"), Before::Nothing);
    }

    #[test]
    fn nothing_is_offered_in_strings_and_comments() {
        assert_eq!(spot("let s = \"x.|"), None);
        assert_eq!(spot("// x.|"), None);
        assert!(spot("'\"'; x.|").is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(code in "[a-z.:()\\[\\]<>?\"'!/ \\né😀]{0,24}", cursor in 0usize..30) {
            Spot::at(&code, cursor);
        }
    }
}
