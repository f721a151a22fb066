//! What the user reads when a cell fails.

use crate::harness::{Ran, Session};

#[test]
fn a_panic_keeps_the_variables_and_names_the_line() {
    let mut session = Session::new();
    session.ok("let mut v = vec![1]; let s = String::from(\"kept\");");
    let error = session.err("v.push(2);\nlet w = 5;\nlet x: Option<i32> = None;\nx.unwrap();");
    assert_eq!(error.ename, "Panic");
    assert!(error.evalue.contains("unwrap()"), "{error:?}");
    assert!(
        error.text().contains("line 4: x.unwrap();"),
        "{}",
        error.text()
    );
    assert_eq!(session.value("(&v, &s)"), "([1, 2], \"kept\")");
    let error = session.err("let s = 5; panic!(\"stop {s}\");");
    assert_eq!(error.evalue, "stop 5");
    assert_eq!(session.value("s.len()"), "4");
    let error = session.err("\n\nvec![1, 2][7]");
    assert!(error.text().contains("line 3"), "{}", error.text());
    let error = session.err("fn deep() {\n  panic!(\"deep\")\n}\ndeep()");
    assert!(
        error.text().contains("line 2: panic!(\"deep\")"),
        "{}",
        error.text()
    );
    let error = session.err("std::panic::panic_any(5)");
    assert_eq!(error.ename, "Panic");
    let caught = session.ok("let r = std::panic::catch_unwind(|| panic!(\"inside\")); r.is_err()");
    assert_eq!(caught.result().unwrap()["text/plain"], "true");
}

#[test]
fn arithmetic_overflow_panics_as_when_learning() {
    let mut session = Session::new();
    session.ok("let a: u8 = 255;");
    assert!(session.err("a + 1").evalue.contains("overflow"));
}

#[test]
fn a_call_site_is_the_cells_own_line_and_can_be_read() {
    let mut session = Session::new();
    session.ok(
        "#[track_caller] fn here() -> String { let at = std::panic::Location::caller(); \
         std::fs::read_to_string(at.file()).unwrap().lines().nth(at.line() as usize - 1).unwrap().to_owned() }",
    );
    assert_eq!(
        session.value("here() // first line"),
        "\"here() // first line\""
    );
    assert_eq!(
        session.value("let a = 1;\nlet line = here(); // second\nline"),
        "\"let line = here(); // second\""
    );
    session.ok("fn indirect() -> String {\n    here() // in an item\n}");
    assert_eq!(session.value("indirect()"), "\"    here() // in an item\"");
}

#[test]
fn a_question_mark_ends_the_cell_with_the_errors_own_words() {
    let mut session = Session::new();
    assert_eq!(session.value("let n: i32 = \"12\".parse()?;\nn"), "12");
    let error = session.err("let before = 1;\nlet n: i32 = \"twelve\".parse()?;");
    assert_eq!(error.ename, "Error");
    assert_eq!(error.evalue, "invalid digit found in string");
    assert!(error.text().contains("line 2: let n"), "{}", error.text());
    assert_eq!(session.value("n"), "12");
    let error = session.err("Err(\"first\\nsecond\")?; 1");
    assert_eq!(error.evalue, "first");
    assert!(error.text().contains("second"), "{}", error.text());
}

#[test]
fn errors_are_rustcs_at_the_cells_own_lines() {
    let mut session = Session::new();
    let error = session.err("let a = 1;\n\nlet b: String = a;");
    assert_eq!(error.ename, "E0308");
    assert_eq!(error.evalue, "mismatched types");
    assert!(error.text().contains("cell:3:17"), "{}", error.text());
    assert!(
        error.text().contains("let b: String = a;"),
        "{}",
        error.text()
    );
    assert!(!error.text().contains("lessons_cell"), "{}", error.text());
    assert!(session.variables().is_empty());
    let error = session.err("let ü = \"grüße\"; ü.nothing()");
    assert_eq!(error.ename, "E0599");
    assert!(error.text().contains("cell:1:20"), "{}", error.text());
    let error = session.err("fn f() -> i32 {\n  \"x\"\n}");
    assert!(error.text().contains("cell:2:3"), "{}", error.text());
    let error = session.err("let m = HashMap::<i32, i32>::new();");
    assert_eq!(error.ename, "E0433");
    assert!(
        error.text().contains("use std::collections::HashMap;"),
        "{}",
        error.text()
    );
    let error = session.err("let x = (1;");
    assert!(
        error.evalue.contains("mismatched closing delimiter") || error.evalue.contains("unclosed"),
        "{error:?}"
    );
    let error = session.err("let = 3;");
    assert!(error.evalue.contains("expected pattern"), "{error:?}");
    assert!(error.text().contains("cell:1:5"), "{}", error.text());
    let error = session.err("fn broken( { }");
    assert!(error.text().contains("cell:1"), "{}", error.text());
    let error = session.err("1 +");
    assert!(!error.text().contains("lessons_cell"), "{}", error.text());
    let error = session.err("}");
    assert!(error.text().contains("cell:1:1"), "{}", error.text());
    let error = session.err("let v = Vec::new();");
    assert_eq!(error.ename, "E0282");
    session.ok("let fixed = 1;");
    let error = session.err("fixed += 1;");
    assert!(
        error.text().contains("let mut fixed = fixed;"),
        "{}",
        error.text()
    );
}

#[test]
fn warnings_are_shown_and_fail_nothing() {
    let mut session = Session::new();
    let ran = session.ok("let a = 1;\nfn must() -> Result<i32, String> { Ok(1) }\nmust();");
    assert!(ran.stderr().contains("unused `Result`"), "{ran:?}");
    assert!(ran.stderr().contains("cell:3:1"), "{ran:?}");
    assert_eq!(
        session
            .ok("let unused = 1; fn dead() {} let mut m = 2; use std::fs;")
            .stderr(),
        ""
    );
}

#[test]
fn the_answer_of_every_cell_has_no_path_of_this_machine() {
    let mut session = Session::new();
    session.ok("let mut a = 1;");
    for code in [
        "a.b",
        "panic!(\"x\")",
        "let c: u8 = 300;",
        "\"x\".parse::<i32>()?;",
        "[1][a as usize + 5]",
    ] {
        let ran: Ran = session.run(code);
        let text = ran.error().text();
        assert!(
            !text.contains("/tmp") && !text.contains("units"),
            "{code}: {text}"
        );
    }
}
