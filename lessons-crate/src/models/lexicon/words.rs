//! The words that a lexicon sees in a text.

/// What contractions end in; `n't` takes part of the word before it, the others stand off.
const CONTRACTIONS: [&str; 7] = ["n't", "'s", "'re", "'ve", "'ll", "'d", "'m"];

/// The words of a text, lowercase: letters and digits, joined by hyphens and apostrophes inside a
/// word; contractions are split (`isn't` and `is n't` both give `is`, `n't`).
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('’', "'");
    let mut words = Vec::new();
    for part in lower.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\'')) {
        if part == "cannot" {
            words.extend(["can".to_owned(), "not".to_owned()]);
            continue;
        }
        let suffix = CONTRACTIONS
            .into_iter()
            .find(|suffix| part.ends_with(suffix));
        let stem = suffix
            .and_then(|suffix| part.strip_suffix(suffix))
            .unwrap_or(part);
        let stem = stem.trim_matches(['-', '\'']);
        words.extend(
            [stem, suffix.unwrap_or("")]
                .into_iter()
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    words
}
