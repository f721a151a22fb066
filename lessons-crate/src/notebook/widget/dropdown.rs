//! A choice of one among several.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use serde_json::Value;

use super::error::WidgetError;
use super::field::{Field, Fields, text};
use super::handle::control;
use super::model::{Kind, Model};
use super::twin::Twin;

/// What can be an option: anything that can be cloned, sent and printed.
pub trait Choice: Clone + Display + Debug + Send + Sync + 'static {}

impl<T: Clone + Display + Debug + Send + Sync + 'static> Choice for T {}

/// A list that unfolds, of which one option is chosen.
///
/// ```
/// use lessons::notebook::widget::dropdown;
///
/// let dtype = dropdown("weights", ["f32", "bf16", "int8"]).value("bf16").build()?;
/// assert_eq!(dtype.value(), "bf16");
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn dropdown<T: Choice>(
    name: impl Into<String>,
    options: impl IntoIterator<Item = T>,
) -> DropdownBuilder<T> {
    DropdownBuilder {
        name: name.into(),
        options: options.into_iter().collect(),
        value: None,
    }
}

/// A dropdown that is being described.
#[derive(Debug, Clone)]
#[must_use = "call .build() to have the dropdown"]
pub struct DropdownBuilder<T> {
    name: String,
    options: Arc<[T]>,
    value: Option<T>,
}

impl<T: Choice> DropdownBuilder<T> {
    /// What is chosen at first; otherwise the first option.
    pub fn value(mut self, value: T) -> Self {
        self.value = Some(value);
        self
    }

    /// # Errors
    /// When there are no options, or the value is none of them.
    pub fn build(self) -> crate::Result<Dropdown<T>> {
        let labels: Vec<String> = self.options.iter().map(T::to_string).collect();
        if labels.is_empty() {
            let what = format!("the dropdown {:?} has no options", self.name);
            return Err(WidgetError::new(what)
                .help("at least one option to choose")
                .into());
        }
        let index = match &self.value {
            Some(value) => position(&self.name, &labels, &value.to_string())?,
            None => 0,
        };
        Ok(Dropdown {
            model: new_model(&self.name, labels, index),
            options: self.options,
        })
    }
}

/// Options are compared by what they print: that is what the reader tells them apart by.
fn position(name: &str, labels: &[String], wanted: &str) -> Result<usize, WidgetError> {
    labels
        .iter()
        .position(|label| label == wanted)
        .ok_or_else(|| {
            let what = format!("the dropdown {name:?} has no option {wanted:?}");
            WidgetError::new(what).help(format!("one of {}", labels.join(", ")))
        })
}

fn new_model(name: &str, labels: Vec<String>, index: usize) -> Arc<Model> {
    Model::control(
        "DropdownModel",
        "DropdownView",
        DropdownKind(labels.clone()),
        [
            ("_options_labels", labels.into()),
            ("index", index.into()),
            ("description", name.into()),
            ("layout", Model::layout([("width", "max-content")])),
            ("style", Model::style("DescriptionStyleModel")),
        ],
    )
}

struct DropdownKind(Vec<String>);

impl Kind for DropdownKind {
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let Field::Json(index) = value else {
            return None;
        };
        let index = usize::try_from(index.as_u64()?).ok()?;
        (key == "index" && index < self.0.len()).then(|| value.clone())
    }

    fn twin(&self, state: &Fields) -> Twin {
        let index = match state.get("index") {
            Some(Field::Json(index)) => index_of(index),
            _ => 0,
        };
        let chosen = self.0.get(index).map_or("", String::as_str);
        let what = format!("choice of {}", self.0.join(", "));
        Twin::control(&text(state, "description"), chosen, &what)
    }
}

fn index_of(value: &Value) -> usize {
    let index = value.as_u64().and_then(|index| usize::try_from(index).ok());
    index.unwrap_or(0)
}

/// A handle on a dropdown; clones are the same dropdown.
#[derive(Clone, Debug)]
pub struct Dropdown<T> {
    model: Arc<Model>,
    options: Arc<[T]>,
}

control!(Dropdown<T: Choice> => T);

impl<T: Choice> Dropdown<T> {
    /// The option that is chosen.
    pub fn value(&self) -> T {
        let index = index_of(&self.model.get("index"));
        // The model keeps no index beyond the options.
        self.options[index.min(self.options.len() - 1)].clone()
    }

    /// Chooses another option, and calls what listens.
    ///
    /// # Errors
    /// When the value is none of the options.
    pub fn set(&self, value: T) -> crate::Result<()> {
        let labels: Vec<String> = self.options.iter().map(T::to_string).collect();
        let name = self.model.get("description");
        let name = name.as_str().unwrap_or_default();
        let index = position(name, &labels, &value.to_string())?;
        self.model.set("index", index.into());
        Ok(())
    }
}
