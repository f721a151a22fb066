//! Values of a widget's state, and how they travel.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::model::Model;
use crate::notebook::comm::Message;

/// One value of a widget's state.
#[derive(Clone)]
pub(super) enum Field {
    Json(Value),
    /// Travels as a buffer of its own.
    Bytes(Arc<[u8]>),
    Model(Arc<Model>),
    Models(Vec<Arc<Model>>),
}

impl<T: Into<Value>> From<T> for Field {
    fn from(value: T) -> Field {
        Field::Json(value.into())
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        match (self, other) {
            (Field::Json(a), Field::Json(b)) => a == b,
            (Field::Bytes(a), Field::Bytes(b)) => a == b,
            (Field::Model(_), Field::Model(_)) | (Field::Models(_), Field::Models(_)) => {
                let ours = self.models().map(|model| model.id());
                ours.eq(other.models().map(|model| model.id()))
            }
            _ => false,
        }
    }
}

impl Field {
    /// The models that the field refers to.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        let models: &[Arc<Model>] = match self {
            Field::Model(model) => std::slice::from_ref(model),
            Field::Models(models) => models,
            Field::Json(_) | Field::Bytes(_) => &[],
        };
        models.iter()
    }

    /// The field as JSON; `None` for bytes.
    fn json(&self) -> Option<Value> {
        let reference = |model: &Arc<Model>| format!("IPY_MODEL_{}", model.id());
        match self {
            Field::Json(value) => Some(value.clone()),
            Field::Model(model) => Some(reference(model).into()),
            Field::Models(models) => Some(models.iter().map(reference).collect()),
            Field::Bytes(_) => None,
        }
    }
}

/// A state, or a part of one, by key.
pub(super) type Fields = BTreeMap<&'static str, Field>;

/// A field of JSON as text, strings without quotes.
pub(super) fn text(fields: &Fields, key: &str) -> String {
    match fields.get(key) {
        Some(Field::Json(Value::String(text))) => text.clone(),
        Some(Field::Json(value)) => value.to_string(),
        _ => String::new(),
    }
}

/// A state split as the widget protocol wants it: JSON here, bytes there, and the paths at which
/// the bytes belong.
#[derive(Default)]
pub(super) struct Split {
    pub paths: Vec<Value>,
    pub buffers: Vec<Vec<u8>>,
}

impl Split {
    /// Splits fields; `path` is where the state itself stands in the message.
    pub fn add<'f>(
        &mut self,
        path: &[&str],
        fields: impl IntoIterator<Item = (&'f &'static str, &'f Field)>,
    ) -> Map<String, Value> {
        let mut state = Map::new();
        for (&key, field) in fields {
            match field {
                Field::Bytes(bytes) => {
                    let path = path.iter().copied().chain([key]);
                    self.paths.push(path.collect());
                    self.buffers.push(bytes.to_vec());
                }
                _ => {
                    state.insert(key.to_owned(), field.json().unwrap_or_default());
                }
            }
        }
        state
    }

    /// The fields as a message of `method`; of a comm's opening for an empty one.
    pub fn message<'f>(
        method: &str,
        fields: impl IntoIterator<Item = (&'f &'static str, &'f Field)>,
    ) -> Message {
        let mut split = Split::default();
        let state = split.add(&[], fields);
        let mut data = json!({"state": state, "buffer_paths": split.paths});
        if !method.is_empty() {
            data["method"] = method.into();
        }
        Message {
            buffers: split.buffers,
            ..Message::new(data)
        }
    }
}

/// Reads the state of an `update` message; bytes are put where their paths say, as far as those
/// name fields of the state itself.
pub(super) fn read_update(message: Message) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    let mut data = message.data;
    if let Some(Value::Object(state)) = data.get_mut("state").map(Value::take) {
        fields.extend(state.into_iter().map(|(key, value)| (key, value.into())));
    }
    let paths = data.get("buffer_paths").and_then(Value::as_array);
    for (path, bytes) in paths.into_iter().flatten().zip(message.buffers) {
        if let Some([Value::String(key)]) = path.as_array().map(Vec::as_slice) {
            fields.insert(key.clone(), Field::Bytes(bytes.into()));
        }
    }
    fields
}
