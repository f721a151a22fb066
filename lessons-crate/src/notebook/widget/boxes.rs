//! Widgets below or beside each other.

use std::sync::{Arc, Mutex, PoisonError};

use super::field::{Field, Fields};
use super::handle::{Widget, handle};
use super::model::{Kind, Model};
use super::twin::Twin;

/// Widgets one below the other.
///
/// ```
/// use lessons::notebook::widget::{area, checkbox, vbox};
///
/// let place = area();
/// vbox().with(&checkbox("causal", true)).with(&place).display();
/// place.show(&"what changes");
/// ```
pub fn vbox() -> Boxed {
    boxed("VBox")
}

/// Widgets one beside the other.
pub fn hbox() -> Boxed {
    boxed("HBox")
}

fn boxed(name: &str) -> Boxed {
    Boxed {
        model: Model::control(
            &format!("{name}Model"),
            &format!("{name}View"),
            BoxKind,
            [
                ("children", Field::Models(Vec::new())),
                ("layout", Model::layout([])),
            ],
        ),
        children: Arc::default(),
    }
}

struct BoxKind;

impl Kind for BoxKind {
    fn twin(&self, state: &Fields) -> Twin {
        let children = state.get("children").map(Field::models);
        Twin::stack(children.into_iter().flatten().map(|child| child.twin()))
    }
}

/// A handle on a box of widgets; clones are the same box.
#[derive(Clone, Debug)]
pub struct Boxed {
    model: Arc<Model>,
    children: Arc<Mutex<Vec<Arc<Model>>>>,
}

handle!(Boxed);

impl Boxed {
    /// The box with one more widget at its end.
    pub fn with(self, child: &impl Widget) -> Boxed {
        self.add(child);
        self
    }

    /// Adds a widget at the end, also to a box that is shown already.
    pub fn add(&self, child: &impl Widget) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.push(child.model().clone());
        self.model.set("children", Field::Models(children.clone()));
    }
}
