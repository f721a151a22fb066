//! Interrupts: while rustc works, while a cell runs, between cells.

use std::time::{Duration, Instant};

use crate::harness::Session;

/// Cells that do not end by themselves and begin with an output.
const ENDLESS: [&str; 13] = [
    "println!(\"go\");\nloop { std::hint::spin_loop() }",
    "println!(\"go\");\nlet mut n = 0u64; while n != 1 { n = n.wrapping_add(2); }",
    "println!(\"go\");\nfor i in 0u64.. { std::hint::black_box(i); }",
    "println!(\"go\");\nfor i in 0..u64::MAX { std::hint::black_box(i); }",
    "println!(\"go\");\n(0..u64::MAX).for_each(|i| { std::hint::black_box(i); });",
    "println!(\"go\");\nlet s: u64 = (0..u64::MAX).map(|i| std::hint::black_box(i) & 1).filter(|i| *i > 1).sum();\ns",
    "fn forever(n: u64) -> u64 { let mut n = n; loop { n = std::hint::black_box(n + 1); if n == 0 { return n } } }\nprintln!(\"go\");\nforever(0)",
    "trait Go { fn go(&self) { loop { std::hint::spin_loop() } } }\nimpl Go for u8 {}\nprintln!(\"go\");\n1u8.go()",
    "println!(\"go\");\nlet f = || -> u8 { loop { std::hint::spin_loop() } };\nf()",
    "println!(\"go\");\nstd::thread::scope(|s| { for _ in 0..2 { s.spawn(|| loop { std::hint::spin_loop() }); } });",
    "static mut N: u64 = 0;\nprintln!(\"go\");\nloop { unsafe { N = N.wrapping_add(1); } }",
    "static mut N: u64 = 0;\nprintln!(\"go\");\nfor i in 0..u64::MAX { unsafe { N = N.wrapping_add(i); } }",
    "println!(\"go\");\nstd::thread::spawn(|| -> u8 { loop { std::thread::yield_now() } }).join().unwrap()",
];

#[test]
fn an_interrupt_stops_a_cell_and_every_variable_survives() {
    let mut session = Session::new();
    session.ok("let a = vec![1, 2];\nlet mut count = 0;");
    for code in ENDLESS {
        let begin = Instant::now();
        let error = session.interrupted_at_output(code);
        assert_eq!(error.ename, "Interrupted", "{code}");
        assert!(
            error.text().contains("still there"),
            "{code}: {}",
            error.text()
        );
        assert!(begin.elapsed() < Duration::from_secs(20), "{code}");
        assert_eq!(session.value("(&a, count)"), "([1, 2], 0)", "{code}");
    }
    let error = session.interrupted_at_output(
        "// A comment.\nloop {\n    count += 1;\n    if count == 9 { println!(\"go\"); }\n}",
    );
    assert!(
        error.text().contains("line 3: count += 1;"),
        "{}",
        error.text()
    );
    assert_ne!(session.value("count"), "0");
}

#[test]
fn what_a_stopped_cell_had_moved_is_named() {
    let mut session = Session::new();
    session.ok("let s = String::from(\"moved\"); let kept = 1;");
    let error = session
        .interrupted_at_output("let t = s;\nprintln!(\"{t}\");\nloop { std::hint::spin_loop() }");
    assert_eq!(error.ename, "Interrupted");
    assert!(error.text().contains("moved `s` away"), "{}", error.text());
    assert_eq!(session.variables(), ["kept: i32"]);
}

#[test]
fn a_stop_that_is_caught_comes_again() {
    let mut session = Session::new();
    session.ok("let mut caught = 0;");
    let error = session.interrupted_at_output(
        "loop {\n    if std::panic::catch_unwind(|| { println!(\"go\"); loop { std::hint::spin_loop() } }).is_err() { caught += 1; }\n}",
    );
    assert_eq!(error.ename, "Interrupted");
    assert_eq!(session.value("caught"), "1");
}

#[test]
fn a_destructor_that_loops_does_not_abort_a_stop() {
    let mut session = Session::new();
    session.ok("struct Slow; impl Drop for Slow { fn drop(&mut self) { for i in 0..1000u64 { std::hint::black_box(i); } println!(\"dropped\"); } }\nlet a = 1;");
    let error = session.interrupted_at_output(
        "let slow = Slow;\nprintln!(\"go\");\nloop { std::hint::spin_loop() }",
    );
    assert_eq!(error.ename, "Interrupted");
    assert_eq!(session.value("a"), "1");
}

#[test]
fn threads_of_the_stopped_cell_stop_and_others_go_on() {
    let mut session = Session::new();
    session.ok("use std::sync::atomic::{AtomicU64, Ordering::SeqCst};\nstatic OLD: AtomicU64 = AtomicU64::new(0);\nstatic NEW: AtomicU64 = AtomicU64::new(0);");
    session
        .ok("std::thread::spawn(|| loop { OLD.fetch_add(1, SeqCst); std::thread::yield_now(); });");
    let error = session.interrupted_at_output(
        "std::thread::spawn(|| loop { NEW.fetch_add(1, SeqCst); std::thread::yield_now(); });\nprintln!(\"go\");\nloop { std::hint::spin_loop() }",
    );
    assert_eq!(error.ename, "Interrupted");
    let moves = "let before = (OLD.load(SeqCst), NEW.load(SeqCst));\nstd::thread::sleep(std::time::Duration::from_millis(300));\n(OLD.load(SeqCst) > before.0, NEW.load(SeqCst) > before.1)";
    // The thread may need a moment.
    session.ok("std::thread::sleep(std::time::Duration::from_millis(300));");
    assert_eq!(session.value(moves), "(true, false)");
}

