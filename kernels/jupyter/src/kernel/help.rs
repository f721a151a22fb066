//! Cells that ask for documentation: `?name` and `:doc name`.

use serde_json::{Value, json};

use crate::assist::Assistant;

/// What a cell asks about, if that is all it does.
pub fn asked_about(code: &str) -> Option<&str> {
    let line = code.trim();
    let name = line
        .strip_prefix('?')
        .or_else(|| line.strip_prefix(":doc "))?;
    let name = name.trim().trim_end_matches(['!', ';']);
    (!name.is_empty() && !name.contains('\n')).then_some(name)
}

/// The payload of an `execute_reply` that shows the documentation of a name.
pub fn page(assistant: &Assistant, name: &str) -> Option<Value> {
    let doc = assistant.inspect(name, name.chars().count())?;
    Some(json!({"source": "page", "data": doc.bundle(), "start": 0}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_is_a_question() {
        assert_eq!(asked_about("?Graph::build"), Some("Graph::build"));
        assert_eq!(asked_about(" :doc println!\n"), Some("println"));
        for code in ["", "?", "x?", ":docs x", "?a\nlet b = 1;", "1 + 1"] {
            assert_eq!(asked_about(code), None, "{code}");
        }
    }
}
