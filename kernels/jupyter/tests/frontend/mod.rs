//! The kernel loop over real sockets, and a frontend that talks to it.

mod engine;
mod log;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lessons_kernel::assist::Assistant;
use lessons_kernel::kernel::{self, Setup, Signal};
use lessons_kernel::protocol::{Channel, Connection, Key, Outgoing, Request, Session, Signer};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket, ZmqMessage};

use engine::FakeEngine;
pub use log::log;

/// A kernel and a frontend that talks to it.
pub struct Harness {
    pub shell: DealerSocket,
    pub control: DealerSocket,
    pub stdin: DealerSocket,
    pub iopub: SubSocket,
    pub session: Session,
    pub connection: Connection,
    pub signals: mpsc::UnboundedSender<Signal>,
    pub kernel: JoinHandle<anyhow::Result<()>>,
    pub started: Instant,
    _folder: tempfile::TempDir,
}

pub const KEY: &str = "a key for tests";
pub const LIMIT: Duration = Duration::from_secs(5);

pub fn signer() -> Signer {
    Signer::new("hmac-sha256", &Key::new(KEY)).unwrap()
}

/// Five ports that are free now; another process may take one before the kernel does.
pub fn free_ports() -> [u16; 5] {
    let listeners = [(); 5].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Harness {
    pub async fn tcp() -> Self {
        let [shell, control, stdin, iopub, hb] = free_ports();
        let file = json!({
            "transport": "tcp", "ip": "127.0.0.1", "key": KEY, "shell_port": shell,
            "control_port": control, "stdin_port": stdin, "iopub_port": iopub, "hb_port": hb,
        });
        Self::start(&file, tempfile::tempdir().unwrap(), Duration::ZERO).await
    }

    pub async fn ipc() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = json!({
            "transport": "ipc", "ip": folder.path().join("kernel"), "key": KEY, "shell_port": 1,
            "control_port": 2, "stdin_port": 3, "iopub_port": 4, "hb_port": 5,
        });
        Self::start(&file, folder, Duration::ZERO).await
    }

    /// An engine takes `delay` to start.
    pub async fn start(file: &Value, folder: tempfile::TempDir, delay: Duration) -> Self {
        let connection = Connection::parse(&file.to_string()).unwrap();
        let history: PathBuf = folder.path().join("history.jsonl");
        let setup = Setup {
            connection: connection.clone(),
            engine: Box::new(move || {
                std::thread::sleep(delay);
                Ok(Box::new(FakeEngine::default()))
            }),
            assistant: Arc::new(Assistant::new(None)),
            history: Some(history),
            language_version: tokio::spawn(async { Some("1.95.0".to_owned()) }),
        };
        let started = Instant::now();
        let (signals, received) = mpsc::unbounded_channel();
        let kernel = tokio::spawn(kernel::serve(setup, received));
        let mut harness = Self {
            shell: dealer(),
            control: dealer(),
            stdin: dealer(),
            iopub: SubSocket::new(),
            session: Session::new(signer()),
            signals,
            kernel,
            started,
            _folder: folder,
            connection: connection.clone(),
        };
        harness.iopub.subscribe("").await.unwrap();
        connect(&mut harness.iopub, &connection.endpoint(Channel::Iopub)).await;
        connect(&mut harness.shell, &connection.endpoint(Channel::Shell)).await;
        connect(&mut harness.control, &connection.endpoint(Channel::Control)).await;
        connect(&mut harness.stdin, &connection.endpoint(Channel::Stdin)).await;
        harness
    }

    pub fn frames(&self, kind: &str, content: Value) -> (Vec<Bytes>, String) {
        Outgoing::orphan(kind, content).frames(&[], &self.session)
    }

    /// Sends a request on shell; returns its id.
    pub async fn send(&mut self, kind: &str, content: Value) -> String {
        let (frames, id) = self.frames(kind, content);
        self.shell.send(message(frames)).await.unwrap();
        id
    }

    pub async fn send_control(&mut self, kind: &str, content: Value) -> String {
        let (frames, id) = self.frames(kind, content);
        self.control.send(message(frames)).await.unwrap();
        id
    }

    pub async fn execute(&mut self, code: &str) -> String {
        self.send("execute_request", json!({"code": code})).await
    }

    pub async fn reply(&mut self) -> Request {
        receive(&mut self.shell).await
    }

    pub async fn published(&mut self) -> Request {
        receive(&mut self.iopub).await
    }

    /// What is published for a request, from its `busy` to its `idle`.
    pub async fn outputs(&mut self, id: &str) -> Vec<(String, Value)> {
        let mut outputs = Vec::new();
        loop {
            let message = self.published().await;
            if message.parent.get("msg_id") != Some(&json!(id)) {
                continue;
            }
            let content = Value::Object(message.content);
            let idle = content["execution_state"] == "idle";
            outputs.push((message.header.msg_type, content));
            if idle {
                return outputs;
            }
        }
    }

    /// Runs a cell; returns the reply's content and the outputs between busy and idle.
    pub async fn run(&mut self, content: Value) -> (Value, Vec<(String, Value)>) {
        let id = self.send("execute_request", content).await;
        let reply = self.reply().await;
        assert_eq!(reply.header.msg_type, "execute_reply");
        assert_eq!(reply.parent["msg_id"], json!(id));
        let mut outputs = self.outputs(&id).await;
        let busy = outputs.remove(0);
        assert_eq!(busy.1, json!({"execution_state": "busy"}));
        outputs.pop();
        (Value::Object(reply.content), outputs)
    }

    /// Shuts the kernel down and checks that it ends at once.
    pub async fn end(mut self) {
        let id = self
            .send_control("shutdown_request", json!({"restart": true}))
            .await;
        let reply = receive(&mut self.control).await;
        assert_eq!(reply.header.msg_type, "shutdown_reply");
        assert_eq!(reply.content["restart"], true);
        let outputs = self.outputs(&id).await;
        assert_eq!(kinds(&outputs), ["status", "shutdown_reply", "status"]);
        timeout(LIMIT, self.kernel).await.unwrap().unwrap().unwrap();
    }
}

pub fn dealer() -> DealerSocket {
    let mut options = SocketOptions::default();
    // One identity on shell and stdin, as frontends have it.
    options.peer_identity("frontend".parse::<PeerIdentity>().unwrap());
    DealerSocket::with_options(options)
}

pub async fn connect<S: Socket>(socket: &mut S, endpoint: &str) {
    let deadline = Instant::now() + LIMIT;
    while let Err(error) = socket.connect(endpoint).await {
        assert!(Instant::now() < deadline, "{endpoint}: {error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn message(frames: Vec<Bytes>) -> ZmqMessage {
    ZmqMessage::try_from(frames).unwrap()
}

pub async fn receive<S: SocketRecv>(socket: &mut S) -> Request {
    let message = timeout(LIMIT, socket.recv())
        .await
        .expect("a message in time")
        .unwrap();
    Request::parse(message.into_vec(), &signer()).unwrap()
}

pub fn kinds(outputs: &[(String, Value)]) -> Vec<&str> {
    outputs.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// A cell's outputs and whatever they carry, as one line each.
pub fn lines(outputs: &[(String, Value)]) -> Vec<String> {
    let shown = |(kind, content): &(String, Value)| match kind.as_str() {
        "stream" => format!("{}: {}", content["name"].as_str().unwrap(), content["text"]),
        _ => kind.clone(),
    };
    outputs.iter().map(shown).collect()
}
