//! The kernel loop over real sockets, with an engine that only pretends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lessons_kernel::assist::Assistant;
use lessons_kernel::engine::{
    Cell, CellError, Engine, Frontend, Interrupter, Outcome, Output, Variable,
};
use lessons_kernel::kernel::{self, Setup, Signal};
use lessons_kernel::protocol::{Channel, Connection, Key, Outgoing, Request, Session, Signer};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zeromq::util::PeerIdentity;
use zeromq::{
    DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket, ZmqMessage,
};

/// Cells are words: `print TEXT`, `show MIME`, `result TEXT`, `sleep MS`, `ask PROMPT`, `fail`,
/// `panic`, `wait` (until interrupted).
struct FakeEngine {
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop(AtomicBool);

impl Interrupter for Stop {
    fn interrupt(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn bundle(mime: &str, text: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([(mime.to_owned(), json!(text))])
}

fn failed(ename: &str) -> Outcome {
    Outcome::Failed(CellError {
        ename: ename.into(),
        evalue: "on purpose".into(),
        traceback: vec!["line 1".into(), "line 2".into()],
    })
}

impl Engine for FakeEngine {
    fn run(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome {
        self.stop.0.store(false, Ordering::SeqCst);
        for line in cell.code.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let metadata = BTreeMap::new();
            match word {
                "print" => {
                    for byte in format!("{rest}\n").bytes() {
                        frontend.emit(Output::Stdout(vec![byte]));
                    }
                }
                "warn" => frontend.emit(Output::Stderr(format!("{rest}\n").into())),
                "show" => frontend.emit(Output::Display {
                    data: bundle(rest, "<figure>"),
                    metadata,
                    display_id: Some("figure".into()),
                    update: false,
                }),
                "update" => frontend.emit(Output::Display {
                    data: bundle(rest, "<new>"),
                    metadata,
                    display_id: Some("figure".into()),
                    update: true,
                }),
                "clear" => frontend.emit(Output::ClearOutput { wait: true }),
                "result" => frontend.emit(Output::Result {
                    data: bundle("text/plain", rest),
                    metadata,
                }),
                "sleep" => std::thread::sleep(Duration::from_millis(rest.parse().unwrap())),
                "ask" => match frontend.input(rest, false) {
                    Ok(text) => frontend.emit(Output::Stdout(format!("got {text}").into())),
                    Err(_) => return failed("NoInput"),
                },
                "wait" => {
                    while !self.stop.0.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    return failed("Interrupted");
                }
                "panic" => panic!("the engine is broken"),
                _ => return failed("Fake"),
            }
        }
        Outcome::Done
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.stop.clone()
    }

    fn variables(&self) -> Vec<Variable> {
        vec![Variable {
            name: "answer".into(),
            ty: "i32".into(),
        }]
    }

    fn items(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A kernel and a frontend that talks to it.
struct Harness {
    shell: DealerSocket,
    control: DealerSocket,
    stdin: DealerSocket,
    iopub: SubSocket,
    session: Session,
    connection: Connection,
    signals: mpsc::UnboundedSender<Signal>,
    kernel: JoinHandle<anyhow::Result<()>>,
    started: Instant,
    _folder: tempfile::TempDir,
}

const KEY: &str = "a key for tests";
const LIMIT: Duration = Duration::from_secs(5);

fn signer() -> Signer {
    Signer::new("hmac-sha256", &Key::new(KEY)).unwrap()
}

/// Five ports that are free now; another process may take one before the kernel does.
fn free_ports() -> [u16; 5] {
    let listeners = [(); 5].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Harness {
    async fn tcp() -> Self {
        let [shell, control, stdin, iopub, hb] = free_ports();
        let file = json!({
            "transport": "tcp", "ip": "127.0.0.1", "key": KEY, "shell_port": shell,
            "control_port": control, "stdin_port": stdin, "iopub_port": iopub, "hb_port": hb,
        });
        Self::start(&file, tempfile::tempdir().unwrap(), Duration::ZERO).await
    }

    async fn ipc() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = json!({
            "transport": "ipc", "ip": folder.path().join("kernel"), "key": KEY, "shell_port": 1,
            "control_port": 2, "stdin_port": 3, "iopub_port": 4, "hb_port": 5,
        });
        Self::start(&file, folder, Duration::ZERO).await
    }

    /// An engine takes `delay` to start.
    async fn start(file: &Value, folder: tempfile::TempDir, delay: Duration) -> Self {
        let connection = Connection::parse(&file.to_string()).unwrap();
        let history: PathBuf = folder.path().join("history.jsonl");
        let setup = Setup {
            connection: connection.clone(),
            engine: Box::new(move || {
                std::thread::sleep(delay);
                Ok(Box::new(FakeEngine {
                    stop: Arc::default(),
                }))
            }),
            assistant: Assistant::new(None),
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

    fn frames(&self, kind: &str, content: Value) -> (Vec<Bytes>, String) {
        Outgoing::orphan(kind, content).frames(&[], &self.session)
    }

    /// Sends a request on shell; returns its id.
    async fn send(&mut self, kind: &str, content: Value) -> String {
        let (frames, id) = self.frames(kind, content);
        self.shell.send(message(frames)).await.unwrap();
        id
    }

    async fn send_control(&mut self, kind: &str, content: Value) -> String {
        let (frames, id) = self.frames(kind, content);
        self.control.send(message(frames)).await.unwrap();
        id
    }

    async fn execute(&mut self, code: &str) -> String {
        self.send("execute_request", json!({"code": code})).await
    }

    async fn reply(&mut self) -> Request {
        receive(&mut self.shell).await
    }

    async fn published(&mut self) -> Request {
        receive(&mut self.iopub).await
    }

    /// What is published for a request, from its `busy` to its `idle`.
    async fn outputs(&mut self, id: &str) -> Vec<(String, Value)> {
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
    async fn run(&mut self, content: Value) -> (Value, Vec<(String, Value)>) {
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
    async fn end(mut self) {
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

fn dealer() -> DealerSocket {
    let mut options = SocketOptions::default();
    // One identity on shell and stdin, as frontends have it.
    options.peer_identity("frontend".parse::<PeerIdentity>().unwrap());
    DealerSocket::with_options(options)
}

async fn connect<S: Socket>(socket: &mut S, endpoint: &str) {
    let deadline = Instant::now() + LIMIT;
    while let Err(error) = socket.connect(endpoint).await {
        assert!(Instant::now() < deadline, "{endpoint}: {error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn message(frames: Vec<Bytes>) -> ZmqMessage {
    ZmqMessage::try_from(frames).unwrap()
}

async fn receive<S: SocketRecv>(socket: &mut S) -> Request {
    let message = timeout(LIMIT, socket.recv())
        .await
        .expect("a message in time")
        .unwrap();
    Request::parse(message.into_vec(), &signer()).unwrap()
}

fn kinds(outputs: &[(String, Value)]) -> Vec<&str> {
    outputs.iter().map(|(kind, _)| kind.as_str()).collect()
}

/// A cell's outputs and whatever they carry, as one line each.
fn lines(outputs: &[(String, Value)]) -> Vec<String> {
    let shown = |(kind, content): &(String, Value)| match kind.as_str() {
        "stream" => format!("{}: {}", content["name"].as_str().unwrap(), content["text"]),
        _ => kind.clone(),
    };
    outputs.iter().map(shown).collect()
}

/// What the kernel logged so far.
fn log() -> Arc<std::sync::Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<std::sync::Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_writer(move || Writer(writer.clone()))
            .init();
        log
    })
    .clone()
}

struct Writer(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_frontend_is_welcomed_then_told_that_the_kernel_starts() {
    let mut harness = Harness::tcp().await;
    let welcome = harness.published().await;
    assert_eq!(welcome.header.msg_type, "iopub_welcome");
    assert_eq!(welcome.content["subscription"], "");
    let starting = harness.published().await;
    assert_eq!(starting.content["execution_state"], "starting");
    harness.end().await;
}

#[tokio::test]
async fn kernel_info_is_there_before_the_engine() {
    let [shell, control, stdin, iopub, hb] = free_ports();
    let file = json!({
        "ip": "127.0.0.1", "key": KEY, "shell_port": shell, "control_port": control,
        "stdin_port": stdin, "iopub_port": iopub, "hb_port": hb,
    });
    let folder = tempfile::tempdir().unwrap();
    let mut harness = Harness::start(&file, folder, Duration::from_millis(700)).await;
    harness.send("kernel_info_request", json!({})).await;
    let reply = harness.reply().await;
    assert!(harness.started.elapsed() < Duration::from_millis(500));
    assert_eq!(reply.content["protocol_version"], "5.5");
    assert_eq!(reply.content["language_info"]["version"], "1.95.0");
    assert_eq!(reply.content["supported_features"], json!([]));
    // A cell waits for the engine and is run by it.
    let (reply, outputs) = harness.run(json!({"code": "result 1"})).await;
    assert_eq!(
        (&reply["status"], &reply["execution_count"]),
        (&json!("ok"), &json!(1))
    );
    assert_eq!(kinds(&outputs), ["execute_input", "execute_result"]);
    harness.end().await;
}

#[tokio::test]
async fn requests_are_answered_while_a_cell_runs() {
    let mut harness = Harness::tcp().await;
    let cell = harness.execute("wait").await;
    loop {
        let message = harness.published().await;
        if message.header.msg_type == "execute_input" {
            break;
        }
    }
    for (kind, content) in [
        ("kernel_info_request", json!({})),
        ("complete_request", json!({"code": "answ", "cursor_pos": 4})),
        (
            "inspect_request",
            json!({"code": "println", "cursor_pos": 3, "detail_level": 0}),
        ),
        ("is_complete_request", json!({"code": "fn f() {"})),
        (
            "history_request",
            json!({"hist_access_type": "tail", "n": 3}),
        ),
        ("comm_info_request", json!({})),
        ("connect_request", json!({})),
    ] {
        let id = harness.send(kind, content).await;
        let reply = harness.reply().await;
        assert_eq!(reply.parent["msg_id"], json!(id), "{kind}");
        assert_eq!(reply.header.msg_type, kind.replace("request", "reply"));
        assert_ne!(
            reply.content["status"], "error",
            "{kind}: {:?}",
            reply.content
        );
        assert_eq!(kinds(&harness.outputs(&id).await), ["status", "status"]);
    }
    // The kernel is still busy with the cell, and says so last.
    let last = harness.published().await;
    assert_eq!(last.parent["msg_id"], json!(cell));
    assert_eq!(last.content["execution_state"], "busy");

    harness.send_control("interrupt_request", json!({})).await;
    assert_eq!(
        receive(&mut harness.control).await.header.msg_type,
        "interrupt_reply"
    );
    let reply = harness.reply().await;
    assert_eq!(reply.parent["msg_id"], json!(cell));
    assert_eq!(reply.content["ename"], "Interrupted");
    harness.end().await;
}

#[tokio::test]
async fn bad_messages_are_logged_and_dropped() {
    let log = log();
    let mut harness = Harness::tcp().await;
    let good = |harness: &Harness| {
        harness
            .frames("execute_request", json!({"code": "print bad"}))
            .0
    };
    let forger = Session::new(Signer::new("hmac-sha256", &Key::new("another key")).unwrap());
    let (forged, _) = Outgoing::orphan("shutdown_request", json!({})).frames(&[], &forger);
    let mut unsigned = good(&harness);
    unsigned[1] = Bytes::new();
    let mut truncated = good(&harness);
    truncated.truncate(4);
    let noise = vec![Bytes::from_static(b"\xff\x00noise")];
    let (unknown, _) = harness.frames("no_such_message", json!({}));
    for frames in [forged, unsigned, truncated, noise, unknown] {
        harness.shell.send(message(frames.clone())).await.unwrap();
        harness.control.send(message(frames.clone())).await.unwrap();
        harness.stdin.send(message(frames)).await.unwrap();
    }
    let (reply, outputs) = harness.run(json!({"code": "print good"})).await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(lines(&outputs), ["execute_input", "stdout: \"good\\n\""]);
    harness.end().await;

    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the signature doesn't match"), "{log}");
    assert!(log.contains("cut short"), "{log}");
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test]
async fn a_flood_of_messages_good_and_bad_does_no_harm() {
    const ROUNDS: usize = 400;
    let mut harness = Harness::tcp().await;
    let requests = [
        ("kernel_info_request", json!({})),
        (
            "complete_request",
            json!({"code": "printl\u{1f600}", "cursor_pos": 99}),
        ),
        ("inspect_request", json!({"code": "x.y", "cursor_pos": -4})),
        ("is_complete_request", json!({"code": ["not a string"]})),
        (
            "history_request",
            json!({"hist_access_type": "search", "pattern": "*[", "n": -1}),
        ),
        ("comm_info_request", json!({"target_name": 3})),
        (
            "execute_request",
            json!({"code": 5, "silent": "no", "user_expressions": []}),
        ),
        ("interrupt_request", json!({})),
        ("debug_request", json!({"command": null})),
    ];
    let silent = [
        ("comm_open", json!({"comm_id": 3})),
        ("comm_msg", json!({"data": [1]})),
        ("input_reply", json!({"value": "nobody asked"})),
        ("execute_reply", json!({})),
    ];
    for round in 0..ROUNDS {
        for (kind, content) in requests.iter().chain(&silent) {
            harness.send(kind, content.clone()).await;
            let (mut bad, _) = harness.frames(kind, content.clone());
            let frame = round % bad.len();
            match round % 3 {
                0 => bad.truncate(frame + 1),
                1 => bad[frame] = Bytes::from(vec![0xff; round]),
                _ => bad.insert(frame, Bytes::from_static(b"{")),
            }
            harness.shell.send(message(bad)).await.unwrap();
        }
        for _ in &requests {
            harness.reply().await;
        }
    }
    let (reply, outputs) = harness.run(json!({"code": "print still here"})).await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(
        lines(&outputs),
        ["execute_input", "stdout: \"still here\\n\""]
    );
    harness.end().await;
}

#[tokio::test]
async fn outputs_come_in_order_and_gathered() {
    let mut harness = Harness::tcp().await;
    let code = "print one\nprint zwölf 😀\nwarn two\nprint three\nshow image/svg+xml\nprint four\n\
        update image/svg+xml\nclear\nresult 5";
    let (reply, outputs) = harness.run(json!({"code": code})).await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(
        lines(&outputs),
        [
            "execute_input",
            "stdout: \"one\\nzwölf 😀\\n\"",
            "stderr: \"two\\n\"",
            "stdout: \"three\\n\"",
            "display_data",
            "stdout: \"four\\n\"",
            "update_display_data",
            "clear_output",
            "execute_result",
        ]
    );
    assert_eq!(outputs[4].1["transient"], json!({"display_id": "figure"}));
    assert_eq!(outputs[8].1["execution_count"], 1);
    assert_eq!(outputs[8].1["data"], json!({"text/plain": "5"}));
    harness.end().await;
}

#[tokio::test]
async fn text_is_shown_while_the_cell_runs() {
    let mut harness = Harness::tcp().await;
    let start = Instant::now();
    harness.execute("print early\nsleep 1000").await;
    loop {
        let message = harness.published().await;
        if message.header.msg_type == "stream" {
            break;
        }
    }
    assert!(start.elapsed() < Duration::from_millis(700));
    harness.end().await;
}

#[tokio::test]
async fn a_failure_is_one_error_and_aborts_the_queue() {
    let mut harness = Harness::tcp().await;
    let failing = harness.execute("sleep 150\nfail").await;
    let aborted = harness.execute("print never").await;
    let reply = harness.reply().await;
    assert_eq!(reply.parent["msg_id"], json!(failing));
    assert_eq!(reply.content["status"], "error");
    assert_eq!(reply.content["ename"], "Fake");
    assert_eq!(reply.content["traceback"], json!(["line 1", "line 2"]));
    assert_eq!(
        kinds(&harness.outputs(&failing).await),
        ["status", "execute_input", "error", "status"]
    );
    let reply = harness.reply().await;
    assert_eq!(reply.parent["msg_id"], json!(aborted));
    assert_eq!(reply.content["status"], "aborted");
    assert_eq!(
        kinds(&harness.outputs(&aborted).await),
        ["status", "status"]
    );

    // What is sent after the failure runs; the aborted cell had no number.
    let (reply, _) = harness.run(json!({"code": "print again"})).await;
    assert_eq!(reply["execution_count"], 2);

    // A frontend that says so keeps its queue.
    let content = json!({"code": "sleep 100\nfail", "stop_on_error": false});
    harness.send("execute_request", content).await;
    harness.execute("print on").await;
    assert_eq!(harness.reply().await.content["status"], "error");
    assert_eq!(harness.reply().await.content["status"], "ok");
    harness.end().await;
}

#[tokio::test]
async fn silent_and_unstored_cells_do_not_count() {
    let mut harness = Harness::tcp().await;
    let (reply, outputs) = harness
        .run(json!({"code": "print x\nresult 1", "silent": true}))
        .await;
    assert_eq!((&reply["status"], outputs.len()), (&json!("ok"), 0));
    let unstored = json!({"code": "result 1", "store_history": false});
    let (_, outputs) = harness.run(unstored).await;
    assert_eq!(kinds(&outputs), ["execute_input", "execute_result"]);
    let (reply, _) = harness.run(json!({"code": "result first"})).await;
    assert_eq!(reply["execution_count"], 1);
    harness
        .send(
            "history_request",
            json!({"hist_access_type": "tail", "n": 9, "output": true}),
        )
        .await;
    let history = harness.reply().await;
    assert_eq!(
        history.content["history"],
        json!([[1, 1, ["result first", "first"]]])
    );
    harness.end().await;
}

#[tokio::test]
async fn user_expressions_are_evaluated_one_by_one() {
    let mut harness = Harness::tcp().await;
    let expressions = json!({"good": "result 7", "bad": "fail"});
    let (reply, _) = harness
        .run(json!({"code": "print x", "user_expressions": expressions}))
        .await;
    let answers = &reply["user_expressions"];
    assert_eq!(answers["good"]["data"], json!({"text/plain": "7"}));
    assert_eq!(
        (&answers["bad"]["status"], &answers["bad"]["ename"]),
        (&json!("error"), &json!("Fake"))
    );
    harness.end().await;
}

#[tokio::test]
async fn a_question_is_answered_with_a_page() {
    let mut harness = Harness::tcp().await;
    harness
        .run(json!({"code": "print so that the engine's names are known"}))
        .await;
    let (reply, outputs) = harness.run(json!({"code": "?answer"})).await;
    assert_eq!(kinds(&outputs), ["execute_input"]);
    let page = &reply["payload"][0];
    assert_eq!(page["source"], "page");
    assert_eq!(
        page["data"]["text/plain"].as_str().unwrap().lines().next(),
        Some("let answer: i32")
    );
    let (reply, outputs) = harness.run(json!({"code": ":doc no_such_name"})).await;
    assert_eq!(reply["payload"], json!([]));
    assert_eq!(kinds(&outputs), ["execute_input", "stream"]);
    harness.end().await;
}

#[tokio::test]
async fn a_cell_asks_and_the_frontend_answers() {
    let mut harness = Harness::tcp().await;
    let cell = json!({"code": "ask name? ", "allow_stdin": true});
    harness.send("execute_request", cell.clone()).await;
    let question = receive(&mut harness.stdin).await;
    assert_eq!(question.header.msg_type, "input_request");
    assert_eq!(question.content["prompt"], "name? ");
    let (frames, _) = harness.frames("input_reply", json!({"value": "Ada"}));
    harness.stdin.send(message(frames)).await.unwrap();
    assert_eq!(harness.reply().await.content["status"], "ok");

    // An interrupt ends the question; a late answer does no harm.
    harness.send("execute_request", cell).await;
    receive(&mut harness.stdin).await;
    harness.signals.send(Signal::Interrupt).unwrap();
    assert_eq!(harness.reply().await.content["ename"], "NoInput");
    let (frames, _) = harness.frames("input_reply", json!({"value": "late"}));
    harness.stdin.send(message(frames)).await.unwrap();

    let (reply, _) = harness
        .run(json!({"code": "ask name? ", "allow_stdin": false}))
        .await;
    assert_eq!(reply["ename"], "NoInput");
    harness.end().await;
}

#[tokio::test]
async fn a_broken_engine_is_replaced() {
    let mut harness = Harness::tcp().await;
    let (reply, _) = harness.run(json!({"code": "panic"})).await;
    assert_eq!(reply["ename"], "KernelError");
    assert!(
        reply["evalue"]
            .as_str()
            .unwrap()
            .contains("the engine is broken")
    );
    let (reply, _) = harness.run(json!({"code": "print alive"})).await;
    assert_eq!(reply["status"], "ok");
    harness.end().await;
}

#[tokio::test]
async fn unknown_comms_are_closed_and_unsupported_requests_refused() {
    let mut harness = Harness::tcp().await;
    let id = harness
        .send(
            "comm_open",
            json!({"comm_id": "c1", "target_name": "x", "data": {}}),
        )
        .await;
    let outputs = harness.outputs(&id).await;
    assert_eq!(kinds(&outputs), ["status", "comm_close", "status"]);
    assert_eq!(outputs[1].1["comm_id"], "c1");
    for kind in [
        "debug_request",
        "create_subshell_request",
        "no_such_request",
    ] {
        harness.send_control(kind, json!({})).await;
        let reply = receive(&mut harness.control).await;
        assert_eq!(reply.header.msg_type, kind.replace("request", "reply"));
        assert_eq!(reply.content["status"], "error");
    }
    harness.end().await;
}

#[tokio::test]
async fn a_header_comes_back_as_it_was_sent() {
    let mut harness = Harness::tcp().await;
    let header =
        r#"{"msg_id":"1",  "msg_type":"kernel_info_request","subshell_id":null,"x":[1.50]}"#;
    let parts = [header, "{}", "{}", "{}"];
    let signature = signer().sign(parts.map(str::as_bytes));
    let mut frames = vec![Bytes::from_static(b"<IDS|MSG>"), Bytes::from(signature)];
    frames.extend(parts.map(|part| Bytes::from(part.to_owned())));
    harness.shell.send(message(frames)).await.unwrap();
    let reply = timeout(LIMIT, harness.shell.recv()).await.unwrap().unwrap();
    assert_eq!(reply.get(3).unwrap(), header);
    harness.end().await;
}

#[tokio::test]
async fn the_heartbeat_echoes() {
    let harness = Harness::tcp().await;
    let mut socket = ReqSocket::new();
    connect(
        &mut socket,
        &harness.connection.endpoint(Channel::Heartbeat),
    )
    .await;
    for beat in ["ping", "", "übermorgen"] {
        socket.send(beat.into()).await.unwrap();
        let echo = timeout(LIMIT, socket.recv()).await.unwrap().unwrap();
        assert_eq!(echo.get(0).unwrap(), beat);
    }
    harness.end().await;
}

#[tokio::test]
async fn ipc_works_like_tcp_and_leaves_no_files() {
    let mut harness = Harness::ipc().await;
    let (reply, _) = harness.run(json!({"code": "result 1"})).await;
    assert_eq!(reply["status"], "ok");
    let socket = harness
        .connection
        .endpoint(Channel::Shell)
        .replace("ipc://", "");
    assert!(std::path::Path::new(&socket).exists());
    harness.end().await;
    assert!(!std::path::Path::new(&socket).exists());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_running_cell() {
    let mut harness = Harness::tcp().await;
    harness.execute("wait").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    harness.end().await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_frontend_that_left_is_no_trouble() {
    let mut harness = Harness::tcp().await;
    let mut options = SocketOptions::default();
    options.peer_identity("other".parse::<PeerIdentity>().unwrap());
    let mut other = DealerSocket::with_options(options);
    connect(&mut other, &harness.connection.endpoint(Channel::Shell)).await;
    let (frames, _) = harness.frames("execute_request", json!({"code": "sleep 100\nprint x"}));
    other.send(message(frames)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    drop(other);
    let (reply, _) = harness.run(json!({"code": "print still here"})).await;
    assert_eq!(
        (&reply["status"], &reply["execution_count"]),
        (&json!("ok"), &json!(2))
    );
    harness.end().await;
}
