//! One thing to show, in several forms.

use std::collections::BTreeMap;

use serde_json::Value;

/// A MIME bundle: the same thing by MIME type, of which a frontend shows the best that it can.
///
/// ```
/// use lessons::notebook::Bundle;
/// let bundle = Bundle::text("4 tokens").with("text/html", "<b>4</b> tokens");
/// assert_eq!(bundle.get("text/plain"), Some("4 tokens"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bundle {
    pub(crate) data: BTreeMap<String, Value>,
    pub(crate) metadata: BTreeMap<String, Value>,
}

impl Bundle {
    /// A bundle with its text form, which every bundle has.
    pub fn text(text: impl Into<String>) -> Bundle {
        Bundle::default().with("text/plain", text)
    }

    /// Adds a form.
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Bundle {
        self.data
            .insert(mime.to_owned(), Value::String(content.into()));
        self
    }

    /// Adds a form whose content is JSON, not text; evcxr's markers have no place for it.
    pub(crate) fn with_json(mut self, mime: &str, content: Value) -> Bundle {
        self.data.insert(mime.to_owned(), content);
        self
    }

    /// Adds metadata of a form, for instance `alt` of `image/svg+xml`.
    pub fn with_metadata(mut self, mime: &str, metadata: Value) -> Bundle {
        self.metadata.insert(mime.to_owned(), metadata);
        self
    }

    /// The content of one form.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.data.get(mime)?.as_str()
    }

    /// The forms with their contents, by MIME type.
    pub fn forms(&self) -> impl Iterator<Item = (&str, &str)> {
        self.data
            .iter()
            .filter_map(|(mime, content)| Some((mime.as_str(), content.as_str()?)))
    }
}
