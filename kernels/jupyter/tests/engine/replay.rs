//! `:replay` after a crash and after a restart.

use crate::harness::{Ran, Session};

fn said(ran: &Ran) -> String {
    String::from_utf8(ran.stdout_bytes()).unwrap()
}

/// Ends the runtime.
fn crash(session: &mut Session) {
    let error = session.err("std::process::abort()");
    assert!(error.text().contains(":replay"), "{}", error.text());
    assert!(session.variables().is_empty());
}

#[test]
fn what_a_crash_took_is_made_again() {
    let mut session = Session::new();
    session.ok("fn double(x: i32) -> i32 { 2 * x }\nlet a = double(4);");
    session.ok("let mut v = vec![a];");
    session.ok("println!(\"only shown: {v:?}\");\nv");
    session.ok("for i in 0..3 { v.push(i); }");
    session.ok("let s = String::from(\"moved\");");
    session.ok("let t = s;");
    session.ok("let forgotten = String::new();");
    session.ok("drop(forgotten); let a = a + 1;");
    session.err("v.push(100); panic!(\"what a failed cell did is not done again\")");
    crash(&mut session);
    let ran = session.ok(":replay");
    assert_eq!(
        said(&ran).lines().take(8).collect::<Vec<_>>(),
        [
            "[1/7] fn double(x: i32) -> i32 { 2 * x } …",
            "[2/7] let mut v = vec![a];",
            "[3/7] for i in 0..3 { v.push(i); }",
            "[4/7] let s = String::from(\"moved\");",
            "[5/7] let t = s;",
            "[6/7] let forgotten = String::new();",
            "[7/7] drop(forgotten); let a = a + 1;",
            said(&ran).lines().last().unwrap(),
        ]
    );
    assert!(said(&ran).contains("Variables: a, t, v."), "{}", said(&ran));
    assert_eq!(session.value("(a, &v, &t)"), "(9, [8, 0, 1, 2], \"moved\")");
    assert!(said(&session.ok(":replay")).contains("Nothing was lost"));
}

#[test]
fn what_changes_behind_a_shared_reference_and_statics_are_made_again() {
    let mut session = Session::new();
    session.ok("use std::{cell::RefCell, rc::Rc, sync::atomic::{AtomicU32, Ordering::SeqCst}};\nstatic COUNT: AtomicU32 = AtomicU32::new(5);");
    session.ok("struct Log { lines: RefCell<Vec<String>> }\nlet log = Rc::new(Log { lines: RefCell::default() });");
    session.ok("log.lines.borrow_mut().push(\"a\".into());");
    session.ok("COUNT.fetch_add(1, SeqCst);");
    crash(&mut session);
    session.ok(":replay");
    assert_eq!(
        session.value("(log.lines.borrow().len(), COUNT.load(SeqCst))"),
        "(1, 6)"
    );
}

#[test]
fn replayed_cells_are_not_compiled_again_and_show_nothing() {
    let mut session = Session::new();
    session.ok(":opt 1\nlet mut n = 0;");
    session.ok("n += 1; println!(\"shown once\");");
    session.ok("n += 1; println!(\"shown once\");");
    session.ok(":opt auto");
    session.ok("std::fs::read_dir(\"/\").unwrap().count()");
    crash(&mut session);
    let before = std::time::Instant::now();
    let ran = session.ok(":replay");
    let text = said(&ran);
    assert!(!text.lines().any(|line| line == "shown once"), "{text}");
    assert!(text.contains("Ran 3 cells again"), "{text}");
    assert!(ran.result().is_none());
    // Three compilations take longer than this even on a fast machine; a busy one may be slow.
    println!("replayed in {:?}", before.elapsed());
    assert_eq!(session.value("n"), "2");
    session.ok(":timing");
    let timing = said(&session.ok("n += 1; println!(\"shown once\");"));
    assert!(
        !timing.contains("compiled before"),
        "at another level: {timing}"
    );
}

#[test]
fn a_replay_stops_at_an_error_and_says_where() {
    let mut session = Session::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display().to_string();
    session.ok("let a = 1usize;");
    session.ok(&format!("let b = std::fs::read_to_string({path:?})?;"));
    session.ok("let c = b.len() + a;");
    crash(&mut session);
    drop(file);
    let error = session.err(":replay");
    assert_eq!(error.ename, "Error");
    assert!(
        error.evalue.contains("`:replay` stopped at cell 2 of 3"),
        "{error:?}"
    );
    assert!(
        error.text().contains("let b = std::fs::read_to_string"),
        "{}",
        error.text()
    );
    assert_eq!(session.variables(), ["a: usize"]);
    // Made by hand, it is not lost any more.
    session.ok("let b = String::from(\"by hand\");");
    session.ok("let c = b.len() + a;");
    assert!(said(&session.ok(":replay")).contains("Nothing was lost"));
    assert_eq!(session.value("(a, c)"), "(1, 8)");
}

#[test]
fn a_replay_can_be_interrupted() {
    let mut session = Session::new();
    session.ok("static GO: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);\nlet first = 1;");
    session.ok("let a = { let begin = std::time::Instant::now(); while begin.elapsed().as_millis() < 1500 { std::hint::spin_loop() } 1 };");
    crash(&mut session);
    let error = session.interrupted(":replay", 700);
    assert_eq!(error.ename, "Interrupted", "{}", error.text());
    session.ok(":replay");
    assert_eq!(session.value("a + first"), "2");
}

#[test]
fn a_restarted_kernel_knows_what_the_one_before_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::after(folder.path());
    assert!(said(&session.ok(":replay")).contains("no earlier session"));
    session.ok("use std::collections::BTreeMap;\n#[derive(Debug, Clone)] struct P { x: i32 }\nprintln!(\"has items\");");
    session.ok("impl P { fn get(&self) -> i32 { self.x } }\nlet mut p = P { x: 1 };");
    session.ok("p.x += 1;");
    session.ok("let map: BTreeMap<i32, P> = [(1, p.clone())].into();");
    session.ok("let gone = 1;");
    session.ok("drop(gone); let gone = 2;");
    // As after `kill -9`: nothing says goodbye.
    drop(session);
    let mut session = Session::after(folder.path());
    let error = session.err("map.len()");
    assert!(
        error.text().contains("before the kernel was restarted"),
        "{}",
        error.text()
    );
    let ran = session.ok(":replay");
    assert!(
        said(&ran).contains("Variables: gone, map, p."),
        "{}",
        said(&ran)
    );
    assert_eq!(session.value("(p.get(), map[&1].x, gone)"), "(2, 2, 2)");
    assert_eq!(session.items(), ["P"]);
    drop(session);
    let mut session = Session::after(folder.path());
    session.ok(":clear");
    assert!(said(&session.ok(":replay")).contains("no earlier session"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_crash_before_a_restart_is_made_good_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::after(folder.path());
    session.ok("let a = 1;");
    crash(&mut session);
    session.ok("let b = 2;");
    drop(session);
    let mut session = Session::after(folder.path());
    session.ok(":replay");
    assert_eq!(session.value("a + b"), "3");
}
