//! What a page that was loaded anew asks for: all widgets.

use serde_json::Value;

use super::model::Model;
use crate::notebook::comm::{Comm, Listen, Message};

/// The target of the comm on which frontends ask.
pub(in crate::notebook) const TARGET: &str = "jupyter.widget.control";

pub(in crate::notebook) struct Control;

impl Listen for Control {
    fn message(&self, comm: &Comm, message: Message, _: bool) {
        if message.data.get("method").and_then(Value::as_str) == Some("request_states") {
            comm.send(Model::all_states());
        }
    }
}
