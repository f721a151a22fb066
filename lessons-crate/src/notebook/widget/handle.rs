//! What all widgets have in common.

use std::sync::Arc;

use super::model::Model;
use crate::notebook::Bundle;

/// Something that a notebook shows and its reader handles.
///
/// A widget as the last expression of a cell shows itself. The same widget may be shown more than
/// once; all its views move together. Where there is no kernel or no ipywidgets, a still picture
/// stands in its place.
pub trait Widget: HasModel {
    /// The widget for frontends that have widgets, and its still picture as HTML and text.
    fn bundle(&self) -> Bundle {
        bundle(self.model())
    }
}

/// Widgets are made in this module only.
pub trait HasModel {
    #[doc(hidden)]
    fn model(&self) -> &Arc<Model>;
}

/// A widget that has a value.
pub trait Control: Widget + Clone + Send + Sync + 'static {
    type Value: Send + 'static;

    /// The value that it has now.
    fn current(&self) -> Self::Value;
}

pub(super) fn bundle(model: &Arc<Model>) -> Bundle {
    let still = model.twin().bundle();
    if !model.open() {
        return still;
    }
    let view = serde_json::json!({
        "version_major": 2, "version_minor": 0, "model_id": model.id(),
    });
    still.with_json("application/vnd.jupyter.widget-view+json", view)
}

/// Makes a handle with a field `model` a widget, also for cells that import nothing.
macro_rules! handle {
    ($name:ident $(<$parameter:ident: $bound:path>)?) => {
        impl$(<$parameter: $bound>)? $crate::notebook::widget::handle::HasModel
            for $name$(<$parameter>)?
        {
            fn model(&self) -> &std::sync::Arc<$crate::notebook::widget::model::Model> {
                &self.model
            }
        }

        impl$(<$parameter: $bound>)? $crate::notebook::widget::Widget for $name$(<$parameter>)? {}

        impl$(<$parameter: $bound>)? $name$(<$parameter>)? {
            /// Shows the widget below the running cell.
            pub fn display(&self) {
                $crate::notebook::display(&$crate::notebook::widget::handle::bundle(&self.model));
            }

            /// Takes the widget out of the notebook's pages. Shown again, it comes back.
            pub fn close(&self) {
                self.model.close();
            }

            /// Shows the widget; notebooks call it on a cell's last expression.
            pub fn evcxr_display(&self) {
                self.display();
            }
        }
    };
}

/// As [`handle!`], for a widget that has a value.
macro_rules! control {
    ($name:ident $(<$parameter:ident: $bound:path>)? => $value:ty) => {
        $crate::notebook::widget::handle::handle!($name $(<$parameter: $bound>)?);
        $crate::notebook::widget::controls::one!($name $(<$parameter: $bound>)?);
        $crate::notebook::widget::controls::one!(&$name $(<$parameter: $bound>)?);

        impl$(<$parameter: $bound>)? $crate::notebook::widget::Control for $name$(<$parameter>)? {
            type Value = $value;

            fn current(&self) -> $value {
                self.value()
            }
        }

        impl$(<$parameter: $bound>)? $name$(<$parameter>)? {
            /// Calls `listener` with each new value, whoever changed it.
            ///
            /// For what the reader does, that happens on the thread that runs cells, between two
            /// cells and never beside one; when values come faster than the listener returns, the
            /// last one counts. For `set`, it happens on the thread that sets, at once. A listener
            /// that panics says so on standard error and is called again next time.
            pub fn on_change(&self, mut listener: impl FnMut($value) + Send + 'static) {
                let own = self.clone();
                self.model.changed.add($crate::notebook::widget::listeners::Listener::new(
                    move || listener(own.value()),
                ));
            }
        }
    };
}

pub(super) use {control, handle};
