//! A running cell's outputs as IOPub messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::{Frontend, Output};
use crate::protocol::{Outgoing, Publisher, Request};

use super::comms::Comms;
use super::execution::Parts;
use super::input::Stdin;
use super::stream::{Gathered, Stream};

/// How long printed text may wait for more.
const PATIENCE: Duration = Duration::from_millis(25);
/// How long threads that outlive their cell must be silent before the end of a flood is shown.
const SILENCE: Duration = Duration::from_millis(500);
/// Text that waits is sent at once when there is this much of it, in bytes.
const ENOUGH: usize = 512 << 10;

/// The [`Frontend`] of one cell.
pub struct Outputs {
    shared: Arc<Shared>,
    stdin: Arc<Stdin>,
    allow_stdin: bool,
    runtime: tokio::runtime::Handle,
}

struct Shared {
    iopub: Publisher,
    comms: Arc<Comms>,
    request: Request,
    number: u32,
    /// A silent cell broadcasts nothing but what it tells its widgets.
    silent: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    gathered: Gathered,
    flush_planned: bool,
    /// The cell has ended; its threads may still print.
    ended: bool,
    /// Counts what was printed.
    prints: u64,
    result: Option<Value>,
}

impl Outputs {
    pub fn new(parts: &Parts, request: Request, number: u32, silent: bool) -> Self {
        Self {
            stdin: parts.stdin.clone(),
            allow_stdin: request.flag("allow_stdin", false),
            runtime: parts.runtime.clone(),
            shared: Arc::new(Shared {
                iopub: parts.iopub.clone(),
                comms: parts.comms.clone(),
                request,
                number,
                silent,
                state: Mutex::default(),
            }),
        }
    }

    /// Sends all that waits; to be called when the cell has ended. What its threads print later
    /// is sent as usual.
    pub fn finish(&self) {
        let mut state = self.shared.lock();
        state.ended = true;
        let texts = state.gathered.finish();
        self.shared.publish_texts(texts);
    }

    /// The text form of the cell's result, for the history.
    pub fn result_text(&self) -> Option<String> {
        let state = self.shared.lock();
        let data = state.result.as_ref()?;
        data.get("text/plain")?.as_str().map(str::to_owned)
    }
}

impl Frontend for Outputs {
    fn emit(&self, output: Output) {
        self.shared.iopub.pace();
        let mut state = self.shared.lock();
        match output {
            Output::Stdout(bytes) => self.gather(&mut state, Stream::Stdout, &bytes),
            Output::Stderr(bytes) => self.gather(&mut state, Stream::Stderr, &bytes),
            other => {
                let texts = state.gathered.take();
                self.shared.publish_texts(texts);
                self.shared.publish_output(&mut state, other);
            }
        }
    }

    fn input(&self, prompt: &str, password: bool) -> Result<String, String> {
        if !self.allow_stdin {
            return Err("this frontend can't answer input requests (allow_stdin is false)".into());
        }
        let texts = self.shared.lock().gathered.take();
        self.shared.publish_texts(texts);
        self.stdin.ask(&self.shared.request, prompt, password)
    }
}

impl Outputs {
    fn gather(&self, state: &mut State, stream: Stream, bytes: &[u8]) {
        state.prints += 1;
        if state.gathered.push(stream, bytes) >= ENOUGH {
            let texts = state.gathered.take();
            self.shared.publish_texts(texts);
        }
        if !state.flush_planned {
            state.flush_planned = true;
            self.runtime.spawn(self.shared.clone().flush());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits a little later. After the end of the cell, the end of a flood follows when
    /// it has ended.
    async fn flush(self: Arc<Self>) {
        tokio::time::sleep(PATIENCE).await;
        let mut seen = {
            let mut state = self.lock();
            state.flush_planned = false;
            let texts = state.gathered.take();
            self.publish_texts(texts);
            if !(state.ended && state.gathered.holds_back()) {
                return;
            }
            state.flush_planned = true;
            state.prints
        };
        loop {
            tokio::time::sleep(SILENCE).await;
            let mut state = self.lock();
            if state.prints == seen {
                state.flush_planned = false;
                let texts = state.gathered.finish();
                self.publish_texts(texts);
                return;
            }
            seen = state.prints;
        }
    }

    fn publish_texts(&self, texts: Vec<(Stream, String)>) {
        for (stream, text) in texts {
            self.publish("stream", json!({"name": stream.name(), "text": text}));
        }
    }

    fn publish_output(&self, state: &mut State, output: Output) {
        match output {
            Output::Stdout(_) | Output::Stderr(_) => {}
            Output::Display {
                data,
                metadata,
                display_id,
                update,
            } => {
                let transient = match display_id {
                    Some(id) => json!({"display_id": id}),
                    None => json!({}),
                };
                let kind = if update {
                    "update_display_data"
                } else {
                    "display_data"
                };
                let content = json!({"data": data, "metadata": metadata, "transient": transient});
                self.publish(kind, content);
            }
            Output::Result { data, metadata } => {
                let content = json!({
                    "execution_count": self.number, "data": data, "metadata": metadata,
                });
                state.result = Some(content["data"].clone());
                self.publish("execute_result", content);
            }
            Output::ClearOutput { wait } => self.publish("clear_output", json!({"wait": wait})),
            Output::Comm(comm) => {
                if let Some(message) = self.comms.outgoing(comm, &self.request.raw_header) {
                    self.iopub.publish(message);
                }
            }
        }
    }

    fn publish(&self, kind: &str, content: Value) {
        if !self.silent {
            self.iopub
                .publish(Outgoing::new(kind, &self.request.raw_header, content));
        }
    }
}
