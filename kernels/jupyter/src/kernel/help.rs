//! Cells that ask for documentation in the frontend's pager: `?name`. (`:doc name` is a command, which
//! shows it below the cell.)

use serde_json::{Value, json};

use crate::assist::Assistant;

/// What a cell asks about, if that is all it does.
pub fn asked_about(code: &str) -> Option<&str> {
    let name = code
        .trim()
        .strip_prefix('?')?
        .trim()
        .trim_end_matches(['!', ';']);
    (!name.is_empty() && !name.contains('\n')).then_some(name)
}

/// The payload of an `execute_reply` that shows the documentation of a name.
pub fn page(assistant: &Assistant, name: &str) -> Option<Value> {
    let doc = assistant.inspect(name, name.chars().count(), true)?;
    Some(json!({"source": "page", "data": doc.bundle(), "start": 0}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_is_a_question() {
        assert_eq!(asked_about("?Graph::build"), Some("Graph::build"));
        assert_eq!(asked_about(" ?println!\n"), Some("println"));
        for code in ["", "?", "x?", ":doc x", "?a\nlet b = 1;", "1 + 1"] {
            assert_eq!(asked_about(code), None, "{code}");
        }
    }
}
