//! The IOPub socket: everything that all frontends see, in one order.
//!
//! It is an XPUB socket, so that a frontend that subscribes is welcomed (JEP 65) and knows that it
//! misses nothing from then on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::peers::{self, Event, Kind, Queue};
use super::{Listener, Outgoing, Session, zmtp};

/// What may wait for a subscriber before cells are slowed down, in bytes.
const CROWDED: usize = 16 << 20;
/// How many messages may wait to be encoded before cells are slowed down.
const MANY: usize = 256;
/// For a subscriber that has read nothing for so long nobody waits.
const STUCK: Duration = Duration::from_secs(1);

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
    pressure: Arc<Pressure>,
}

/// What waits to be published.
#[derive(Default)]
struct Pressure {
    messages: AtomicUsize,
    queues: Mutex<HashMap<u64, Queue>>,
}

impl Pressure {
    fn with_queues<T>(&self, use_them: impl FnOnce(&mut HashMap<u64, Queue>) -> T) -> T {
        use_them(&mut self.queues.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_high(&self) -> bool {
        let behind = |queue: &Queue| queue.waiting() > CROWDED && queue.stuck() < STUCK;
        self.messages.load(Ordering::SeqCst) > MANY
            || self.with_queues(|queues| queues.values().any(behind))
    }
}

impl Publisher {
    /// Starts the task that owns the socket.
    pub fn serve(listener: Listener, session: &Arc<Session>) -> Self {
        let (tasks, todo) = mpsc::unbounded_channel();
        let pressure = Arc::<Pressure>::default();
        let iopub = Iopub {
            session: session.clone(),
            pressure: pressure.clone(),
            topics: HashMap::new(),
            started: false,
            dropped: 0,
        };
        tokio::spawn(iopub.run(listener, todo));
        Self { tasks, pressure }
    }

    pub fn publish(&self, message: Outgoing) {
        self.pressure.messages.fetch_add(1, Ordering::SeqCst);
        // The task ends with the process only.
        let _ = self.tasks.send(Task::Publish(Box::new(message)));
    }

    /// Waits while a subscriber that reads is far behind, so that what a cell shows faster than
    /// frontends take it slows the cell, and is neither lost nor piled up. Blocks the thread.
    pub fn pace(&self) {
        while self.pressure.is_high() && !self.tasks.is_closed() {
            std::thread::sleep(Duration::from_millis(2));
        }
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

    /// Waits until everything published so far was written, except to subscribers that don't read.
    pub async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.tasks.send(Task::Drain(done)).is_ok() {
            let _ = drained.await;
        }
    }
}

/// The task's own state.
struct Iopub {
    session: Arc<Session>,
    pressure: Arc<Pressure>,
    /// What each subscriber wants, as prefixes of a message's first frame.
    topics: HashMap<u64, Vec<Bytes>>,
    started: bool,
    /// Messages that were not sent to subscribers that don't read.
    dropped: usize,
}

impl Iopub {
    async fn run(mut self, listener: Listener, mut todo: mpsc::UnboundedReceiver<Task>) {
        let mut events = peers::serve(listener, Kind::Xpub);
        loop {
            // Subscriptions first: who asks for everything gets what is published next.
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => self.receive(event),
                    None => break,
                },
                task = todo.recv() => match task {
                    Some(Task::Publish(message)) => {
                        self.publish(*message);
                        self.pressure.messages.fetch_sub(1, Ordering::SeqCst);
                    }
                    Some(Task::Drain(done)) => {
                        let queues = self.pressure.with_queues(|queues| queues.clone());
                        let drained = peers::drained(queues.into_values().collect());
                        tokio::spawn(async move {
                            drained.await;
                            let _ = done.send(());
                        });
                    }
                    None => break,
                },
            }
        }
    }

    fn receive(&mut self, event: Event) {
        match event {
            Event::Joined { peer, queue, .. } => {
                self.topics.insert(peer, Vec::new());
                self.pressure
                    .with_queues(|queues| queues.insert(peer, queue));
            }
            Event::Left { peer } => {
                self.topics.remove(&peer);
                self.pressure.with_queues(|queues| queues.remove(&peer));
            }
            Event::Message { peer, frames } => {
                let ([frame], Some(topics)) = (&frames[..], self.topics.get_mut(&peer)) else {
                    return;
                };
                match frame.first() {
                    Some(1) => {
                        let topic = frame.slice(1..);
                        topics.push(topic.clone());
                        self.welcome(peer, topic);
                    }
                    Some(0) => {
                        if let Some(at) = topics.iter().position(|topic| *topic == frame[1..]) {
                            topics.remove(at);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn welcome(&mut self, peer: u64, topic: Bytes) {
        let content = json!({"subscription": String::from_utf8_lossy(&topic)});
        let welcome = Outgoing::orphan("iopub_welcome", content);
        let (frames, _) = welcome.frames(&[topic], &self.session);
        self.send(&zmtp::encode(&frames), |subscriber, _| subscriber == peer);
        if !self.started {
            self.started = true;
            let content = json!({"execution_state": "starting"});
            self.publish(Outgoing::orphan("status", content));
        }
    }

    fn publish(&mut self, message: Outgoing) {
        let topic = match message.msg_type.as_str() {
            "stream" => {
                let name = message.content["name"].as_str().unwrap_or_default();
                format!("stream.{name}")
            }
            kind => format!("kernel.{}.{kind}", self.session.id()),
        };
        let topic = Bytes::from(topic);
        let (frames, _) = message.frames(std::slice::from_ref(&topic), &self.session);
        let wanted = |_, topics: &[Bytes]| topics.iter().any(|wanted| topic.starts_with(wanted));
        self.send(&zmtp::encode(&frames), wanted);
    }

    fn send(&mut self, message: &Bytes, wanted: impl Fn(u64, &[Bytes]) -> bool) {
        let dropped = self.pressure.with_queues(|queues| {
            let wanted = queues
                .iter()
                .filter(|&(&peer, _)| wanted(peer, &self.topics[&peer]));
            wanted
                .filter(|(_, queue)| !queue.send(message.clone()))
                .count()
        });
        if dropped > 0 {
            if self.dropped == 0 {
                tracing::warn!("iopub: a subscriber doesn't read; messages to it are dropped");
            }
            self.dropped += dropped;
        }
    }
}
