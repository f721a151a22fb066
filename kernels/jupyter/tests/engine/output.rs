//! Streams and displays, as they happen.

use std::time::{Duration, Instant};

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

#[test]
fn bytes_arrive_at_once_and_as_they_are() {
    let mut session = Session::new();
    let begin = Instant::now();
    let ran = session.interrupted_twice(
        "print!(\"a partial line\"); std::thread::sleep(std::time::Duration::from_secs(60));",
    );
    assert_eq!(ran.error().ename, "Interrupted");
    assert!(begin.elapsed() < Duration::from_secs(30));
    let ran = session.ok("use std::io::Write;
         let mut out = std::io::stdout();
         for byte in 0..=255u8 { out.write_all(&[byte])?; out.flush()?; }
         write!(out, \"\\r10 %\\r20 %\")?;");
    let mut expected: Vec<u8> = (0..=255).collect();
    expected.extend(b"\r10 %\r20 %");
    assert_eq!(ran.stdout_bytes(), expected);
}

#[test]
fn the_streams_keep_their_order_when_the_cell_takes_its_time() {
    let mut session = Session::new();
    let ran = session.ok("for i in 0..5 {
             println!(\"out {i}\");
             std::thread::sleep(std::time::Duration::from_millis(20));
             eprintln!(\"err {i}\");
             std::thread::sleep(std::time::Duration::from_millis(20));
         }");
    let mut all = String::new();
    for output in &ran.outputs {
        let (Output::Stdout(bytes) | Output::Stderr(bytes)) = output else {
            panic!("{output:?}");
        };
        all += &String::from_utf8_lossy(bytes);
    }
    let expected: String = (0..5).map(|i| format!("out {i}\nerr {i}\n")).collect();
    assert_eq!(all, expected);
}

#[test]
fn a_million_lines_arrive_whole() {
    let mut session = Session::new();
    let ran = session.ok("for i in 0..1_000_000 { println!(\"{i}\"); }");
    let expected: String = (0..1_000_000).map(|i| format!("{i}\n")).collect();
    assert!(ran.stdout_bytes() == expected.as_bytes());
}

#[test]
fn dbg_names_the_cells_lines() {
    let mut session = Session::new();
    session
        .ok("fn twice(x: i32) -> i32 { dbg!(x * 2) }\nmod inside {\n    pub fn f() { dbg!(); }\n}");
    let ran = session.ok("let s = String::from(\"a\");\nlet t = dbg!(s);\ndbg!(twice(1), &t)");
    assert_eq!(
        ran.stderr(),
        "[cell:2] s = \"a\"\n[earlier cell:1] x * 2 = 2\n[cell:3] twice(1) = 2\n[cell:3] &t = \"a\"\n"
    );
    let value = ran.result().map(|bundle| bundle["text/plain"].clone());
    assert_eq!(value, Some("(2, \"a\")".into()));
    assert_eq!(
        session.ok("inside::f();\ndbg!();").stderr(),
        "[earlier cell:3]\n[cell:2]\n"
    );
    session.ok("macro_rules! dbg { ($e:expr) => { $e + 1 } }");
    assert_eq!(session.value("dbg!(1)"), "2");
}
