//! A button.

use std::sync::Arc;

use super::field::{Fields, text};
use super::handle::handle;
use super::listeners::Listener;
use super::model::{Kind, Model};
use super::twin::Twin;

/// A button that calls functions.
///
/// ```
/// use lessons::notebook::widget::button;
///
/// let step = button("one step");
/// step.on_click(|| println!("stepped"));
/// ```
pub fn button(name: &str) -> Button {
    Button {
        model: Model::control(
            "ButtonModel",
            "ButtonView",
            ButtonKind,
            [
                ("description", name.into()),
                ("tooltip", name.into()),
                ("layout", Model::layout([("width", "max-content")])),
                ("style", Model::style("ButtonStyleModel")),
            ],
        ),
    }
}

struct ButtonKind;

impl Kind for ButtonKind {
    fn twin(&self, state: &Fields) -> Twin {
        Twin::control("", &text(state, "description"), "button")
    }
}

/// A handle on a button; clones are the same button.
#[derive(Clone, Debug)]
pub struct Button {
    model: Arc<Model>,
}

handle!(Button);

impl Button {
    /// Calls `listener` at each click: on the thread that runs cells, between two cells and never
    /// beside one. A listener that panics says so on standard error and is called again next time.
    pub fn on_click(&self, listener: impl FnMut() + Send + 'static) {
        self.model.custom.add(Listener::new(listener));
    }

    /// Changes what stands on it.
    pub fn set_name(&self, name: &str) {
        self.model.set("description", name.into());
    }

    /// Whether it can be clicked; it can at first.
    pub fn set_enabled(&self, enabled: bool) {
        self.model.set("disabled", (!enabled).into());
    }
}
