//! What listens to which comm.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lessons_channel::{CommAction, Delivery};
use serde_json::{Map, Value};

use super::{Comm, Message};
use crate::notebook::widget::control;

/// The cell's side of a comm.
pub(in crate::notebook) trait Listen: Send + Sync {
    /// A message has come; `superseded` when another update of the same comm waits behind it.
    fn message(&self, comm: &Comm, message: Message, superseded: bool);

    /// The frontend has closed the comm.
    fn closed(&self) {}

    /// Takes on a user's function, where functions can listen.
    fn add_call(&self, _call: Call) {}
}

pub(super) type Call = Box<dyn FnMut(&Message) + Send>;
type Opened = Box<dyn FnMut(&Comm, &Message) + Send>;

struct Registry {
    listeners: BTreeMap<String, Arc<dyn Listen>>,
    targets: BTreeMap<String, Arc<Mutex<Opened>>>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    listeners: BTreeMap::new(),
    targets: BTreeMap::new(),
});

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn listen(id: &str, listener: Arc<dyn Listen>) {
    registry().listeners.insert(id.to_owned(), listener);
}

pub(super) fn unlisten(id: &str) -> Option<Arc<dyn Listen>> {
    registry().listeners.remove(id)
}

fn listener(id: &str) -> Option<Arc<dyn Listen>> {
    registry().listeners.get(id).cloned()
}

pub(super) fn add_call(id: &str, call: Call) {
    if let Some(listener) = listener(id) {
        listener.add_call(call);
    }
}

pub(super) fn set_target(name: &str, opened: Opened) {
    let opened = Arc::new(Mutex::new(opened));
    registry().targets.insert(name.to_owned(), opened);
}

/// Brings a message of the frontend to what listens to its comm.
pub(in crate::notebook) fn deliver(delivery: Delivery) {
    let comm = Comm::with_id(delivery.comm.comm_id);
    let message = Message {
        data: delivery.comm.data,
        metadata: delivery.comm.metadata,
        buffers: delivery.comm.buffers,
    };
    match delivery.comm.action {
        CommAction::Open { target_name } => open(&comm, target_name, &message),
        CommAction::Message => {
            if let Some(listener) = listener(comm.id()) {
                listener.message(&comm, message, delivery.superseded);
            }
        }
        CommAction::Close => {
            if let Some(listener) = unlisten(comm.id()) {
                listener.closed();
            }
        }
        CommAction::Accept { .. } => {}
    }
}

/// A comm that nobody takes is not accepted, and the kernel closes it.
fn open(comm: &Comm, target_name: String, message: &Message) {
    let target = registry().targets.get(&target_name).cloned();
    let accept = |listener: Arc<dyn Listen>| {
        listen(comm.id(), listener);
        let empty = Message::new(Value::Object(Map::new()));
        comm.act(
            CommAction::Accept {
                target_name: target_name.clone(),
            },
            empty,
        );
    };
    if let Some(target) = target {
        accept(Arc::new(Calls::default()));
        let mut opened = target.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = caught(|| opened(comm, message));
    } else if target_name == control::TARGET {
        accept(Arc::new(control::Control));
    }
}

/// Users' functions that listen to a comm.
#[derive(Default)]
pub(super) struct Calls(Mutex<Vec<Call>>);

impl Calls {
    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listen for Calls {
    fn message(&self, _: &Comm, message: Message, _: bool) {
        // Taken out while they are called: a call may add another one.
        let mut calls = std::mem::take(&mut *self.calls());
        for call in &mut calls {
            let _ = caught(|| call(&message));
        }
        let mut added = std::mem::replace(&mut *self.calls(), calls);
        self.calls().append(&mut added);
    }

    fn add_call(&self, call: Call) {
        self.calls().push(call);
    }
}

/// Calls a user's function. The panic hook has printed a panic already.
///
/// # Errors
/// The panic's message.
pub(in crate::notebook) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let message = text_of(&*payload);
        // A payload whose destructor panics must not take the process with it.
        if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
        }
        message
    })
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a value that is not text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::mpsc;

    fn delivery(id: &str, action: CommAction, data: Value) -> Delivery {
        let comm = lessons_channel::Comm {
            comm_id: id.into(),
            action,
            data,
            metadata: Map::new(),
            buffers: vec![vec![1, 2]],
        };
        Delivery {
            comm,
            superseded: false,
        }
    }

    #[test]
    fn a_target_gets_the_comm_and_its_listener_every_message_until_it_closes() {
        let (sender, received) = mpsc::channel();
        super::super::on_open("test target", move |comm, message| {
            sender.send(message.data.clone()).unwrap();
            let sender = sender.clone();
            comm.on_message(move |message| {
                sender.send(json!([message.data, message.buffers])).unwrap();
                if message.data == json!("panic") {
                    panic!("this panic is part of the test");
                }
            });
        });
        let target_name = "test target".to_owned();
        deliver(delivery(
            "1",
            CommAction::Open { target_name },
            json!("hello"),
        ));
        deliver(delivery("1", CommAction::Message, json!("panic")));
        deliver(delivery("1", CommAction::Message, json!("more")));
        deliver(delivery("1", CommAction::Close, json!({})));
        deliver(delivery("1", CommAction::Message, json!("too late")));
        deliver(delivery("2", CommAction::Message, json!("not mine")));
        let received: Vec<Value> = received.try_iter().collect();
        assert_eq!(
            received,
            [
                json!("hello"),
                json!(["panic", [[1, 2]]]),
                json!(["more", [[1, 2]]]),
            ]
        );
    }
}
