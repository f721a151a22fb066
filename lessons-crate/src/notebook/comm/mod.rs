//! Comms: lines between the frontend's scripts and a cell's values, with binary buffers.
//!
//! A [`Comm`] is opened from a cell, or by the frontend to a name that [`on_open`] gave a meaning.
//! What listens is called on the thread that runs cells, between two cells and never beside one.
//! Where no kernel listens, nothing is sent and nothing comes.

mod entry;
mod registry;

use std::sync::Arc;

use lessons_channel::CommAction;
use serde_json::{Map, Value};

#[cfg(test)]
pub(super) use self::registry::deliver;
use self::registry::{Calls, listen, unlisten};
pub(super) use self::registry::{Listen, caught};
use super::connection::send_comm;
use super::unique;

/// What travels on a comm.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub data: Value,
    pub metadata: Map<String, Value>,
    /// Binary data; not JSON, and not made into it on the way.
    pub buffers: Vec<Vec<u8>>,
}

impl Message {
    /// A message of JSON alone.
    pub fn new(data: Value) -> Message {
        Message {
            data,
            metadata: Map::new(),
            buffers: Vec::new(),
        }
    }

    /// Adds a binary buffer.
    pub fn with_buffer(mut self, bytes: impl Into<Vec<u8>>) -> Message {
        self.buffers.push(bytes.into());
        self
    }
}

/// One end of a line; the other is an object in the frontend.
///
/// ```
/// use lessons::notebook::comm::{Comm, Message};
/// use serde_json::json;
///
/// let comm = Comm::open("my_extension", Message::new(json!({"hello": 1})));
/// comm.on_message(|message| println!("{}", message.data));
/// comm.send(Message::new(json!({"rows": 2})).with_buffer([1, 2, 3]));
/// ```
#[derive(Debug, Clone)]
pub struct Comm {
    id: Arc<str>,
}

impl Comm {
    /// Opens a line to what the frontend knows as `target`.
    pub fn open(target: &str, message: Message) -> Comm {
        let comm = Comm::with_id(unique::id());
        comm.open_as(target, message, Arc::new(Calls::default()));
        comm
    }

    /// Sends; false where no kernel listens.
    pub fn send(&self, message: Message) -> bool {
        self.act(CommAction::Message, message)
    }

    /// Calls `listener` with each message that comes from the frontend.
    pub fn on_message(&self, listener: impl FnMut(&Message) + Send + 'static) {
        registry::add_call(&self.id, Box::new(listener));
    }

    /// Closes the line: nothing comes any more.
    pub fn close(&self) {
        unlisten(&self.id);
        self.act(CommAction::Close, Message::new(Value::Object(Map::new())));
    }

    /// The id, which is unique among all comms of all kernels.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn with_id(id: impl Into<Arc<str>>) -> Comm {
        Comm { id: id.into() }
    }

    pub(super) fn open_as(
        &self,
        target: &str,
        message: Message,
        listener: Arc<dyn Listen>,
    ) -> bool {
        let target_name = target.to_owned();
        listen(&self.id, listener);
        let opened = self.act(CommAction::Open { target_name }, message);
        if !opened {
            unlisten(&self.id);
        }
        opened
    }

    fn act(&self, action: CommAction, message: Message) -> bool {
        send_comm(lessons_channel::Comm {
            comm_id: self.id.to_string(),
            action,
            data: message.data,
            metadata: message.metadata,
            buffers: message.buffers,
        })
    }
}

/// Calls `opened` for each comm that the frontend opens to `target`, with its first message.
pub fn on_open(target: &str, opened: impl FnMut(&Comm, &Message) + Send + 'static) {
    registry::set_target(target, Box::new(opened));
}
