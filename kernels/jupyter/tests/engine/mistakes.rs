//! The mistakes that people make: each is one error, with rustc's words at the cell's own lines.

use crate::harness::Session;

/// A cell, the error's name, the place of its caret, and something that its traceback says.
const MISTAKES: [(&str, &str, &str, &str); 37] = [
    (
        "let x: i32 = \"a\";",
        "E0308",
        "1:14",
        "expected due to this",
    ),
    ("let count = 1;\ncuont + 1", "E0425", "2:1", "2 + count + 1"),
    (
        "let s = String::new();\nlet t = s;\ns.len()",
        "E0382",
        "3:1",
        "value moved here",
    ),
    (
        "let mut v = vec![1];\nlet first = &v[0];\nv.push(2);\nprintln!(\"{first}\");",
        "E0502",
        "3:1",
        "immutable borrow later used here",
    ),
    ("\"a\".lenn()", "E0599", "1:5", "similar name"),
    (
        "let m = HashMap::new();",
        "E0433",
        "1:9",
        "use std::collections::HashMap;",
    ),
    (
        "use std::colections::HashMap;",
        "E0432",
        "1:10",
        "could not find",
    ),
    (
        "fn f(a: i32) {}\nf(1, 2)",
        "E0061",
        "2:1",
        "remove the extra argument",
    ),
    ("let x = 1;\nx = 2;", "E0384", "2:1", "let mut x = 1;"),
    ("let v = vec![1];\nv.push(2);", "E0596", "2:1", "let mut v"),
    ("1 + \"a\"", "E0277", "1:3", "no implementation"),
    ("let v = Vec::new();", "E0282", "1:5", "explicit type"),
    (
        "match Some(1) {\n    Some(n) => n,\n};",
        "E0004",
        "1:7",
        "`None` not covered",
    ),
    ("struct S { name: &str }", "E0106", "1:18", "struct S<'a>"),
    (
        "fn counter() -> impl Fn() -> i32 {\n    let n = 1;\n    || n\n}",
        "E0373",
        "3:5",
        "move || n",
    ),
    ("let x = ;", "SyntaxError", "1:9", "expected expression"),
    ("let", "SyntaxError", "1:4", "found the end of the cell"),
    (
        "1 + 2 +\n",
        "SyntaxError",
        "1:8",
        "found the end of the cell",
    ),
    ("1, 2", "SyntaxError", "1:5", "found the end of the cell"),
    ("foo((1)", "SyntaxError", "1:4", "unclosed delimiter"),
    (
        "let s = \"open",
        "E0765",
        "1:9",
        "unterminated double quote string",
    ),
    ("let c = 'ab';", "SyntaxError", "1:9", "use double quotes"),
    (
        "struct P { x: i32 }\nlet p = P { y: 1 };",
        "E0560",
        "2:13",
        "similar name",
    ),
    ("(1, 2).name", "E0609", "1:8", "available fields"),
    (
        "mod m { fn hidden() {} }\nm::hidden()",
        "E0603",
        "2:4",
        "defined here",
    ),
    (
        "println!(\"{} {}\", 1);",
        "SyntaxError",
        "1:11",
        "2 positional arguments",
    ),
    ("vec![1, \"a\"]", "E0308", "1:9", "expected integer"),
    (
        "let r;\n{\n    let x = 5;\n    r = &x;\n}\nprintln!(\"{r}\");",
        "E0597",
        "4:9",
        "dropped here while still borrowed",
    ),
    (
        "let grüße = \"ü🦀\"; grüße + 1",
        "E0369",
        "1:25",
        "cannot add",
    ),
    (
        "unsafe fn f() {}\nf()",
        "E0133",
        "2:1",
        "call to unsafe function",
    ),
    ("fn f() {}\nfn f() {}", "E0428", "2:1", "redefined here"),
    ("\n!\"a\"", "E0600", "2:1", "cannot apply unary operator"),
    (
        "let a: u8 = 256;",
        "overflowing_literals",
        "1:13",
        "0..=255",
    ),
    (
        "macro_rules! two { ($a:expr, $b:expr) => { $a + $b } }\ntwo!(1)",
        "SyntaxError",
        "2:7",
        "missing tokens",
    ),
    (
        "let x = 5\nlet y = 6;",
        "SyntaxError",
        "1:10",
        "add `;` here",
    ),
    ("if 1 { 2 } else { 3 }", "E0308", "1:4", "expected `bool`"),
    (
        "fn f() -> i32 {\n    1;\n}",
        "E0308",
        "1:11",
        "remove this semicolon",
    ),
];

