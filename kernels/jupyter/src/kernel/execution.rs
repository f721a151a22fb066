//! The execution thread: it owns the engine, runs the queued cells one after another, and delivers
//! messages to comms between them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::assist::Assistant;
use crate::engine::{
    Cell, CellError, Comm, CommAction, Delivery, Engine, Frontend, Interrupter, Outcome, Output,
};
use crate::protocol::{self, Outgoing, Publisher, Replier, Request, State};

use super::EngineFactory;
use super::comms::{self, Comms};
use super::expressions;
use super::help;
use super::history::History;
use super::input::Stdin;
use super::outputs::Outputs;

/// What the execution thread works with.
pub struct Parts {
    pub engine: EngineFactory,
    pub iopub: Publisher,
    pub stdin: Arc<Stdin>,
    pub assistant: Arc<Assistant>,
    pub history: Arc<History>,
    pub comms: Arc<Comms>,
    pub runtime: tokio::runtime::Handle,
}

enum Job {
    Run {
        ticket: u64,
        request: Box<Request>,
        replier: Replier,
    },
    /// A message to a comm.
    Comm(Box<Request>),
    Quit,
}

/// The queue's side that other tasks see.
pub struct Execution {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
}

#[derive(Default)]
struct Shared {
    /// The ticket of the newest request.
    newest: AtomicU64,
    /// Requests with a ticket up to this one are aborted when their turn comes.
    aborted: AtomicU64,
    quitting: AtomicBool,
    now: Mutex<Now>,
}

/// What the thread is doing.
#[derive(Default)]
struct Now {
    /// The raw header of the request whose cell runs.
    running: Option<Bytes>,
    interrupter: Option<Arc<dyn Interrupter>>,
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn abort_queued(&self) {
        let newest = self.newest.load(Ordering::SeqCst);
        self.aborted.fetch_max(newest, Ordering::SeqCst);
    }
}