#[test]
fn a_cell_without_check_points_is_ended_by_the_second_interrupt() {
    let mut session = Session::new();
    session.ok("let a = 1;");
    let begin = Instant::now();
    let ran = session.interrupted_twice(
        "println!(\"go\");\nstd::thread::sleep(std::time::Duration::from_secs(60));",
    );
    assert!(begin.elapsed() < Duration::from_secs(30));
    let said = ran.stderr();
    assert!(
        said.contains("no check point") && said.contains("lost with it: a"),
        "{said}"
    );
    let error = ran.error();
    assert_eq!(error.ename, "Interrupted");
    assert!(
        error.text().contains("`a`") && error.text().contains(":replay"),
        "{}",
        error.text()
    );
    assert_eq!(session.value("1 + 1"), "2");
}

#[test]
fn fully_optimized_cells_have_no_check_points() {
    let mut session = Session::new();
    session.ok(":opt 3");
    let ran = session.interrupted_twice("println!(\"go\");\nloop { std::hint::spin_loop() }");
    assert!(ran.stderr().contains("no check point"), "{ran:?}");
    assert_eq!(ran.error().ename, "Interrupted");
}

#[test]
fn an_interrupt_between_cells_does_nothing() {
    let mut session = Session::new();
    session.ok("let b = 2;");
    session.interrupt_idle();
    assert_eq!(
        session.value("let mut n = 0; for _ in 0..3000 { n += b; std::hint::black_box(n); }\nn"),
        "6000"
    );
}

#[test]
fn an_interrupt_while_rustc_works_loses_nothing() {
    let mut session = Session::new();
    session.ok("let b = 2;");
    // A constant that takes minutes to evaluate keeps rustc busy.
    let error = session.interrupted(
        "#![allow(long_running_const_eval)]\nconst SLOW: u64 = { let mut i = 0u64; while i < 1 << 40 { i += 1; } i };\nSLOW",
        1500,
    );
    assert_eq!(error.ename, "Interrupted");
    assert!(error.text().contains("nothing is lost"), "{}", error.text());
    assert_eq!(session.value("b"), "2");
}

#[test]
fn check_points_leave_lines_and_columns_of_errors_alone() {
    let mut session = Session::new();
    let error = session.err("let xs = vec![1, 2];\nfor x in xs { let y: String = x; }");
    assert!(error.text().contains("cell:2:31"), "{}", error.text());
    let error = session.err("fn f() { loop { nothing(1); } }\n(0..3).map(|x| nothing(x)).count()");
    assert!(error.text().contains("cell:1:17"), "{}", error.text());
    assert!(error.text().contains("cell:2:16"), "{}", error.text());
    assert!(!error.text().contains("__lessons"), "{}", error.text());
    let error = session.err("for i in 0..3 {\n    if i == 2 {\n        panic!(\"here\")\n    }\n}");
    assert!(
        error.text().contains("line 3: panic!(\"here\")"),
        "{}",
        error.text()
    );
}

/// Such loops go piece by piece, with check points between; at the third level they go in one.
#[test]
fn loops_in_pieces_do_what_the_whole_loop_does() {
    let mut session = Session::new();
    let code = "
fn twice(i: i64) -> i64 { i * 2 }
let mut found: Vec<i64> = Vec::new();
let (mut s, mut n) = (0i64, 300_000usize);
for i in 0..n { s = s * 31 % 1_000_003 + i as i64; n = 5; }
found.push(s);
for i in -100i8..100 { s = s * 3 % 1009 + i as i64; }
found.push(s);
for i in i64::MIN..i64::MIN + 70_000 { s = s.wrapping_mul(3).wrapping_add(i); }
found.push(s);
for i in i32::MAX - 70_000..i32::MAX { s = s.wrapping_mul(5).wrapping_add(i as i64); }
found.push(s);
for i in 5..n { s += i as i64; }
for i in n..n { s += i as i64; }
for i in 9..n { s += i as i64; }
found.push(s);
for i in 0..200_000 { if i % 3 == 0 { continue; } s = s.wrapping_mul(7).wrapping_add(twice(i)); }
found.push(s);
let end = 'd'; for c in 'a'..end { s = s.wrapping_mul(7).wrapping_add(c as i64); }
found.push(s);
found";
    let pieces = session.value(code);
    session.ok(":opt 3");
    assert_eq!(pieces, session.value(code));
}

#[test]
fn a_loop_that_only_computes_stops_between_two_pieces() {
    let mut session = Session::new();
    session.ok("let mut s = 0u64; let n = u64::MAX;");
    let error = session.interrupted_at_output(
        "println!(\"go\");\nfor i in 0..n { s = (s ^ i).wrapping_mul(31).rotate_left(5); }",
    );
    assert_eq!(error.ename, "Interrupted");
    assert!(error.text().contains("line 2"), "{}", error.text());
    assert_eq!(session.value("n"), u64::MAX.to_string());
    let error = session.err("let low = 0.0; let high = 1.0; for x in low..high { s += 1; }");
    assert!(error.text().contains("not an iterator"), "{}", error.text());
    let error = session.err("for i in 0..nothing { s += i; }");
    assert!(error.text().contains("cell:1:13"), "{}", error.text());
    let ran = session.ok("for i in 0..n - n { s += i; }");
    assert_eq!(ran.stderr(), "");
}
