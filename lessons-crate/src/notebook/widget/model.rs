//! The state that a widget shares with its views in the frontend.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::field::{Field, Fields, Split, read_update};
use super::listeners::Listeners;
use super::twin::Twin;
use crate::notebook::comm::{Comm, Listen, Message};
use crate::notebook::unique;

/// The version of the widget protocol.
const PROTOCOL: &str = "2.1.0";
/// The versions of the two packages of ipywidgets 8 that models and views come from.
const VERSION: &str = "2.0.0";

/// What makes one widget different from another.
pub(super) trait Kind: Send + Sync + 'static {
    /// What is kept of a value that the frontend sends; `None` when it is refused.
    fn accept(&self, key: &str, value: &Field) -> Option<Field> {
        let _ = (key, value);
        None
    }

    /// What stands in its place where there are no widgets.
    fn twin(&self, state: &Fields) -> Twin;
}

/// Layouts and styles: nothing that could be shown alone.
impl Kind for () {
    fn twin(&self, _: &Fields) -> Twin {
        Twin::default()
    }
}

pub struct Model {
    id: String,
    kind: Box<dyn Kind>,
    state: Mutex<State>,
    pub(super) changed: Listeners,
    /// Listeners to messages that are no state: a button's clicks.
    pub(super) custom: Listeners,
}

struct State {
    fields: Fields,
    /// The line to the frontend, once the widget has been shown.
    comm: Option<Comm>,
    /// What the frontend changed since listeners were called.
    dirty: BTreeSet<&'static str>,
}

/// All models that the frontend knows, by id.
static OPEN: Mutex<BTreeMap<String, Arc<Model>>> = Mutex::new(BTreeMap::new());

