//! How wide text is, without a font: an estimate that is a little too wide rather than too narrow.
//!
//! Widths are those of Helvetica (which Arial and Liberation Sans share) by groups of letters, in
//! thousandths of the font size, widened to those of DejaVu Sans, which stands in for it on machines
//! without either; every fixed-pitch font in use is 0.6 wide.

use std::borrow::Cow;

/// The two faces that figures use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Sans,
    Bold,
    Mono,
}

/// The estimated width of one line of text in pixels.
pub fn width(text: &str, size: f64, face: Face) -> f64 {
    let thousandths: f64 = text.chars().map(|c| advance(c, face)).sum();
    thousandths * size / 1000.0
}

fn advance(character: char, face: Face) -> f64 {
    if is_invisible(character) {
        return 0.0;
    }
    if is_wide(character) {
        return if face == Face::Mono { 1200.0 } else { 1040.0 };
    }
    let sans = match character {
        _ if face == Face::Mono => return 605.0,
        'i' | 'j' | 'l' | '\'' | '|' => 250.0,
        ' ' | '!' | ',' | '.' | '/' | ':' | ';' | 'I' | '[' | ']' | '\\' | 'f' | 't' => 290.0,
        'r' | '(' | ')' | '-' | '`' | '"' | '*' | '·' => 360.0,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' | 'J' => 510.0,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' => 670.0,
        'C' | 'D' | 'H' | 'N' | 'R' | 'U' | 'w' => 730.0,
        'G' | 'O' | 'Q' => 780.0,
        'm' | 'M' | '%' | '@' | '—' | '→' | '…' => 960.0,
        'W' => 950.0,
        'F' | 'L' | 'T' | 'Z' | '+' | '<' | '=' | '>' | '~' | '×' | '−' | '≤' | '≥' => 610.0,
        _ if character.is_ascii() => 560.0,
        _ => 640.0,
    };
    if face == Face::Bold {
        sans * 1.25
    } else {
        sans * 1.14
    }
}

/// Emoji, and the scripts whose characters fill a square.
fn is_wide(character: char) -> bool {
    matches!(u32::from(character),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f000..=0x1faff | 0x20000..=0x3fffd)
}

/// Marks that combine with the letter before them, and joiners.
fn is_invisible(character: char) -> bool {
    matches!(u32::from(character),
        0x0300..=0x036f | 0x0591..=0x05bd | 0x064b..=0x065f | 0x200b..=0x200f | 0x2060 | 0xfe00..=0xfe0f)
}

/// The columns that text takes where each character has one or two: terminals and `text/plain`.
pub fn columns(text: &str) -> usize {
    text.chars()
        .map(|character| match character {
            _ if is_invisible(character) => 0,
            _ if is_wide(character) => 2,
            _ => 1,
        })
        .sum()
}

/// Text filled with spaces to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text, or its first `most` characters and an ellipsis.
pub fn shorten(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// The text, or as much of it as fits `limit` pixels and an ellipsis.
pub fn fit(text: &str, limit: f64, size: f64, face: Face) -> Cow<'_, str> {
    if width(text, size, face) <= limit {
        return Cow::Borrowed(text);
    }
    let room = limit - width("…", size, face);
    let mut used = 0.0;
    let mut kept = String::new();
    for character in text.chars() {
        used += advance(character, face) * size / 1000.0;
        if used > room {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// Breaks text at spaces into lines of at most `limit` pixels.
pub fn wrap(text: &str, limit: f64, size: f64, face: Face) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line)
                if width(line, size, face) + width(word, size, face) + size * 0.3 <= limit =>
            {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, limit, size, face).into_owned()),
        }
    }
    lines
}

/// Text on one line, without the characters that reorder what stands around them.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| {
        c.is_control()
            || matches!(u32::from(c), 0x202a..=0x202e | 0x2066..=0x2069 | 0x2028 | 0x2029)
    };
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match c {
        '\n' => '⏎',
        '\t' => '→',
        c if hostile(c) => '\u{fffd}',
        c => c,
    });
    Cow::Owned(shown.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_fits() {
        let long = "a sentence that is far too long for its box, مرحبا 🙂 and so on";
        for limit in [10.0, 40.0, 100.0, 250.0] {
            for face in [Face::Sans, Face::Bold, Face::Mono] {
                let cut = fit(long, limit, 12.0, face);
                assert!(width(&cut, 12.0, face) <= limit.max(width("…", 12.0, face)) + 1e-9);
            }
        }
        assert_eq!(fit("short", 100.0, 12.0, Face::Sans), "short");
    }

    #[test]
    fn text_is_shortened_between_characters() {
        assert_eq!(shorten("שלום", 4), "שלום");
        assert_eq!(shorten("שלום", 3), "שלו…");
    }

    #[test]
    fn wrapping_loses_no_word() {
        let lines = wrap("one two three four five", 60.0, 12.0, Face::Sans);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), "one two three four five");
    }

    #[test]
    fn columns_count_what_a_terminal_shows() {
        assert_eq!(columns("ab"), 2);
        assert_eq!(columns("好"), 2);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(pad("好", 4), "好  ");
    }

    #[test]
    fn characters_that_reorder_text_are_shown_as_such() {
        assert_eq!(visible("a\u{202e}b\nc"), "a\u{fffd}b⏎c");
    }
}
