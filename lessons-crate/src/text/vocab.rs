//! `vocab.txt`: one token a line, its id the number of the line from 0.

use std::collections::HashMap;

use super::TextError;

/// Padding, id 0 in vocabularies of ours and of BERT.
pub const PAD: &str = "[PAD]";
/// A word that the vocabulary cannot spell.
pub const UNK: &str = "[UNK]";
/// The first token of every sequence: classifiers read its hidden state.
pub const CLS: &str = "[CLS]";
/// The last token of every sequence.
pub const SEP: &str = "[SEP]";
/// A masked word.
pub const MASK: &str = "[MASK]";
/// The five, in the order in which our own vocabularies begin.
pub const SPECIAL_TOKENS: [&str; 5] = [PAD, UNK, CLS, SEP, MASK];

/// Reads a vocabulary and checks it. `file` names it in errors.
///
/// # Errors
/// Bytes that are not UTF-8, a token on two lines, or a missing special token.
///
/// ```
/// let tokens = lessons::text::vocab::parse("vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nfilm\n")?;
/// assert_eq!(tokens[5], "film");
/// # Ok::<(), lessons::text::TextError>(())
/// ```
pub fn parse(file: &str, bytes: &[u8]) -> Result<Vec<String>, TextError> {
    let text = std::str::from_utf8(bytes).map_err(|error| TextError::Malformed {
        file: file.to_owned(),
        detail: format!("byte {} is not UTF-8", error.valid_up_to()),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line_of: HashMap<&str, usize> = HashMap::new();
    let mut tokens = Vec::new();
    // Not `lines`: some vocabularies hold U+2028 and lone carriage returns as tokens.
    let body = text.strip_suffix('\n').unwrap_or(text);
    for (index, line) in body.split('\n').enumerate() {
        let token = line.strip_suffix('\r').unwrap_or(line);
        if let Some(first) = line_of.insert(token, index + 1) {
            return Err(TextError::DuplicateToken {
                file: file.to_owned(),
                token: token.to_owned(),
                first,
                second: index + 1,
            });
        }
        tokens.push(token.to_owned());
    }
    let missing: Vec<&str> = SPECIAL_TOKENS
        .into_iter()
        .filter(|token| !line_of.contains_key(token))
        .collect();
    if !missing.is_empty() {
        return Err(TextError::MissingSpecialTokens {
            file: file.to_owned(),
            missing: missing.join(", "),
        });
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECIALS: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

    #[test]
    fn ids_are_lines_with_either_line_ending() {
        let tokens = parse(
            "v",
            format!("{SPECIALS}a\n##b").replace('\n', "\r\n").as_bytes(),
        );
        assert_eq!(tokens.unwrap()[5..], ["a", "##b"]);
    }

    #[test]
    fn a_duplicate_names_both_lines() {
        let error = parse("v", format!("{SPECIALS}film\nplot\nfilm\n").as_bytes()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("line 6") && message.contains("line 8"),
            "{message}"
        );
    }

    #[test]
    fn missing_special_tokens_are_all_named() {
        let message = parse("v", b"[PAD]\n[UNK]\n[SEP]\nfilm\n")
            .unwrap_err()
            .to_string();
        assert!(message.contains("[CLS], [MASK]"), "{message}");
        assert!(parse("v", b"").is_err());
        assert!(
            parse("v", b"\xff\xfe")
                .unwrap_err()
                .to_string()
                .contains("byte 0")
        );
    }
}
