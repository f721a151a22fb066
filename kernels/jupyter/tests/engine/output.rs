//! Streams and displays, as they happen.

use crate::harness::Session;
use lessons_kernel::engine::Output;

#[test]
fn output_streams_as_bytes_in_order() {
    let mut session = Session::new();
    let ran = session.ok("use std::io::Write;\nprint!(\"no newline\");\neprintln!(\"to stderr\");\nstd::io::stdout().write_all(&[0xff, 0xfe, b'\\r'])?;");
    assert_eq!(ran.stdout_bytes(), b"no newline\xff\xfe\r");
    assert_eq!(ran.stderr(), "to stderr\n");
    let ran = session.ok("for i in 0..100000 { println!(\"line {i}\"); }");
    assert_eq!(
        ran.stdout_bytes()
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count(),
        100_000
    );
    let ran = session.ok("std::thread::spawn(|| println!(\"from a thread\")).join().unwrap();");
    assert_eq!(ran.stdout_bytes(), b"from a thread\n");
    let ran = session.ok("let mut s = String::new(); std::io::stdin().read_line(&mut s)? ");
    assert_eq!(ran.result().unwrap()["text/plain"], "0");
}

#[test]
fn displays_come_one_by_one_between_the_text() {
    let mut session = Session::new();
    let ran = session.ok(
        "fn show(mime: &str, text: &str) { println!(\"EVCXR_BEGIN_CONTENT {mime}\\n{text}\\nEVCXR_END_CONTENT\"); }
         println!(\"before\"); show(\"text/html\", \"<i>1</i>\"); show(\"image/svg+xml\", \"<svg/>\"); show(\"text/html\", \"<i>2</i>\"); println!(\"after\");",
    );
    let kinds: Vec<String> = ran
        .outputs
        .iter()
        .map(|output| match output {
            Output::Stdout(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Output::Display { data, .. } => data.keys().cloned().collect::<Vec<_>>().join("+"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "before\n",
            "image/svg+xml+text/html",
            "text/html",
            "after\n"
        ]
    );
}
