//! The connections of one socket: each has a task that reads and a task that writes, so that no
//! peer, slow, stuck or gone, holds up another.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::listener::{Listener, Reader, Writer};
use super::zmtp::{self, Broken, Decoder, GREETING, Incoming, Ready};

/// How long a peer may take to introduce itself.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What may wait for a peer that doesn't read before more is dropped, in bytes.
const BACKLOG: usize = 128 << 20;

/// What a socket is to ZeroMQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Router,
    Rep,
    Xpub,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Router => "ROUTER",
            Self::Rep => "REP",
            Self::Xpub => "XPUB",
        }
    }

    fn serves(self, peer: &str) -> bool {
        match self {
            Self::Router => matches!(peer, "DEALER" | "REQ" | "ROUTER"),
            Self::Rep => matches!(peer, "REQ" | "DEALER"),
            Self::Xpub => matches!(peer, "SUB" | "XSUB"),
        }
    }
}

/// What happens on a socket.
pub(super) enum Event {
    Joined {
        peer: u64,
        identity: Bytes,
        queue: Queue,
    },
    Message {
        peer: u64,
        frames: Vec<Bytes>,
    },
    Left {
        peer: u64,
    },
}

/// What waits to be written to one peer.
#[derive(Clone)]
pub(super) struct Queue {
    messages: mpsc::UnboundedSender<Bytes>,
    load: Arc<Load>,
}

struct Load {
    begin: Instant,
    waiting: AtomicUsize,
    /// When the peer last took something, in milliseconds since `begin`.
    taken: AtomicU64,
}

