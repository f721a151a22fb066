//! The kernel loop: requests in, an engine that runs cells, messages out.
//!
//! `execute_request`s and messages to comms wait in a queue of their own and are dealt with on one
//! thread, so that a widget's callback never runs beside a cell; every other request is answered at
//! once, on shell and on control, whatever the engine is doing. Control and heartbeat have a thread
//! to themselves.

mod comms;
mod dispatch;
mod execution;
mod expressions;
mod help;
mod history;
mod info;
mod input;
mod lane;
mod outputs;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;

use crate::assist::Assistant;
use crate::engine::Engine;
use crate::protocol::{self, Channel, Connection, Listener, Publisher, Replier, Session, Signer};

use comms::Comms;
use execution::Execution;
use history::History;
use input::Stdin;
use lane::Lane;

/// Makes an engine. Called on the execution thread, and again when an engine could not be made or
/// failed for good.
pub type EngineFactory = Box<dyn Fn() -> anyhow::Result<Box<dyn Engine>> + Send>;

/// What a kernel is started with.
pub struct Setup {
    pub connection: Connection,
    pub engine: EngineFactory,
    pub assistant: Arc<Assistant>,
    /// Where the input history is kept between sessions; in memory only without one.
    pub history: Option<PathBuf>,
    /// The version of the language, as in `1.95.0`; may be found out while the sockets are bound.
    pub language_version: tokio::task::JoinHandle<Option<String>>,
}

/// How long a kernel may take to send what is left and to end its runtime.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the request handlers share.
struct Kernel {
    connection: Connection,
    iopub: Publisher,
    execution: Execution,
    stdin: Arc<Stdin>,
    assistant: Arc<Assistant>,
    history: Arc<History>,
    comms: Arc<Comms>,
    info: info::Info,
    shutdown: mpsc::UnboundedSender<()>,
}

/// Asks a running kernel to do what a signal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Shutdown,
}

/// Binds the sockets of the connection and serves until a shutdown request or signal.
///
/// # Errors
/// When the signature scheme is unknown or a socket can't be bound. After that nothing ends the
/// kernel but a shutdown.
pub async fn serve(
    setup: Setup,
    mut signals: mpsc::UnboundedReceiver<Signal>,
) -> anyhow::Result<()> {
    let connection = setup.connection;
    let signer = Signer::new(&connection.signature_scheme, &connection.key)?;
    let session = Arc::new(Session::new(signer));

    let shell = bind(&connection, Channel::Shell).await?;
    let stdin = bind(&connection, Channel::Stdin).await?;
    let iopub = bind(&connection, Channel::Iopub).await?;
    let lane = Lane::start("control")?;
    let on_lane = {
        let (connection, session) = (connection.clone(), session.clone());
        lane.handle().spawn(async move {
            let control = bind(&connection, Channel::Control).await?;
            let heartbeat = bind(&connection, Channel::Heartbeat).await?;
            tokio::spawn(protocol::echo(heartbeat));
            anyhow::Ok(protocol::serve(control, &session))
        })
    };
    let (control, control_requests) = on_lane.await??;

    let iopub = Publisher::serve(iopub, &session);
    let (shell, shell_requests) = protocol::serve(shell, &session);
    let (stdin, stdin_messages) = protocol::serve(stdin, &session);
    let stdin = Arc::new(Stdin::new(stdin));
    tokio::spawn(stdin.clone().listen(stdin_messages));

    let assistant = setup.assistant;
    let history = Arc::new(History::open(setup.history));
    let comms = Arc::new(Comms::default());
    let execution = Execution::start(execution::Parts {
        engine: setup.engine,
        iopub: iopub.clone(),
        stdin: stdin.clone(),
        assistant: assistant.clone(),
        history: history.clone(),
        comms: comms.clone(),
        runtime: tokio::runtime::Handle::current(),
    })?;

    let (shutdown, mut shutdown_requested) = mpsc::unbounded_channel();
    let kernel = Arc::new(Kernel {
        connection: connection.clone(),
        iopub: iopub.clone(),
        execution,
        stdin,
        assistant,
        history,
        comms,
        info: info::Info::new(setup.language_version),
        shutdown,
    });
    tokio::spawn(kernel.clone().answer(shell_requests, shell.clone()));
    let answering = kernel.clone().answer(control_requests, control.clone());
    lane.handle().spawn(answering);

    loop {
        tokio::select! {
            _ = shutdown_requested.recv() => break,
            signal = signals.recv() => match signal {
                Some(Signal::Interrupt) => kernel.interrupt(),
                Some(Signal::Shutdown) | None => break,
            },
        }
    }
    kernel.end(&[shell, control]).await;
    connection.remove_files();
    Ok(())
}

async fn bind(connection: &Connection, channel: Channel) -> anyhow::Result<Listener> {
    let bound = Listener::bind(connection, channel).await;
    let endpoint = || connection.endpoint(channel);
    bound.with_context(|| format!("can't bind the {} socket to {}", channel.name(), endpoint()))
}

impl Kernel {
    /// Answers the requests of one channel, in the order in which they come.
    async fn answer(
        self: Arc<Self>,
        mut requests: mpsc::UnboundedReceiver<protocol::Request>,
        replier: Replier,
    ) {
        while let Some(request) = requests.recv().await {
            self.handle(request, &replier).await;
        }
    }

    fn interrupt(&self) {
        self.stdin.cancel();
        self.execution.interrupt();
    }

    /// Stops the engine and sends what is left, within [`FAREWELL`].
    async fn end(&self, repliers: &[Replier]) {
        self.stdin.cancel();
        let farewell = async {
            self.execution.quit().await;
            for replier in repliers {
                replier.drain().await;
            }
            self.iopub.drain().await;
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("the kernel ends before everything was sent");
        }
    }
}
