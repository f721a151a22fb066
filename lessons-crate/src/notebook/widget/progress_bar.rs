//! A bar that fills.

use std::sync::Arc;

use super::field::{Fields, text};
use super::handle::handle;
use super::model::{Kind, Model};
use super::twin::Twin;

/// A progress bar over `total` steps, which stands in boxes beside other widgets.
/// [`crate::notebook::progress`] is the one for loops in a cell.
///
/// ```
/// use lessons::notebook::widget::progress_bar;
///
/// let bar = progress_bar("epochs", 10);
/// bar.set(4);
/// assert_eq!(bar.value(), 4);
/// ```
pub fn progress_bar(name: &str, total: u64) -> ProgressBar {
    ProgressBar {
        model: Model::control(
            "IntProgressModel",
            "ProgressView",
            ProgressBarKind,
            [
                ("value", 0.into()),
                ("min", 0.into()),
                ("max", total.into()),
                ("bar_style", "".into()),
                ("description", name.into()),
                ("layout", Model::layout([("width", "440px")])),
                ("style", Model::style("ProgressStyleModel")),
            ],
        ),
        total,
    }
}

struct ProgressBarKind;

impl Kind for ProgressBarKind {
    fn twin(&self, state: &Fields) -> Twin {
        let text = |key| text(state, key);
        let value = format!("{} of {}", text("value"), text("max"));
        Twin::control(&text("description"), &value, "progress bar")
    }
}

/// A handle on a progress bar; clones are the same bar. Threads may move it while a cell runs.
#[derive(Clone, Debug)]
pub struct ProgressBar {
    model: Arc<Model>,
    total: u64,
}

handle!(ProgressBar);

impl ProgressBar {
    /// How many steps are done.
    pub fn value(&self) -> u64 {
        self.model.get("value").as_u64().unwrap_or_default()
    }

    /// Says how many steps are done; more than all are all. A full bar turns green.
    pub fn set(&self, done: u64) {
        let done = done.min(self.total);
        self.model.set("value", done.into());
        let style = if done == self.total { "success" } else { "" };
        self.model.set("bar_style", style.into());
    }
}