impl Load {
    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Queue {
    /// Adds a message, as its frames on the wire; false when it was dropped because too much waits.
    pub(super) fn send(&self, message: Bytes) -> bool {
        let length = message.len();
        let waiting = self.load.waiting.fetch_add(length, Ordering::SeqCst);
        if waiting == 0 {
            self.load.taken.store(self.load.now(), Ordering::SeqCst);
        }
        if waiting > 0 && waiting + length > BACKLOG {
            self.load.waiting.fetch_sub(length, Ordering::SeqCst);
            return false;
        }
        if self.messages.send(message).is_err() {
            // The connection has ended; its reader says so.
            self.load.waiting.store(0, Ordering::SeqCst);
        }
        true
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> usize {
        self.load.waiting.load(Ordering::SeqCst)
    }

    /// For how long the peer has taken nothing although something waits.
    pub(super) fn stuck(&self) -> Duration {
        if self.waiting() == 0 {
            return Duration::ZERO;
        }
        let taken = self.load.taken.load(Ordering::SeqCst);
        Duration::from_millis(self.load.now().saturating_sub(taken))
    }
}

/// Accepts peers for ever.
pub(super) fn serve(listener: Listener, kind: Kind) -> mpsc::Receiver<Event> {
    // A full queue makes the readers wait, and with them the peers.
    let (events, received) = mpsc::channel(256);
    tokio::spawn(async move {
        for peer in 0.. {
            match listener.accept().await {
                Ok(stream) => {
                    let events = events.clone();
                    tokio::spawn(connection(stream, peer, kind, listener.name, events));
                }
                Err(error) => {
                    tracing::warn!("{}: a peer could not connect: {error}", listener.name);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    });
    received
}

async fn connection(
    (mut reader, mut writer): (Reader, Writer),
    peer: u64,
    kind: Kind,
    name: &'static str,
    events: mpsc::Sender<Event>,
) {
    let mut decoder = Decoder::default();
    let handshake = introduce(&mut reader, &mut writer, &mut decoder, kind);
    let ready = match tokio::time::timeout(HANDSHAKE, handshake).await {
        Ok(Ok(ready)) => ready,
        Ok(Err(error)) => {
            tracing::warn!("{name}: a peer was turned away: {error}");
            return;
        }
        Err(_) => {
            tracing::warn!("{name}: a peer was turned away: it did not introduce itself");
            return;
        }
    };
    let (messages, queued) = mpsc::unbounded_channel();
    let load = Arc::new(Load {
        begin: Instant::now(),
        waiting: AtomicUsize::new(0),
        taken: AtomicU64::new(0),
    });
    let writing = tokio::spawn(write(writer, queued, load.clone()));
    let queue = Queue { messages, load };
    let joined = Event::Joined {
        peer,
        identity: ready.identity,
        queue: queue.clone(),
    };
    // Without anybody to receive it the kernel has ended.
    if events.send(joined).await.is_ok() {
        if let Err(error) = read(&mut reader, &mut decoder, peer, kind, &queue, &events).await {
            tracing::warn!("{name}: a peer was disconnected: {error}");
        }
        let _ = events.send(Event::Left { peer }).await;
    }
    writing.abort();
}

/// The handshake: greetings, then what each side is.
async fn introduce(
    reader: &mut Reader,
    writer: &mut Writer,
    decoder: &mut Decoder,
    kind: Kind,
) -> io::Result<Ready> {
    writer.write_all(&GREETING).await?;
    let mut greeting = [0; 64];
    reader.read_exact(&mut greeting).await?;
    zmtp::check_greeting(&greeting).map_err(io::Error::other)?;
    writer.write_all(&zmtp::ready(kind.name())).await?;
    let body = loop {
        match decoder.next().map_err(io::Error::other)? {
            Some(Incoming::Command(body)) => break body,
            Some(Incoming::Message(_)) => return Err(io::Error::other(Broken::Command)),
            None if more(reader, &mut decoder.buffer).await? => {}
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    };
    let ready = Ready::parse(body).map_err(io::Error::other)?;
    if kind.serves(&ready.socket_type) {
        Ok(ready)
    } else {
        Err(io::Error::other(Broken::SocketType(ready.socket_type)))
    }
}

/// Reads some bytes; false at the end of the stream.
async fn more(reader: &mut Reader, buffer: &mut BytesMut) -> io::Result<bool> {
    buffer.reserve(16 << 10);
    Ok(reader.read_buf(buffer).await? > 0)
}

/// Reads messages until the peer hangs up, which is no error.
async fn read(
    reader: &mut Reader,
    decoder: &mut Decoder,
    peer: u64,
    kind: Kind,
    queue: &Queue,
    events: &mpsc::Sender<Event>,
) -> Result<(), Broken> {
    loop {
        let frames = match decoder.next()? {
            Some(Incoming::Message(frames)) => frames,
            Some(Incoming::Command(body)) => match obey(&body, kind, queue) {
                Some(frames) => frames,
                None => continue,
            },
            None => match more(reader, &mut decoder.buffer).await {
                Ok(true) => continue,
                Ok(false) | Err(_) => return Ok(()),
            },
        };
        if events.send(Event::Message { peer, frames }).await.is_err() {
            return Ok(());
        }
    }
}

/// Commands of ZMTP 3.1, which a peer may send all the same: a subscription is also a message.
fn obey(body: &Bytes, kind: Kind, queue: &Queue) -> Option<Vec<Bytes>> {
    if let Some(rest) = body.strip_prefix(b"\x04PING") {
        // Two bytes of time to live; what follows comes back.
        let context = rest.get(2..).unwrap_or_default();
        queue.send(zmtp::command(&[b"\x04PONG", context].concat()));
        return None;
    }
    if kind != Kind::Xpub {
        return None;
    }
    let (mark, topic) = match body.strip_prefix(b"\x09SUBSCRIBE") {
        Some(topic) => (1, topic),
        None => (0, body.strip_prefix(b"\x06CANCEL")?),
    };
    Some(vec![Bytes::from([&[mark], topic].concat())])
}

/// Writes what is queued until the connection breaks.
async fn write(mut writer: Writer, mut queued: mpsc::UnboundedReceiver<Bytes>, load: Arc<Load>) {
    while let Some(message) = queued.recv().await {
        let mut rest = &message[..];
        while !rest.is_empty() {
            match writer.write(rest).await {
                Ok(written) if written > 0 => {
                    rest = &rest[written..];
                    load.taken.store(load.now(), Ordering::SeqCst);
                    load.waiting.fetch_sub(written, Ordering::SeqCst);
                }
                _ => {
                    // Nothing waits for a peer that has gone.
                    drop(queued);
                    load.waiting.store(0, Ordering::SeqCst);
                    return;
                }
            }
        }
    }
}

/// Waits until everything was written, except to peers that have stopped reading.
pub(super) async fn drained(queues: Vec<Queue>) {
    const PATIENCE: Duration = Duration::from_millis(500);
    for queue in queues {
        while queue.waiting() > 0 && queue.stuck() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
