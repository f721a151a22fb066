//! What goes over the sockets: good messages, bad ones, and peers that misbehave.

#[allow(dead_code, unused_imports)]
mod frontend;

use std::time::{Duration, Instant};

use bytes::Bytes;
use frontend::*;
use lessons_kernel::protocol::{Channel, Key, Outgoing, Session, Signer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, ReqSocket, Socket, SocketOptions, SocketRecv, SocketSend, SubSocket};

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

/// A connection that says hello as a ZeroMQ socket of this type and then does what it likes.
async fn raw_peer(harness: &Harness, channel: Channel, kind: &str) -> TcpStream {
    let endpoint = harness.connection.endpoint(channel);
    let address = endpoint.trim_start_matches("tcp://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut greeting = [0; 64];
    (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).await.unwrap();
    stream.read_exact(&mut greeting).await.unwrap();
    let length = kind.len() as u8;
    let ready = [
        &[4, 22 + length][..],
        b"\x05READY\x0bSocket-Type\0\0\0",
        &[length],
        kind.as_bytes(),
    ];
    stream.write_all(&ready.concat()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_stops_reading_holds_nobody_up() {
    let mut harness = Harness::tcp().await;
    let mut stuck = raw_peer(&harness, Channel::Iopub, "SUB").await;
    stuck.write_all(b"\0\x01\x01").await.unwrap();
    let mut hello = Vec::new();
    while !String::from_utf8_lossy(&hello).contains("subscription") {
        stuck.read_buf(&mut hello).await.unwrap();
    }
    // The one in the middle subscribes to nothing that is published.
    let mut picky = SubSocket::new();
    picky.subscribe("no such topic").await.unwrap();
    let endpoint = harness.connection.endpoint(Channel::Iopub);
    connect(&mut picky, &endpoint).await;
    let welcome = receive(&mut picky).await;
    assert_eq!(welcome.content["subscription"], "no such topic");

    let (reply, outputs) = harness.run(json!({"code": "flood 50"})).await;
    assert_eq!(reply["status"], "ok");
    let figures = outputs
        .iter()
        .filter(|(kind, content)| {
            kind == "display_data"
                && content["data"]["text/plain"].as_str().unwrap().len() == 1 << 20
        })
        .count();
    assert_eq!(figures, 50);
    let (reply, _) = harness.run(json!({"code": "print on"})).await;
    assert_eq!(reply["status"], "ok");
    assert!(
        timeout(Duration::from_millis(50), picky.recv())
            .await
            .is_err()
    );

    // What waited for the stuck one is still there when it begins to read.
    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    while received < 50 << 20 {
        let read = timeout(LIMIT, stuck.read(&mut buffer)).await;
        received += read
            .unwrap_or_else(|_| panic!("after {received} bytes"))
            .unwrap();
    }
    harness.end().await;
}

#[tokio::test]
async fn a_peer_that_breaks_the_rules_is_alone_in_it() {
    let log = log();
    let mut harness = Harness::tcp().await;
    let channels = [
        Channel::Shell,
        Channel::Control,
        Channel::Stdin,
        Channel::Iopub,
        Channel::Heartbeat,
    ];
    let mut open = Vec::new();
    for channel in channels {
        let endpoint = harness.connection.endpoint(channel);
        let address = endpoint.trim_start_matches("tcp://");
        // No ZeroMQ at all.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", "x".repeat(90));
        stream.write_all(request.as_bytes()).await.unwrap();
        // Nothing but the beginning.
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"\xff").await.unwrap();
        open.push(slow);
        // A type that doesn't fit.
        raw_peer(&harness, channel, "PUSH").await;
        // A frame of an exabyte, a frame with reserved flags, and a message cut short.
        let fits = match channel {
            Channel::Iopub => "SUB",
            Channel::Heartbeat => "REQ",
            _ => "DEALER",
        };
        for bytes in [
            &b"\x02\x10\0\0\0\0\0\0\0xxx"[..],
            b"\xf8\x01x",
            b"\x01\x09<IDS|MSG>",
            b"\x04\xff",
        ] {
            let mut stream = raw_peer(&harness, channel, fits).await;
            stream.write_all(bytes).await.unwrap();
            open.push(stream);
        }
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (reply, _) = harness.run(json!({"code": "print on"})).await;
    assert_eq!(reply["status"], "ok");
    harness.end().await;
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    for reason in [
        "it does not speak ZMTP",
        "a socket of type \"PUSH\" can't be served here",
        "a message of more than",
        "the reserved flags",
    ] {
        assert!(log.contains(reason), "{reason}");
    }
}

#[tokio::test]
async fn a_message_works_once_on_whichever_channel() {
    let mut harness = Harness::tcp().await;
    let content = json!({"code": "result once"});
    let (frames, _) = harness.frames("execute_request", content);
    let buffers = [frames.clone(), vec![Bytes::from_static(b"a buffer more")]].concat();
    for copy in [frames.clone(), frames.clone(), buffers] {
        harness.shell.send(message(copy)).await.unwrap();
    }
    assert_eq!(harness.reply().await.content["execution_count"], 1);
    harness.control.send(message(frames)).await.unwrap();
    let (reply, _) = harness.run(json!({"code": "result another"})).await;
    assert_eq!(reply["execution_count"], 2);
    harness.end().await;
}

#[tokio::test]
async fn control_answers_while_shell_is_flooded() {
    const REQUESTS: usize = 500;
    let mut harness = Harness::tcp().await;
    let text = "fn f() { ".repeat(2000);
    for _ in 0..REQUESTS {
        let content = json!({"code": text});
        harness.send("is_complete_request", content).await;
    }
    harness.send_control("kernel_info_request", json!({})).await;
    let info = receive(&mut harness.control).await;
    assert_eq!(info.content["status"], "ok");
    let answered = Instant::now();
    for _ in 0..REQUESTS {
        harness.reply().await;
    }
    // Had control waited for its turn, shell would have been done.
    assert!(
        answered.elapsed() > Duration::from_millis(20),
        "{:?}",
        answered.elapsed()
    );
    harness.end().await;
}
