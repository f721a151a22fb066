//! Where a name is bound, and from where on it can be used.

use super::text::is_word;

/// A place where `let` or `for` binds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// From where on the name can be used, in characters.
    pub usable: usize,
    /// Whether a `;` is missing there.
    pub open: bool,
}

/// The binding of the name at `start..end`, if that is one. `code` is masked.
pub fn at(code: &[char], start: usize, end: usize) -> Option<Binding> {
    let name = &code[start..end];
    if !name.first().is_some_and(|c| c.is_lowercase() || *c == '_') {
        return None;
    }
    let mut after = code[end..].iter().filter(|c| !c.is_whitespace());
    if let (Some('(' | '{' | '!' | '.'), _) | (Some(':'), Some(':')) = (after.next(), after.next())
    {
        return None;
    }
    let (keyword, depth) = keyword(code, start)?;
    let loops = code[keyword..].starts_with(&['f', 'o', 'r']);
    let before: String = code[..keyword].iter().collect();
    let before = before.trim_end();
    let asks = ["if", "while", "&&"]
        .iter()
        .any(|word| before.ends_with(word));
    let stop = if loops || asks { '{' } else { ';' };
    usable(code, end, depth, stop).filter(|binding| stop == ';' || !binding.open)
}

/// The `let` or `for` whose pattern a position is in, and how many brackets are open since.
fn keyword(code: &[char], position: usize) -> Option<(usize, i32)> {
    let mut depth = 0;
    let mut is_type = false;
    let mut at = position;
    while at > 0 {
        let c = code[at - 1];
        if is_word(c) {
            let length = code[..at].iter().rev().take_while(|c| is_word(**c)).count();
            at -= length;
            let word: String = code[at..at + length].iter().collect();
            match word.as_str() {
                "let" | "for" => return (!is_type).then_some((at, depth)),
                "in" | "fn" | "if" | "match" | "while" => return None,
                _ => continue,
            }
        }
        match c {
            '(' | '[' => depth += 1,
            '{' => {
                depth += 1;
                is_type = false;
            }
            ')' | ']' | '}' => depth -= 1,
            ':' if at > 1 && code[at - 2] == ':' => at -= 1,
            // A field's name in a pattern; else what follows is a type.
            ':' => is_type = true,
            '=' | ';' | '<' | '>' | '"' => return None,
            _ => {}
        }
        at -= 1;
    }
    None
}

/// Behind the first `stop` outside of brackets.
fn usable(code: &[char], from: usize, depth: i32, stop: char) -> Option<Binding> {
    let mut depth = depth;
    for (at, &c) in code.iter().enumerate().skip(from) {
        if depth == 0 && c == stop {
            return Some(Binding {
                usable: at + 1,
                open: false,
            });
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return Some(Binding {
                usable: at,
                open: true,
            });
        }
    }
    (depth == 0).then_some(Binding {
        usable: code.len(),
        open: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code with `|` before a name, as it is with `¦` where that can be used.
    fn bound(marked: &str) -> Option<String> {
        let start = marked.chars().position(|c| c == '|').unwrap();
        let code: Vec<char> = marked.replacen('|', "", 1).chars().collect();
        let length = code[start..].iter().take_while(|c| is_word(**c)).count();
        let binding = at(&code, start, start + length)?;
        let text = |part: &[char]| part.iter().collect::<String>();
        let (before, after) = code.split_at(binding.usable);
        let end = if binding.open { ";¦" } else { "¦" };
        Some(format!("{}{end}{}", text(before), text(after)))
    }

    #[test]
    fn a_bound_name_can_be_used_behind_its_pattern() {
        for (marked, expected) in [
            ("let |x = f(1); x", "let x = f(1);¦ x"),
            ("let mut |x = { 1; 2 };", "let mut x = { 1; 2 };¦"),
            ("let |x: u8 = 1", "let x: u8 = 1;¦"),
            ("{ let |x = 1 }", "{ let x = 1 ;¦}"),
            ("let (a, (|b, c)) = f();", "let (a, (b, c)) = f();¦"),
            ("let P { x: |a, y } = p;", "let P { x: a, y } = p;¦"),
            (
                "let m::Some(|x) = y else { return };",
                "let m::Some(x) = y else { return };¦",
            ),
            (
                "for (|i, x) in v.iter() { f() }",
                "for (i, x) in v.iter() {¦ f() }",
            ),
            ("if let Some(|x) = y { x }", "if let Some(x) = y {¦ x }"),
            (
                "while a && let [|x, ..] = y { x }",
                "while a && let [x, ..] = y {¦ x }",
            ),
        ] {
            assert_eq!(bound(marked).as_deref(), Some(expected), "{marked}");
        }
    }

    #[test]
    fn other_names_are_not_bound() {
        for marked in [
            "let x = |y;",
            "let x: |u8 = 1;",
            "let |Some(x) = y;",
            "let |m::N = y;",
            "for x in |y {}",
            "if let Some(x) = y { |z }",
            "|x",
            "f(|x)",
        ] {
            assert_eq!(bound(marked), None, "{marked}");
        }
    }
}
