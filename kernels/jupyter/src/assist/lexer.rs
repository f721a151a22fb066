//! Where comments, strings and characters end, and which brackets are open, in code that is still
//! being written.

/// A string or block comment without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unterminated;

/// What is open at the end of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// The brackets without their counterparts, outermost first.
    pub brackets: Vec<Bracket>,
    /// Whether the end is within a string, a character or a comment.
    pub inside_text: bool,
    /// Whether there is a closing bracket that nothing opened, or of another kind.
    pub mismatch: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// The character that closes it.
    pub closing: char,
    /// Where it stands, in characters.
    pub at: usize,
}

impl Open {
    /// Reads the text up to its end.
    pub fn scan(chars: &[char]) -> Self {
        let mut open = Open::default();
        let mut at = 0;
        while at < chars.len() {
            match skip(chars, at) {
                Err(Unterminated) => {
                    open.inside_text = true;
                    return open;
                }
                Ok(end) if end > at => {
                    // A line comment goes on until the line ends.
                    open.inside_text = end == chars.len() && chars[at..].starts_with(&['/', '/']);
                    at = end;
                    continue;
                }
                Ok(_) => {}
            }
            let closing = match chars[at] {
                '(' => Some(')'),
                '[' => Some(']'),
                '{' => Some('}'),
                found @ (')' | ']' | '}') => {
                    match open.brackets.last() {
                        Some(bracket) if bracket.closing == found => {
                            open.brackets.pop();
                        }
                        _ => open.mismatch = true,
                    }
                    None
                }
                _ => None,
            };
            open.brackets
                .extend(closing.map(|closing| Bracket { closing, at }));
            at += 1;
        }
        open
    }

    /// What closes everything that is open.
    pub fn closers(&self) -> String {
        let brackets = self.brackets.iter().rev();
        brackets.map(|bracket| bracket.closing).collect()
    }
}

/// The same number of characters, with spaces in place of comments, and `"x…x"` in place of strings and
/// characters, so that brackets and names in them are not taken for code.
pub fn masked(chars: &[char]) -> Vec<char> {
    let mut masked = chars.to_vec();
    let mut at = 0;
    while at < chars.len() {
        let end = skip(chars, at).unwrap_or(chars.len());
        if end <= at + 1 {
            // Code, or a lifetime's quote.
            at += 1;
            continue;
        }
        let comment = chars[at] == '/';
        masked[at..end].fill(if comment { ' ' } else { 'x' });
        if !comment {
            masked[at] = '"';
            masked[end - 1] = '"';
        }
        at = end;
    }
    masked
}

/// The end of the comment, string or character that starts at `at`; `at` itself where none does.
///
/// # Errors
/// When it does not end.
pub fn skip(chars: &[char], at: usize) -> Result<usize, Unterminated> {
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

    fn open(code: &str) -> (String, bool) {
        let chars: Vec<char> = code.chars().collect();
        let open = Open::scan(&chars);
        (open.closers(), open.inside_text)
    }

    #[test]
    fn texts_are_masked() {
        for (code, expected) in [
            (
                "f(\"a(\", 'b', r#\"c\"#) // d(",
                "f(\"xx\", \"x\", \"xxxx\")      ",
            ),
            ("&'a x /* ü */ y", "&'a x         y"),
            ("\"open", "\"xxx\""),
        ] {
            let chars: Vec<char> = code.chars().collect();
            assert_eq!(
                masked(&chars).iter().collect::<String>(),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn brackets_count_outside_of_texts_only() {
        for (code, closers, inside) in [
            ("f(|x| { g([1", "])})", false),
            ("f(\"(\", '{', r#\"\"(\"#, b\"[\", c\"{\")", "", false),
            ("fn f<'a>(x: &'a str) {", "}", false),
            ("'\\'' '\\u{1F600}' '\\\\' (", ")", false),
            ("(/* ( /* { */ */", ")", false),
            ("( // (", ")", true),
            ("( // (\n", ")", false),
            ("{ \"a\nb", "}", true),
            ("{ r##\"a\"#", "}", true),
            ("/* /* */", "", true),
            ("'a: loop { r#type", "}", false),
            ("br#\"(\"# [", "]", false),
        ] {
            assert_eq!(open(code), (closers.to_owned(), inside), "{code}");
        }
        for code in ["(]", ")"] {
            let chars: Vec<char> = code.chars().collect();
            assert!(Open::scan(&chars).mismatch, "{code}");
        }
    }
}
