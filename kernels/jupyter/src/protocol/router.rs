//! A ROUTER socket (shell, control, stdin): requests in, replies out to whoever asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use zeromq::{RouterSocket, SocketRecv, SocketSend, ZmqMessage};

use super::{Outgoing, Request, Session};

enum Task {
    Send(Vec<Bytes>),
    Drain(oneshot::Sender<()>),
}

/// Sends through a ROUTER socket; never blocks and never fails.
#[derive(Clone)]
pub struct Replier {
    session: Arc<Session>,
    tasks: mpsc::UnboundedSender<Task>,
}

impl Replier {
    /// Sends to the peer behind `identities`; returns the id that the message got. A peer that has
    /// gone is logged.
    pub fn send(&self, identities: &[Bytes], message: Outgoing) -> String {
        let (frames, msg_id) = message.frames(identities, &self.session);
        // The task ends with the process only.
        let _ = self.tasks.send(Task::Send(frames));
        msg_id
    }

    /// Answers a request.
    pub fn reply(&self, request: &Request, content: serde_json::Value) {
        let reply = Outgoing::new(request.reply_type(), &request.raw_header, content);
        self.send(&request.identities, reply);
    }

    /// Waits until everything sent so far was handed to the socket.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.tasks.send(Task::Drain(done)).is_ok() {
            let _ = drained.await;
        }
    }
}

/// Starts the two tasks of a bound ROUTER socket. Verified requests come out of the receiver.
pub fn serve(
    name: &'static str,
    socket: RouterSocket,
    session: &Arc<Session>,
) -> (Replier, mpsc::UnboundedReceiver<Request>) {
    let (mut sender, mut receiver) = socket.split();
    let (tasks, mut todo) = mpsc::unbounded_channel();
    let (requests, incoming) = mpsc::unbounded_channel();

    tokio::spawn(async move {
        while let Some(task) = todo.recv().await {
            match task {
                Task::Send(frames) => {
                    let Ok(message) = ZmqMessage::try_from(frames) else {
                        continue;
                    };
                    if let Err(error) = sender.send(message).await {
                        tracing::warn!("{name}: a reply was not delivered: {error}");
                    }
                }
                Task::Drain(done) => {
                    let _ = done.send(());
                }
            }
        }
    });

    let signer = session.signer().clone();
    tokio::spawn(async move {
        loop {
            match receiver.recv().await {
                Ok(message) => match Request::parse(message.into_vec(), &signer) {
                    Ok(request) => {
                        if requests.send(request).is_err() {
                            break;
                        }
                    }
                    Err(reason) => tracing::warn!("{name}: a message was dropped: {reason}"),
                },
                Err(error) => {
                    tracing::warn!("{name}: receiving failed: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    });

    let replier = Replier {
        session: session.clone(),
        tasks,
    };
    (replier, incoming)
}
