//! A box to tick.

use std::sync::Arc;

use super::field::{Field, Fields};
use super::handle::control;
use super::model::{Kind, Model};
use super::twin::Twin;

/// A box that is ticked or not.
///
/// ```
/// use lessons::notebook::widget::checkbox;
///
/// let causal = checkbox("causal mask", true);
/// causal.set(false);
/// assert!(!causal.value());
/// ```
pub fn checkbox(name: &str, ticked: bool) -> Checkbox {
    Checkbox {
        model: Model::control(
            "CheckboxModel",
            "CheckboxView",
            CheckboxKind,
            [
                ("value", ticked.into()),
                ("description", name.into()),
                ("indent", false.into()),
                ("layout", Model::layout([])),
                ("style", Model::style("CheckboxStyleModel")),
            ],
        ),
    }
}

struct CheckboxKind;

impl Kind for CheckboxKind {
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let is_bool = matches!(value, Field::Json(value) if value.is_boolean());
        (key == "value" && is_bool).then(|| value.clone())
    }

    fn twin(&self, state: &Fields) -> Twin {
        let ticked = state.get("value") == Some(&true.into());
        let value = if ticked { "yes" } else { "no" };
        Twin::control(
            &super::field::text(state, "description"),
            value,
            "box to tick",
        )
    }
}

/// A handle on a checkbox; clones are the same checkbox.
#[derive(Clone, Debug)]
pub struct Checkbox {
    model: Arc<Model>,
}

control!(Checkbox => bool);

impl Checkbox {
    /// Whether it is ticked.
    pub fn value(&self) -> bool {
        self.model.get("value") == true
    }

    /// Ticks it or not, and calls what listens.
    pub fn set(&self, ticked: bool) {
        self.model.set("value", ticked.into());
    }
}
