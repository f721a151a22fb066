//! What the kernel answers to each request, with an engine that only pretends.

#[allow(dead_code, unused_imports)]
mod frontend;

use std::time::{Duration, Instant};

use frontend::*;
use lessons_kernel::kernel::Signal;
use serde_json::json;
use zeromq::SocketSend;

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
async fn what_a_cell_defines_is_completed_as_soon_as_it_is_answered() {
    let mut harness = Harness::tcp().await;
    let mut completed = async |name: &str, cell: serde_json::Value| {
        harness.run(cell).await;
        let asked = json!({"code": name, "cursor_pos": name.len()});
        harness.send("complete_request", asked).await;
        harness.reply().await.content["matches"].clone()
    };
    let bound = completed("lengt", json!({"code": "let length"})).await;
    assert_eq!(bound, json!(["length"]));
    let lost = completed("lengt", json!({"code": "panic"})).await;
    assert_eq!(lost, json!([]));
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

    // What fails silently is no reason to abort anything.
    let content = json!({"code": "sleep 100\nfail", "silent": true});
    harness.send("execute_request", content).await;
    harness.execute("print on").await;
    let silent = harness.reply().await;
    assert_eq!(
        (
            &silent.content["status"],
            &silent.content["execution_count"]
        ),
        (&json!("error"), &json!(2))
    );
    assert_eq!(harness.reply().await.content["status"], "ok");

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
    assert_eq!(reply["execution_count"], 0);
    // Nor does one that only reads along, and one that is empty; its expressions are evaluated.
    let empty = json!({"code": " \n", "user_expressions": {"a": "result 8"}});
    let (reply, outputs) = harness.run(empty).await;
    assert_eq!(reply["execution_count"], 0);
    assert_eq!(reply["user_expressions"]["a"]["data"]["text/plain"], "8");
    assert_eq!(kinds(&outputs), ["execute_input"]);
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
    let (reply, outputs) = harness.run(json!({"code": "?no_such_name"})).await;
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
async fn what_an_expression_prints_is_shown_and_what_it_displays_is_not() {
    let mut harness = Harness::tcp().await;
    let expressions = json!({"a": "print aside\nshow image/png\nresult 7"});
    let (reply, outputs) = harness
        .run(json!({"code": "print x", "user_expressions": expressions}))
        .await;
    assert_eq!(reply["user_expressions"]["a"]["data"]["text/plain"], "7");
    assert_eq!(
        lines(&outputs),
        ["execute_input", "stdout: \"x\\naside\\n\""]
    );
    harness.end().await;
}

/// The text of a cell's stream messages, by stream.
fn text(outputs: &[(String, serde_json::Value)], name: &str) -> String {
    let parts = outputs
        .iter()
        .filter(|(kind, content)| kind == "stream" && content["name"] == name);
    parts
        .map(|(_, content)| content["text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_million_lines_are_few_messages() {
    let mut harness = Harness::tcp().await;
    let (reply, outputs) = harness.run(json!({"code": "count 1000000"})).await;
    assert_eq!(reply["status"], "ok");
    let all: String = (0..1_000_000).map(|n| format!("line {n}\n")).collect();
    let shown = text(&outputs, "stdout");
    let note = text(&outputs, "stderr");
    // What is shown is the beginning and the end, byte for byte, and the note says what is not.
    let (head, tail) = shown.split_at(10 << 20);
    assert!(all.starts_with(head) && all.ends_with(tail));
    assert_eq!(tail.len(), 64 << 10);
    let dropped = (all.len() - shown.len()).to_string();
    assert!(note.contains(&dropped), "{note}");
    assert!(outputs.len() < 400, "{} messages", outputs.len());

    let (_, outputs) = harness.run(json!({"code": "count 500000"})).await;
    let all: String = (0..500_000).map(|n| format!("line {n}\n")).collect();
    assert!(all.len() < 10 << 20);
    assert!(text(&outputs, "stdout") == all);
    assert_eq!(text(&outputs, "stderr"), "");
    harness.end().await;
}

#[tokio::test]
async fn the_end_of_a_flood_from_a_late_thread_is_shown_when_it_ends() {
    let mut harness = Harness::tcp().await;
    let id = harness.execute("later 300 12000000").await;
    harness.outputs(&id).await;
    assert_eq!(harness.reply().await.content["status"], "ok");
    let mut shown = 0;
    let mut last = String::new();
    while !last.ends_with("!") {
        let message = harness.published().await;
        assert_eq!(message.parent["msg_id"], json!(id));
        last = message.text("text").unwrap().to_owned();
        shown += last.len();
    }
    assert!(shown < 11 << 20, "{shown}");
    harness.end().await;
}