fn open_models() -> MutexGuard<'static, BTreeMap<String, Arc<Model>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    /// A model of `@jupyter-widgets/controls`, by the common part of its model's and view's names.
    pub(super) fn control(
        name: &str,
        view: &str,
        kind: impl Kind,
        fields: impl IntoIterator<Item = (&'static str, Field)>,
    ) -> Arc<Model> {
        Model::new("@jupyter-widgets/controls", name, view, kind, fields)
    }

    /// A layout with these CSS properties.
    pub(super) fn layout<const N: usize>(properties: [(&'static str, &str); N]) -> Field {
        let fields = properties.map(|(key, value)| (key, value.into()));
        let base = "@jupyter-widgets/base";
        Field::Model(Model::new(base, "LayoutModel", "LayoutView", (), fields))
    }

    /// A style whose description is as wide as its text.
    pub(super) fn style(name: &str) -> Field {
        let fields = [
            ("description_width", "initial".into()),
            ("_view_module", "@jupyter-widgets/base".into()),
        ];
        Field::Model(Model::control(name, "StyleView", (), fields))
    }

    fn new(
        module: &str,
        model: &str,
        view: &str,
        kind: impl Kind,
        fields: impl IntoIterator<Item = (&'static str, Field)>,
    ) -> Arc<Model> {
        let mut all = Fields::from([
            ("_model_module", module.into()),
            ("_model_module_version", VERSION.into()),
            ("_model_name", model.into()),
            ("_view_module", module.into()),
            ("_view_module_version", VERSION.into()),
            ("_view_name", view.into()),
        ]);
        all.extend(fields);
        Arc::new(Model {
            id: unique::id(),
            kind: Box::new(kind),
            state: Mutex::new(State {
                fields: all,
                comm: None,
                dirty: BTreeSet::new(),
            }),
            changed: Listeners::default(),
            custom: Listeners::default(),
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The JSON of one field.
    pub(super) fn get(&self, key: &str) -> Value {
        match self.state().fields.get(key) {
            Some(Field::Json(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// Changes a field, here and in the frontend, and calls the listeners if it is another value.
    pub(super) fn set(&self, key: &'static str, field: Field) {
        {
            let models: Vec<Arc<Model>> = field.models().cloned().collect();
            let is_open = self.state().comm.is_some();
            for model in models.iter().filter(|_| is_open) {
                model.open();
            }
            let mut state = self.state();
            if state.fields.get(key) == Some(&field) {
                return;
            }
            state.fields.insert(key, field);
            state.send(|changed| changed == key);
        }
        self.changed.call();
    }

    /// Makes the widget known to the frontend, after the models that it refers to; false where no
    /// kernel listens.
    pub(super) fn open(self: &Arc<Model>) -> bool {
        let (parts, is_open) = {
            let state = self.state();
            let parts = state.fields.values().flat_map(Field::models);
            (parts.cloned().collect::<Vec<_>>(), state.comm.is_some())
        };
        if is_open {
            return true;
        }
        if !parts.iter().all(Model::open) {
            return false;
        }
        let mut state = self.state();
        let comm = Comm::with_id(self.id.as_str());
        let mut message = Split::message("", &state.fields);
        message.metadata.insert("version".into(), PROTOCOL.into());
        open_models().insert(self.id.clone(), self.clone());
        if !comm.open_as("jupyter.widget", message, self.clone()) {
            open_models().remove(&self.id);
            return false;
        }
        state.comm = Some(comm);
        true
    }

    /// Takes the widget and what only it shows out of the frontend.
    pub(super) fn close(&self) {
        let parts: Vec<Arc<Model>> = {
            let mut state = self.state();
            if let Some(comm) = state.comm.take() {
                comm.close();
            }
            let parts = state.fields.values().flat_map(Field::models);
            parts.cloned().collect()
        };
        open_models().remove(&self.id);
        for part in parts {
            part.close();
        }
    }

    pub(super) fn twin(&self) -> Twin {
        // A copy: a box asks its children, which may be shown twice.
        let fields = self.state().fields.clone();
        self.kind.twin(&fields)
    }

    /// The states of all models that the frontend should know.
    pub(super) fn all_states() -> Message {
        let models: Vec<Arc<Model>> = open_models().values().cloned().collect();
        let mut split = Split::default();
        let mut states = serde_json::Map::new();
        for model in models {
            let fields = model.state().fields.clone();
            let state = split.add(&[model.id(), "state"], &fields);
            let mut described = json!({"state": state});
            for key in ["model_name", "model_module", "model_module_version"] {
                described[key] = described["state"][format!("_{key}")].clone();
            }
            states.insert(model.id.clone(), described);
        }
        let data = json!({
            "method": "update_states", "states": states, "buffer_paths": split.paths,
        });
        Message {
            buffers: split.buffers,
            ..Message::new(data)
        }
    }

    /// Takes over what the frontend changed; says so to all frontends, as ipywidgets 8 does.
    fn update(&self, message: Message) {
        let mut state = self.state();
        let mut echo = Fields::new();
        let mut corrected = BTreeSet::new();
        for (key, sent) in read_update(message) {
            let Some((&key, kept)) = state.fields.get_key_value(key.as_str()) else {
                continue;
            };
            let accepted = self.kind.accept(key, &sent);
            if accepted.as_ref() != Some(&sent) {
                corrected.insert(key);
            }
            if let Some(accepted) = accepted.filter(|accepted| accepted != kept) {
                state.fields.insert(key, accepted);
                state.dirty.insert(key);
            }
            echo.insert(key, sent);
        }
        if let Some(comm) = state.comm.as_ref().filter(|_| echoes() && !echo.is_empty()) {
            comm.send(Split::message("echo_update", &echo));
        }
        state.send(|key| corrected.contains(key));
    }

    fn take_dirty(&self) -> bool {
        !std::mem::take(&mut self.state().dirty).is_empty()
    }
}

impl State {
    /// Sends the fields that are chosen, if there are any and the widget is open.
    fn send(&self, chosen: impl Fn(&str) -> bool) {
        let Some(comm) = &self.comm else { return };
        let mut fields = self.fields.iter().filter(|(key, _)| chosen(key)).peekable();
        if fields.peek().is_some() {
            comm.send(Split::message("update", fields));
        }
    }
}

/// ipywidgets' own switch.
fn echoes() -> bool {
    !std::env::var("JUPYTER_WIDGETS_ECHO").is_ok_and(|value| {
        matches!(
            value.to_ascii_lowercase().as_str(),
            "0" | "false" | "no" | "off"
        )
    })
}

impl Listen for Model {
    fn message(&self, _: &Comm, message: Message, superseded: bool) {
        match message.data.get("method").and_then(Value::as_str) {
            Some("update") => {
                self.update(message);
                // The next message, which waits already, brings the value to show.
                if !superseded && self.take_dirty() {
                    self.changed.call();
                }
            }
            Some("request_state") => self.state().send(|_| true),
            Some("custom") if message.data["content"]["event"] == "click" => self.custom.call(),
            _ => {}
        }
    }

    fn closed(&self) {
        self.state().comm = None;
        open_models().remove(&self.id);
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.twin().text)
    }
}