#[test]
fn each_mistake_is_one_error_at_its_place() {
    let mut session = Session::new();
    for (code, name, place, says) in MISTAKES {
        let error = session.err(code);
        let text = error.text();
        assert_eq!(error.ename, name, "{code}\n{text}");
        assert!(text.contains(&format!("cell:{place}\n")), "{code}\n{text}");
        assert!(text.contains(says), "{code}\n{text}");
        assert!(
            !text.contains("lessons_cell") && !text.contains("__lessons"),
            "{text}"
        );
        let links = name.starts_with('E');
        assert_eq!(
            text.contains(&format!("`:explain {name}`")),
            links,
            "{text}"
        );
    }
    assert!(
        session.variables().is_empty(),
        "a cell that does not compile leaves nothing"
    );
}

#[test]
fn several_errors_come_in_the_cells_order_with_their_number() {
    let mut session = Session::new();
    let error = session.err("let x: i32 = 1.5;\nlet y: String = 2;\nz");
    assert_eq!(error.ename, "E0308");
    let text = error.text();
    assert!(
        text.ends_with("3 errors; more with `:explain E0308`, `:explain E0425`"),
        "{text}"
    );
    let places: Vec<usize> = ["cell:1:14", "cell:2:17", "cell:3:1"]
        .iter()
        .map(|place| text.find(place).unwrap())
        .collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn what_does_not_compile_with_a_change_is_shown_in_its_earlier_cell() {
    let mut session = Session::new();
    session.ok("fn helper() -> i32 { 1 }\nfn user() -> i32 {\n    helper() + 1\n}");
    session.ok("macro_rules! grow { ($x:expr) => { $x + one } }");
    session.ok("fn helper() -> String { String::new() }");
    let error = session.err("user()");
    assert!(error.text().contains("earlier cell:3:"), "{}", error.text());
    let error = session.err("let a = 1;\ngrow!(a)");
    assert_eq!(error.ename, "E0425", "{}", error.text());
    assert!(error.text().contains("earlier cell:1:"), "{}", error.text());
}

#[test]
fn warnings_do_not_fail_and_kept_variables_do_not_warn() {
    let mut session = Session::new();
    let ran = session
        .ok("let unused = 1;\nlet mut never_changed = 2;\nfn not_called() {}\nuse std::fmt;");
    assert_eq!(ran.stderr(), "");
    let ran = session.ok("std::fs::read_to_string(\"x\");");
    let text = ran.stderr();
    assert!(
        text.contains("unused `Result`") && text.contains("cell:1:1"),
        "{text}"
    );
}

#[test]
fn errors_about_closures_and_long_types_name_no_files() {
    let mut session = Session::new();
    let error = session.err(
        "fn take<T: Into<Vec<(f64, f64)>>>(_: T) {}
         take((0..=20).map(f64::from).map(|x| (x, x)).map(|p| p).filter(|p| p.0 > 1.0).map(|p| p).skip(1));",
    );
    assert_eq!(error.ename, "E0277");
    let text = format!("{}\n{}", error.evalue, error.text());
    assert!(text.contains("{closure}") || text.contains("..."), "{text}");
    assert!(!text.contains('/') && !text.contains("closure@"), "{text}");
}

#[test]
fn habits_of_other_notebooks_are_answered() {
    let mut session = Session::new();
    for (code, help) in [
        (
            "let a = 1;\n:vars",
            "commands such as `:vars` stand above a cell's code",
        ),
        ("%time 1", "`:help` lists them"),
        ("!ls", "Command::new(\"ls\")"),
        ("import numpy as np", "`:dep NAME`"),
        ("help", "`:help` lists the commands"),
        ("Vec?", "`?Vec` tells about a name"),
    ] {
        let text = session.err(code).text();
        assert!(text.contains(help), "{code}: {text}");
    }
    let text = session.err("nothing + 1").text();
    assert!(!text.contains("tells about"), "{text}");
}

#[test]
fn suggestions_fit_the_cells_value_and_its_variables() {
    let mut session = Session::new();
    session.ok("let v = vec![1, 2];");
    let text = session.err("v.len").text();
    assert!(text.contains("v.len()"), "{text}");
    let text = session.err("v.push(1);").text();
    assert!(text.contains("`let mut v = v;`"), "{text}");
    assert!(!text.contains("to be mutable: mut"), "{text}");
}

#[test]
fn a_panic_in_the_standard_library_names_no_file_of_it() {
    let mut session = Session::new();
    let error = session.err("2i32.pow(40)");
    assert_eq!(error.ename, "Panic");
    assert!(
        error
            .text()
            .contains("in the standard library, called by this cell"),
        "{}",
        error.text()
    );
    let error = session.err("let none: Option<u8> = None;\nnone.unwrap()");
    assert!(
        error.text().contains("line 2: none.unwrap()"),
        "{}",
        error.text()
    );
}