impl Execution {
    /// # Errors
    /// When the thread can't be started.
    pub fn start(parts: Parts) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let (end, ended) = watch::channel(false);
        let shared = Arc::new(Shared::default());
        let executor = Executor {
            parts,
            shared: shared.clone(),
            engine: None,
            count: 0,
        };
        std::thread::Builder::new()
            .name("execution".into())
            .spawn(move || {
                executor.run(&queue);
                // The receiver may be gone when the process is ending.
                let _ = end.send(true);
            })?;
        Ok(Self {
            jobs,
            shared,
            ended,
        })
    }

    pub fn submit(&self, request: Request, replier: Replier) {
        let ticket = self.shared.newest.fetch_add(1, Ordering::SeqCst) + 1;
        let job = Job::Run {
            ticket,
            request: Box::new(request),
            replier,
        };
        if self.jobs.send(job).is_err() {
            tracing::error!("the execution thread has ended; a cell was dropped");
        }
    }

    /// Queues a message to a comm.
    pub fn submit_comm(&self, request: Request) {
        if self.jobs.send(Job::Comm(Box::new(request))).is_err() {
            tracing::error!("the execution thread has ended; a comm message was dropped");
        }
    }

    /// The raw header of the request whose cell runs.
    pub fn running(&self) -> Option<Bytes> {
        self.shared.now().running.clone()
    }

    /// Interrupts the running cell; where the engine isn't ready yet, the cells that wait for it
    /// are aborted.
    pub fn interrupt(&self) {
        let now = self.shared.now();
        match (&now.interrupter, &now.running) {
            (Some(interrupter), Some(_)) => interrupter.interrupt(),
            (Some(_), None) => {}
            (None, _) => self.shared.abort_queued(),
        }
    }

    /// Ends the engine and the thread.
    pub async fn quit(&self) {
        self.shared.quitting.store(true, Ordering::SeqCst);
        let interrupter = self.shared.now().interrupter.clone();
        if let Some(interrupter) = interrupter {
            interrupter.shut_down();
        }
        let _ = self.jobs.send(Job::Quit);
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

/// The thread's own state.
struct Executor {
    parts: Parts,
    shared: Arc<Shared>,
    engine: Option<Box<dyn Engine>>,
    /// The last `In [n]` number.
    count: u32,
}

impl Executor {
    fn run(mut self, queue: &mpsc::Receiver<Job>) {
        if let Err(error) = self.start_engine() {
            tracing::error!("the engine did not start: {error:#}");
        }
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match queue.recv() {
                    Ok(job) => waiting.push_back(job),
                    Err(_) => return,
                }
            }
            waiting.extend(queue.try_iter());
            if self.shared.quitting.load(Ordering::SeqCst) {
                return;
            }
            match waiting.pop_front() {
                Some(Job::Run {
                    ticket,
                    request,
                    replier,
                }) => self.answer(ticket, &request, &replier),
                Some(Job::Comm(request)) => self.deliver(&request, superseded(&request, &waiting)),
                Some(Job::Quit) => return,
                None => {}
            }
        }
    }

    fn answer(&mut self, ticket: u64, request: &Request, replier: &Replier) {
        let started = protocol::now();
        self.parts.iopub.status(&request.raw_header, State::Busy);
        let content = if ticket <= self.shared.aborted.load(Ordering::SeqCst) {
            json!({"status": "aborted"})
        } else {
            let content = self.execute(request);
            // A frontend may ask about the cell's names as soon as it has the reply.
            self.learn_names();
            content
        };
        let mut reply = Outgoing::new("execute_reply", &request.raw_header, content);
        reply.metadata = json!({"started": started, "status": reply.content["status"]});
        replier.send(&request.identities, reply);
        self.parts.iopub.status(&request.raw_header, State::Idle);
    }

    /// Hands a comm message to the notebook's values. With `superseded`, a later update of the same
    /// comm waits already.
    fn deliver(&mut self, request: &Request, superseded: bool) {
        self.parts.iopub.status(&request.raw_header, State::Busy);
        match comms::incoming(request) {
            Some(comm) => self.deliver_comm(request, comm, superseded),
            None => tracing::warn!("a comm message without a comm_id was dropped"),
        }
        self.parts.iopub.status(&request.raw_header, State::Idle);
    }

    fn deliver_comm(&mut self, request: &Request, comm: Comm, superseded: bool) {
        let id = comm.comm_id.clone();
        let opens = matches!(comm.action, CommAction::Open { .. });
        let closes = comm.action == CommAction::Close;
        if !opens && !self.parts.comms.is_open(&id) {
            tracing::warn!("a message to the comm {id}, which is not open, was dropped");
            return;
        }
        let outputs = Arc::new(Outputs::new(
            &self.parts,
            request.clone(),
            self.count,
            false,
        ));
        let delivery = Delivery { comm, superseded };
        self.shared.now().running = Some(request.raw_header.clone());
        let frontend = outputs.clone();
        let delivered = self.with_engine(|engine| engine.deliver(delivery, frontend));
        self.shared.now().running = None;
        outputs.finish();
        let known = delivered.unwrap_or_else(|text| {
            tracing::error!("the engine failed on a comm message: {text}");
            false
        });
        if closes {
            self.parts.comms.closed(&id);
        } else if !known || opens && !self.parts.comms.is_open(&id) {
            self.parts.comms.closed(&id);
            let content = json!({"comm_id": id, "data": {}});
            self.publish("comm_close", request, content);
        }
    }

    fn start_engine(&mut self) -> anyhow::Result<()> {
        let made = catch_unwind(AssertUnwindSafe(|| (self.parts.engine)()));
        let engine = made.unwrap_or_else(|panic| Err(anyhow::anyhow!(panic_text(&*panic))))?;
        self.shared.now().interrupter = Some(engine.interrupter());
        self.engine = Some(engine);
        Ok(())
    }

    /// Tells the assistant what the cells have defined so far.
    fn learn_names(&self) {
        let names = catch_unwind(AssertUnwindSafe(|| match &self.engine {
            Some(engine) => (engine.variables(), engine.items(), engine.analyst()),
            None => Default::default(),
        }));
        if let Ok((variables, items, analyst)) = names {
            self.parts.assistant.learn(variables, items, analyst);
        }
    }

    /// Runs a request's cell; returns the content of its reply.
    fn execute(&mut self, request: &Request) -> Value {
        let code = request.text("code").unwrap_or_default();
        let silent = request.flag("silent", false);
        let store = request.flag("store_history", true) && !silent;
        let empty = code.trim().is_empty();
        // The number that the cell gets, or would get if it counted.
        let number = self.count + 1;
        if store && !empty {
            self.count = number;
        }
        if !silent {
            let content = json!({"code": code, "execution_count": number});
            self.publish("execute_input", request, content);
        }
        let outputs = Arc::new(Outputs::new(&self.parts, request.clone(), number, silent));
        let cell = Cell {
            code: code.to_owned(),
            number,
            allow_stdin: request.flag("allow_stdin", false),
        };
        self.shared.now().running = Some(request.raw_header.clone());
        let mut page = None;
        let outcome = match help::asked_about(code) {
            None if empty => Outcome::Done,
            None => self.run_cell(&cell, outputs.clone()),
            Some(name) => {
                page = help::page(&self.parts.assistant, name);
                if page.is_none() {
                    let note = format!("nothing is known about {name}\n");
                    outputs.emit(Output::Stderr(note.into()));
                }
                Outcome::Done
            }
        };
        let content = match outcome {
            Outcome::Done => {
                let streams: Arc<dyn Frontend> = outputs.clone();
                let expressions = expressions::evaluate(request, &streams, |cell, frontend| {
                    self.run_cell(cell, frontend)
                });
                outputs.finish();
                let uncounted = silent || empty;
                ok(
                    if uncounted { self.count } else { number },
                    expressions,
                    page,
                )
            }
            Outcome::Failed(error) => {
                outputs.finish();
                // What a frontend does behind the user's back must not undo what the user does.
                if request.flag("stop_on_error", true) && !silent {
                    self.shared.abort_queued();
                }
                let mut content = error_content(&error);
                if !silent {
                    self.publish("error", request, Value::Object(content.clone()));
                }
                content.insert("status".into(), "error".into());
                let shown = if silent { self.count } else { number };
                content.insert("execution_count".into(), shown.into());
                content.insert("user_expressions".into(), json!({}));
                content.insert("payload".into(), json!([]));
                Value::Object(content)
            }
        };
        self.shared.now().running = None;
        if store && !empty {
            self.parts.history.add(number, code, outputs.result_text());
        }
        content
    }

    /// Runs a cell on the engine, making one first where there is none.
    fn run_cell(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome {
        if self.engine.is_none()
            && let Err(error) = self.start_engine()
        {
            return failed("EngineError", format!("{error:#}"));
        }
        let outcome = self.with_engine(|engine| engine.run(cell, frontend));
        outcome.unwrap_or_else(|text| {
            failed(
                "KernelError",
                format!(
                    "the kernel made a mistake with this cell: {text}. \
                     The variables are lost; the next cell starts afresh."
                ),
            )
        })
    }

    /// Lets the engine do something. A panic of the engine costs the engine, not the kernel.
    ///
    /// # Errors
    /// Says what the engine panicked with, or that there is none.
    fn with_engine<T>(&mut self, work: impl FnOnce(&mut dyn Engine) -> T) -> Result<T, String> {
        let Some(engine) = &mut self.engine else {
            return Err("there is no engine".into());
        };
        catch_unwind(AssertUnwindSafe(|| work(&mut **engine))).map_err(|panic| {
            self.shared.now().interrupter = None;
            self.engine = None;
            panic_text(&*panic)
        })
    }

    fn publish(&self, kind: &str, request: &Request, content: Value) {
        self.parts
            .iopub
            .publish(Outgoing::new(kind, &request.raw_header, content));
    }
}

/// Whether an update of a comm is followed by another one, with nothing but updates between them.
fn superseded(request: &Request, waiting: &VecDeque<Job>) -> bool {
    let Some(comm) = comms::updates(request) else {
        return false;
    };
    let later = waiting.iter().map_while(|job| match job {
        Job::Comm(request) => comms::updates(request),
        _ => None,
    });
    later.into_iter().any(|later| later == comm)
}

fn ok(number: u32, expressions: Value, page: Option<Value>) -> Value {
    json!({
        "status": "ok",
        "execution_count": number,
        "user_expressions": expressions,
        "payload": page.into_iter().collect::<Vec<_>>(),
    })
}

pub(super) fn error_content(error: &CellError) -> Map<String, Value> {
    let mut content = Map::new();
    content.insert("ename".into(), error.ename.as_str().into());
    content.insert("evalue".into(), error.evalue.as_str().into());
    content.insert("traceback".into(), error.traceback.clone().into());
    content
}

fn failed(ename: &str, evalue: String) -> Outcome {
    Outcome::Failed(CellError {
        ename: ename.into(),
        traceback: vec![evalue.clone()],
        evalue,
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".into())
}
