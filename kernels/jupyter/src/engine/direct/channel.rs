//! The socket on which cells send figures and comm messages and ask for input.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lessons_channel::{Comm, CommAction, FromCell, ToCell, read_frame_with, write_frame};
use serde_json::{Map, json};

use super::streams::Streams;
use crate::engine::Output;

/// Listens for the life of a session; the runtime behind it may change.
pub struct Channel {
    path: PathBuf,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    streams: Mutex<Option<Arc<Streams>>>,
    closed: AtomicBool,
}

impl Channel {
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen(path: &Path) -> io::Result<Channel> {
        let listener = UnixListener::bind(path)?;
        let shared = Arc::new(Shared::default());
        let accepting = shared.clone();
        std::thread::Builder::new()
            .name("cell channel".into())
            .spawn(move || {
                for stream in listener.incoming() {
                    if accepting.closed.load(Ordering::Acquire) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let shared = accepting.clone();
                    std::thread::spawn(move || serve(stream, &shared));
                }
            })?;
        Ok(Channel {
            path: path.to_owned(),
            shared,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The streams of the runtime whose cells talk on this channel from now on.
    pub fn attach(&self, streams: Arc<Streams>) {
        let mut current = self
            .shared
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(streams);
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // Wakes the listening thread; if nobody listens any more, that is as good.
        drop(UnixStream::connect(&self.path));
    }
}

fn serve(mut stream: UnixStream, shared: &Shared) {
    let mut comms = OpenComms::default();
    // A frame that cannot be read leaves the stream without a boundary to go on from: it ends here.
    while let Ok(Some((message, parts))) = read_frame_with::<FromCell>(&mut stream) {
        let streams = shared
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(streams) = streams else { return };
        let answer = match message {
            FromCell::Display {
                data,
                metadata,
                display_id,
                update,
            } => {
                streams.emit_in_order(Output::Display {
                    data,
                    metadata,
                    display_id,
                    update,
                });
                ToCell::Done
            }
            FromCell::ClearOutput { wait } => {
                streams.emit_in_order(Output::ClearOutput { wait });
                ToCell::Done
            }
            FromCell::Input { prompt, password } => {
                streams.catch_up();
                let text = match streams.frontend() {
                    Some(frontend) => frontend.input(&prompt, password),
                    None => Err("no cell is running".to_owned()),
                };
                ToCell::Input { text }
            }
            FromCell::Comm(mut comm) => {
                comm.buffers = parts;
                comms.note(&comm, &streams);
                streams.emit_in_order(Output::Comm(comm));
                ToCell::Done
            }
        };
        if write_frame(&mut stream, &answer).is_err() {
            return;
        }
    }
}

/// The comms whose one end is in the process behind a connection. They close with it, however it
/// ends.
#[derive(Default)]
struct OpenComms {
    ids: BTreeSet<String>,
    streams: Option<Arc<Streams>>,
}

impl OpenComms {
    fn note(&mut self, comm: &Comm, streams: &Arc<Streams>) {
        match comm.action {
            CommAction::Open { .. } | CommAction::Accept { .. } => {
                self.ids.insert(comm.comm_id.clone());
                self.streams = Some(streams.clone());
            }
            CommAction::Close => {
                self.ids.remove(&comm.comm_id);
            }
            CommAction::Message => {}
        }
    }
}

impl Drop for OpenComms {
    fn drop(&mut self) {
        let Some(streams) = &self.streams else { return };
        for comm_id in std::mem::take(&mut self.ids) {
            streams.emit_in_order(Output::Comm(Comm {
                comm_id,
                action: CommAction::Close,
                data: json!({}),
                metadata: Map::new(),
                buffers: Vec::new(),
            }));
        }
    }
}
