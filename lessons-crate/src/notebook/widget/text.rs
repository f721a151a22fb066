//! A line to write in.

use std::sync::Arc;

use super::field::{Field, Fields};
use super::handle::control;
use super::model::{Kind, Model};
use super::twin::Twin;

/// A line of text that the reader can change.
///
/// ```
/// use lessons::notebook::widget::text;
///
/// let sentence = text("sentence", "a gripping film");
/// assert_eq!(sentence.value(), "a gripping film");
/// ```
pub fn text(name: &str, written: &str) -> Text {
    Text {
        model: Model::control(
            "TextModel",
            "TextView",
            TextKind,
            [
                ("value", written.into()),
                ("description", name.into()),
                ("continuous_update", true.into()),
                ("layout", Model::layout([("width", "440px")])),
                ("style", Model::style("TextStyleModel")),
            ],
        ),
    }
}

struct TextKind;

impl Kind for TextKind {
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let is_text = matches!(value, Field::Json(value) if value.is_string());
        (key == "value" && is_text).then(|| value.clone())
    }

    fn twin(&self, state: &Fields) -> Twin {
        let text = |key| super::field::text(state, key);
        let written = format!("“{}”", text("value"));
        Twin::control(&text("description"), &written, "line to write in")
    }
}

/// A handle on a line of text; clones are the same line.
#[derive(Clone, Debug)]
pub struct Text {
    model: Arc<Model>,
}

control!(Text => String);

impl Text {
    /// What is written in it.
    pub fn value(&self) -> String {
        let value = self.model.get("value");
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Writes something else, and calls what listens.
    pub fn set(&self, written: impl Into<String>) {
        self.model.set("value", written.into().into());
    }
}
