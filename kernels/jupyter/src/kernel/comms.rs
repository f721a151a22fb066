//! The comms that are open: lines between widgets in the frontend and values of the notebook.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::engine::{Comm, CommAction};
use crate::protocol::{Outgoing, Request};

/// Comm ids and their target names.
#[derive(Default)]
pub struct Comms(Mutex<BTreeMap<String, String>>);

impl Comms {
    fn open(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_open(&self, comm_id: &str) -> bool {
        self.open().contains_key(comm_id)
    }

    /// The answer to a `comm_info_request`: all comms, or those of the target that it names.
    pub fn info(&self, request: &Request) -> Value {
        let wanted = request.text("target_name").filter(|name| !name.is_empty());
        let open = self.open();
        let comms: Map<String, Value> = open
            .iter()
            .filter(|(_, target)| wanted.is_none_or(|wanted| wanted == target.as_str()))
            .map(|(id, target)| (id.clone(), json!({"target_name": target})))
            .collect();
        json!({"status": "ok", "comms": comms})
    }

    /// What a comm message of a cell is to the frontend, with `parent` as its parent header. A
    /// comm that is not open has nothing to say.
    pub fn outgoing(&self, comm: Comm, parent: &Bytes) -> Option<Outgoing> {
        let id = comm.comm_id;
        let mut content = json!({"comm_id": id, "data": comm.data});
        let kind = match comm.action {
            CommAction::Open { target_name } => {
                content["target_name"] = target_name.as_str().into();
                self.open().insert(id, target_name);
                "comm_open"
            }
            CommAction::Accept { target_name } => {
                self.open().insert(id, target_name);
                return None;
            }
            CommAction::Message => {
                if !self.is_open(&id) {
                    return None;
                }
                "comm_msg"
            }
            CommAction::Close => {
                self.open().remove(&id);
                "comm_close"
            }
        };
        let mut message = Outgoing::new(kind, parent, content);
        message.metadata = Value::Object(comm.metadata);
        message.buffers = comm.buffers.into_iter().map(Bytes::from).collect();
        Some(message)
    }

    /// Notes that the frontend closed a comm.
    pub fn closed(&self, comm_id: &str) {
        self.open().remove(comm_id);
    }
}

/// Whether requests of this type belong to comms and wait in the queue of the cells.
pub fn is_comm(msg_type: &str) -> bool {
    matches!(msg_type, "comm_open" | "comm_msg" | "comm_close")
}

/// Reads a frontend's comm message; `None` for one without an id.
pub fn incoming(request: &Request) -> Option<Comm> {
    let comm_id = request.text("comm_id").filter(|id| !id.is_empty())?;
    let action = match request.header.msg_type.as_str() {
        "comm_open" => CommAction::Open {
            target_name: request.text("target_name").unwrap_or_default().to_owned(),
        },
        "comm_close" => CommAction::Close,
        _ => CommAction::Message,
    };
    Some(Comm {
        comm_id: comm_id.to_owned(),
        action,
        data: request.content.get("data").cloned().unwrap_or_default(),
        metadata: request.metadata.clone(),
        buffers: request.buffers.iter().map(|part| part.to_vec()).collect(),
    })
}

/// The comm whose state a message updates, if it is such a message of the widget protocol.
pub fn updates(request: &Request) -> Option<&str> {
    let data = request.content.get("data")?;
    let is_update = data.get("method").and_then(Value::as_str) == Some("update");
    (request.header.msg_type == "comm_msg" && is_update).then(|| request.text("comm_id"))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Header;

    fn comm(id: &str, action: CommAction) -> Comm {
        Comm {
            comm_id: id.into(),
            action,
            data: json!({}),
            metadata: Map::new(),
            buffers: vec![vec![1, 2]],
        }
    }

    fn opened(id: &str, target: &str) -> Comm {
        let target_name = target.to_owned();
        comm(id, CommAction::Open { target_name })
    }

    fn request(kind: &str, content: Value) -> Request {
        Request {
            identities: Vec::new(),
            header: Header {
                msg_type: kind.into(),
                ..Header::default()
            },
            raw_header: Bytes::from_static(b"{}"),
            parent: Map::new(),
            metadata: Map::new(),
            content: content.as_object().unwrap().clone(),
            buffers: vec![Bytes::from_static(b"\xff")],
        }
    }

    fn info(comms: &Comms, target: &str) -> Vec<String> {
        let content = json!({"target_name": target});
        let info = comms.info(&request("comm_info_request", content));
        info["comms"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn what_is_open_is_listed_by_target() {
        let comms = Comms::default();
        let parent = Bytes::from_static(b"{}");
        let message = comms.outgoing(opened("a", "x"), &parent).unwrap();
        assert_eq!(message.msg_type, "comm_open");
        assert_eq!(message.content["target_name"], "x");
        assert_eq!(message.buffers, [&[1u8, 2][..]]);
        comms.outgoing(opened("b", "y"), &parent);
        assert_eq!(info(&comms, ""), ["a", "b"]);
        assert_eq!(info(&comms, "y"), ["b"]);
        let close = comms.outgoing(comm("a", CommAction::Close), &parent);
        assert_eq!(close.unwrap().msg_type, "comm_close");
        comms.closed("b");
        assert!(info(&comms, "").is_empty());
    }

    #[test]
    fn a_comm_that_is_not_open_says_nothing() {
        let comms = Comms::default();
        let parent = Bytes::from_static(b"{}");
        let message = || comm("a", CommAction::Message);
        assert!(comms.outgoing(message(), &parent).is_none());
        let target_name = "x".to_owned();
        let accept = comm("a", CommAction::Accept { target_name });
        assert!(comms.outgoing(accept, &parent).is_none());
        assert!(comms.outgoing(message(), &parent).is_some());
    }

    #[test]
    fn a_message_of_the_frontend_is_read_with_its_buffers() {
        let read = |kind, content| incoming(&request(kind, content));
        let open = read("comm_open", json!({"comm_id": "a", "target_name": "x"})).unwrap();
        let target_name = "x".to_owned();
        assert_eq!(open.action, CommAction::Open { target_name });
        assert_eq!(open.buffers, [[0xff]]);
        assert_eq!(read("comm_close", json!({"comm_id": 3})), None);
        assert_eq!(read("comm_msg", json!({})), None);
    }

    #[test]
    fn only_state_updates_can_be_superseded() {
        let updated = |kind, data| {
            let request = request(kind, json!({"comm_id": "a", "data": data}));
            updates(&request).map(str::to_owned)
        };
        let update = json!({"method": "update", "state": {"value": 3}});
        assert_eq!(updated("comm_msg", update.clone()).as_deref(), Some("a"));
        assert_eq!(updated("comm_open", update), None);
        assert_eq!(updated("comm_msg", json!({"method": "custom"})), None);
        assert_eq!(updated("comm_msg", json!(null)), None);
    }
}
