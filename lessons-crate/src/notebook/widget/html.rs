//! A place for figures and text that change.

use std::sync::{Arc, Mutex, PoisonError};

use super::draw::Draw;
use super::field::{Fields, text};
use super::handle::handle;
use super::model::{Kind, Model};
use super::twin::Twin;

/// HTML that can be replaced, and what it says in plain text.
///
/// ```
/// use lessons::notebook::widget::html;
///
/// let line = html("<b>3</b> layers", "3 layers");
/// line.set("<b>4</b> layers", "4 layers");
/// ```
pub fn html(content: &str, plain: &str) -> Html {
    let plain: Arc<Mutex<String>> = Arc::new(Mutex::new(plain.to_owned()));
    Html {
        model: Model::control(
            "HTMLModel",
            "HTMLView",
            HtmlKind(plain.clone()),
            [
                ("value", content.into()),
                ("layout", Model::layout([("overflow", "auto")])),
                ("style", Model::style("HTMLStyleModel")),
            ],
        ),
        plain,
    }
}

/// An empty place, for a figure that comes and changes.
///
/// ```
/// use lessons::notebook::widget::area;
/// use lessons::prelude::*;
///
/// let loss = area();
/// loss.show(&LineChart::new("Loss").series("train", [(0.0, 1.0), (1.0, 0.5)]).figure());
/// loss.show(&"or a text");
/// ```
pub fn area() -> Html {
    html("", "")
}

struct HtmlKind(Arc<Mutex<String>>);

impl Kind for HtmlKind {
    fn twin(&self, state: &Fields) -> Twin {
        Twin {
            text: self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            html: text(state, "value"),
        }
    }
}

/// A handle on a place for HTML; clones are the same place.
#[derive(Clone, Debug)]
pub struct Html {
    model: Arc<Model>,
    plain: Arc<Mutex<String>>,
}

handle!(Html);

impl Html {
    /// Replaces the HTML and what it says in plain text.
    pub fn set(&self, content: &str, plain: &str) {
        *self.plain.lock().unwrap_or_else(PoisonError::into_inner) = plain.to_owned();
        self.model.set("value", content.into());
    }

    /// Shows a figure, a text, or the error in a figure's place.
    pub fn show(&self, drawn: &impl Draw) {
        self.show_twin(Twin::of(&drawn.bundle()));
    }

    pub(super) fn show_twin(&self, twin: Twin) {
        self.set(&twin.html, &twin.text);
    }
}
