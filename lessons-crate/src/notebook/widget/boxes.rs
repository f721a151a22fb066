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
    let still = Arc::<Mutex<Option<Twin>>>::default();
    Boxed {
        model: Model::control(
            &format!("{name}Model"),
            &format!("{name}View"),
            BoxKind(still.clone()),
            [
                ("children", Field::Models(Vec::new())),
                ("layout", Model::layout([])),
            ],
        ),
        children: Arc::default(),
        still,
    }
}

/// Holds what stands in place of its widgets, where that is not what they say themselves.
struct BoxKind(Arc<Mutex<Option<Twin>>>);

impl Kind for BoxKind {
    fn twin(&self, state: &Fields) -> Twin {
        let still = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(still) = &*still {
            return still.clone();
        }
        let children = state.get("children").map(Field::models);
        Twin::stack(children.into_iter().flatten().map(|child| child.twin()))
    }
}

/// A handle on a box of widgets; clones are the same box.
#[derive(Clone, Debug)]
pub struct Boxed {
    model: Arc<Model>,
    children: Arc<Mutex<Vec<Arc<Model>>>>,
    still: Arc<Mutex<Option<Twin>>>,
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

    /// What stands in the place of the box and all that is in it where there are no widgets.
    pub(super) fn set_still(&self, twin: Twin) {
        *self.still.lock().unwrap_or_else(PoisonError::into_inner) = Some(twin);
    }
}
