//! A ROUTER socket (shell, control, stdin): requests in, replies out to whoever asked.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::peers::{self, Event, Kind, Queue};
use super::{Listener, Outgoing, Request, Session, zmtp};

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

    /// Waits until everything sent so far was written, except to peers that don't read.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.tasks.send(Task::Drain(done)).is_ok() {
            let _ = drained.await;
        }
    }
}

/// Serves a bound ROUTER socket. Verified requests come out of the receiver.
pub fn serve(
    listener: Listener,
    session: &Arc<Session>,
) -> (Replier, mpsc::UnboundedReceiver<Request>) {
    let (tasks, mut todo) = mpsc::unbounded_channel();
    let (requests, incoming) = mpsc::unbounded_channel();
    let mut router = Router {
        name: listener.name,
        session: session.clone(),
        requests,
        peers: HashMap::new(),
        identities: HashMap::new(),
    };
    let mut events = peers::serve(listener, Kind::Router);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => router.receive(event),
                    None => break,
                },
                task = todo.recv() => match task {
                    Some(Task::Send(frames)) => router.send(&frames),
                    Some(Task::Drain(done)) => router.drain(done),
                    None => break,
                },
            }
        }
    });
    let replier = Replier {
        session: session.clone(),
        tasks,
    };
    (replier, incoming)
}

struct Router {
    name: &'static str,
    session: Arc<Session>,
    requests: mpsc::UnboundedSender<Request>,
    /// By identity.
    peers: HashMap<Bytes, (u64, Queue)>,
    identities: HashMap<u64, Bytes>,
}

impl Router {
    fn receive(&mut self, event: Event) {
        match event {
            Event::Joined {
                peer,
                identity,
                queue,
            } => {
                // A name of our own begins with a zero byte, which ZeroMQ reserves for that.
                let identity = match identity.is_empty() {
                    true => Bytes::from([&[0], &peer.to_be_bytes()[..]].concat()),
                    false => identity,
                };
                self.identities.insert(peer, identity.clone());
                // A peer that comes back under its name gets what is meant for it from now on.
                self.peers.insert(identity, (peer, queue));
            }
            Event::Message { peer, mut frames } => {
                let Some(identity) = self.identities.get(&peer) else {
                    return;
                };
                frames.insert(0, identity.clone());
                match self.session.receive(frames) {
                    // Without anybody to receive it the kernel has ended.
                    Ok(request) => drop(self.requests.send(request)),
                    Err(reason) => {
                        tracing::warn!("{}: a message was dropped: {reason}", self.name);
                    }
                }
            }
            Event::Left { peer } => {
                if let Some(identity) = self.identities.remove(&peer)
                    && (self.peers.get(&identity)).is_some_and(|(current, _)| *current == peer)
                {
                    self.peers.remove(&identity);
                }
            }
        }
    }

    fn send(&self, frames: &[Bytes]) {
        let found = frames
            .split_first()
            .and_then(|(identity, rest)| Some((self.peers.get(identity)?, rest)));
        match found {
            Some(((_, queue), rest)) if queue.send(zmtp::encode(rest)) => {}
            Some(_) => tracing::warn!("{}: a reply was dropped: its peer doesn't read", self.name),
            None => tracing::warn!("{}: a reply was dropped: its peer has gone", self.name),
        }
    }

    fn drain(&self, done: oneshot::Sender<()>) {
        let queues = self.peers.values().map(|(_, queue)| queue.clone());
        let drained = peers::drained(queues.collect());
        tokio::spawn(async move {
            drained.await;
            let _ = done.send(());
        });
    }
}
