//! Comms: named lines between an object in the frontend and one in a cell's process.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The symbol of the function that the library exports for the runtime: an
/// `extern "C" fn(*const u8, usize)`, which is given the frame of a [`Delivery`] and calls what
/// listens to the comm, on the thread that calls it.
pub const COMM_ENTRY: &str = "lessons_comm_entry";

/// A message on a comm, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comm {
    pub comm_id: String,
    #[serde(flatten)]
    pub action: CommAction,
    #[serde(default)]
    pub data: Value,
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Binary data; travels as the parts of a frame.
    #[serde(skip)]
    pub buffers: Vec<Vec<u8>>,
}

/// What a comm message does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum CommAction {
    Open {
        target_name: String,
    },
    /// Agrees to a comm that the frontend opened.
    Accept {
        target_name: String,
    },
    Message,
    Close,
}

/// A message of the frontend on its way to what listens to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub comm: Comm,
    /// Whether another update of the same comm waits behind this one: listeners to its value need
    /// not be called for this one.
    pub superseded: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FromCell, read_frame_with, write_frame_with};
    use serde_json::json;

    #[test]
    fn a_comm_message_travels_with_its_buffers_as_parts() {
        let comm = Comm {
            comm_id: "a".into(),
            action: CommAction::Open {
                target_name: "jupyter.widget".into(),
            },
            data: json!({"state": {}}),
            metadata: json!({"version": "2.1.0"}).as_object().unwrap().clone(),
            buffers: vec![vec![0, 1, 255]],
        };
        let mut bytes = Vec::new();
        write_frame_with(&mut bytes, &FromCell::Comm(comm.clone()), &comm.buffers).unwrap();
        let (message, parts) = read_frame_with(&mut bytes.as_slice()).unwrap().unwrap();
        let FromCell::Comm(mut read) = message else {
            panic!("{message:?}");
        };
        read.buffers = parts;
        assert_eq!(read, comm);
    }
}
