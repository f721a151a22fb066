//! The IOPub socket: everything that all frontends see, in one order.
//!
//! It is an XPUB socket, so that a frontend that subscribes is welcomed (JEP 65) and knows that it
//! misses nothing from then on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use zeromq::{SocketRecv, SocketSend, XPubSocket, ZmqMessage};

use super::{Outgoing, Session};

/// What the kernel says that it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Busy,
    Idle,
}

enum Task {
    Publish(Box<Outgoing>),
    Drain(oneshot::Sender<()>),
}

/// Publishes on IOPub; never blocks and never fails. What one thread publishes stays in order.
#[derive(Clone)]
pub struct Publisher {
    tasks: mpsc::UnboundedSender<Task>,
}

impl Publisher {
    /// Starts the task that owns the socket.
    pub fn serve(socket: XPubSocket, session: &Arc<Session>) -> Self {
        let (tasks, todo) = mpsc::unbounded_channel();
        tokio::spawn(run(socket, todo, session.clone()));
        Self { tasks }
    }

    pub fn publish(&self, message: Outgoing) {
        // The task ends with the process only.
        let _ = self.tasks.send(Task::Publish(Box::new(message)));
    }

    /// Says that the kernel works on, or is done with, the request with this raw header.
    pub fn status(&self, parent: &Bytes, state: State) {
        let state = match state {
            State::Busy => "busy",
            State::Idle => "idle",
        };
        let content = json!({"execution_state": state});
        self.publish(Outgoing::new("status", parent, content));
    }

    /// Waits until everything published so far was written to the subscribers.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.tasks.send(Task::Drain(done)).is_ok() {
            let _ = drained.await;
        }
    }
}

async fn run(
    mut socket: XPubSocket,
    mut todo: mpsc::UnboundedReceiver<Task>,
    session: Arc<Session>,
) {
    let mut started = false;
    loop {
        // Subscriptions first: who asks for everything gets what is published next.
        tokio::select! {
            biased;
            subscription = socket.recv() => match subscription {
                Ok(message) => {
                    let Some(topic) = subscribed_topic(&message) else { continue };
                    let content = json!({"subscription": String::from_utf8_lossy(&topic)});
                    let welcome = Outgoing::orphan("iopub_welcome", content);
                    send(&mut socket, topic, welcome, &session).await;
                    if !started {
                        started = true;
                        let content = json!({"execution_state": "starting"});
                        publish(&mut socket, Outgoing::orphan("status", content), &session).await;
                    }
                }
                Err(error) => {
                    tracing::warn!("iopub: receiving failed: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            task = todo.recv() => match task {
                Some(Task::Publish(message)) => publish(&mut socket, *message, &session).await,
                Some(Task::Drain(done)) => { let _ = done.send(()); }
                None => break,
            },
        }
    }
}

/// The topic of a subscription message: one frame, the byte 1, the topic.
fn subscribed_topic(message: &ZmqMessage) -> Option<Bytes> {
    let frame = message.get(0).filter(|_| message.len() == 1)?;
    (frame.first() == Some(&1)).then(|| frame.slice(1..))
}

async fn publish(socket: &mut XPubSocket, message: Outgoing, session: &Session) {
    let topic = match message.msg_type.as_str() {
        "stream" => {
            let name = message.content["name"].as_str().unwrap_or_default();
            Bytes::from(format!("stream.{name}"))
        }
        kind => Bytes::from(format!("kernel.{}.{kind}", session.id())),
    };
    send(socket, topic, message, session).await;
}

async fn send(socket: &mut XPubSocket, topic: Bytes, message: Outgoing, session: &Session) {
    let (frames, _) = message.frames(&[topic], session);
    let Ok(message) = ZmqMessage::try_from(frames) else {
        return;
    };
    if let Err(error) = socket.send(message).await {
        tracing::warn!("iopub: a message was not published: {error}");
    }
}
