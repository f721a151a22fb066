//! What the subcommands print: as text for people, or as JSON for programs.

use std::io::Write;

use serde::Serialize;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// Prints a line to stdout.
///
/// # Errors
/// When stdout takes no more, as a closed pipe.
pub fn line(text: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")
}

/// Tells something on stderr. Where stderr takes no more, nobody is there to be told.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a value as one line of JSON.
///
/// # Errors
/// As [`line`].
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string(value)?)?)
}

/// A number of bytes for people: `629 B`, `1.5 KiB`, `255.4 MiB`.
pub fn bytes(count: u64) -> String {
    if count < 1024 {
        return format!("{count} B");
    }
    indicatif::BinaryBytes(count).to_string()
}

/// A text on one line of at most `width` characters, with control characters made visible.
pub fn shortened(text: &str, width: usize) -> String {
    let mut shown = String::new();
    let mut length = 0;
    for c in text.chars() {
        let piece: String = if c.is_control() {
            c.escape_debug().collect()
        } else {
            c.into()
        };
        length += piece.chars().count();
        if length > width {
            shown.push('…');
            break;
        }
        shown += &piece;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shortened_and_cannot_steer_the_terminal() {
        assert_eq!(shortened("a fine film", 20), "a fine film");
        assert_eq!(shortened("a fine film", 6), "a fine…");
        assert_eq!(shortened("a\0b\x1b[2Jc\n", 40), "a\\0b\\u{1b}[2Jc\\n");
        assert_eq!(shortened("🎬🎬🎬", 2), "🎬🎬…");
    }

    #[test]
    fn bytes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.50 KiB");
    }
}
