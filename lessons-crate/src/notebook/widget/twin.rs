//! What stands in a widget's place on paper, and wherever there is no ipywidgets or no kernel.

use crate::figure::svg::escape;
use crate::notebook::Bundle;

/// Text and HTML of the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Twin {
    pub text: String,
    pub html: String,
}

impl Twin {
    /// A control: its name and value, and in brackets what it is and does.
    pub fn control(name: &str, value: &str, what: &str) -> Twin {
        let value = if name.is_empty() {
            value.to_owned()
        } else {
            format!("{name} = {value}")
        };
        Twin {
            text: format!("{value}  [{what}]"),
            html: format!("<p><b>{}</b> <i>({})</i></p>", escape(&value), escape(what)),
        }
    }

    /// Something to look at.
    pub fn of(bundle: &Bundle) -> Twin {
        let text = bundle.get("text/plain").unwrap_or_default();
        let html = match (bundle.get("text/html"), text) {
            (Some(html), _) => html.to_owned(),
            (None, "") => String::new(),
            (None, text) => format!("<pre>{}</pre>", escape(text)),
        };
        Twin {
            text: text.to_owned(),
            html,
        }
    }

    /// One below the other.
    pub fn stack(twins: impl IntoIterator<Item = Twin>) -> Twin {
        let mut texts = Vec::new();
        let mut all = Twin::default();
        for twin in twins {
            all.html += &twin.html;
            texts.push(twin.text);
        }
        texts.retain(|text| !text.is_empty());
        all.text = texts.join("\n");
        all
    }

    /// With a line that says why nothing moves.
    pub fn bundle(&self) -> Bundle {
        const NOTE: &str =
            "A still picture: the controls work in JupyterLab while the notebook's kernel runs.";
        let html = format!("{}<p><i>{NOTE}</i></p>", self.html);
        Bundle::text(format!("{}\n\n{NOTE}", self.text.trim_end())).with("text/html", html)
    }
}
