//! Lines that begin with a colon.

use std::sync::Arc;

use lessons_kernel::engine::direct::COMMANDS;

use crate::harness::Session;

#[test]
fn commands() {
    let mut session = Session::new();
    session.ok("let a = vec![1u8];");
    assert_eq!(session.ok(":vars").stdout_bytes(), b"a: Vec<u8>\n");
    assert_eq!(session.value(":opt 3\na[0]"), "1");
    assert!(session.err(":opt 9").evalue.contains("levels"));
    assert!(session.err(":nonsense").evalue.contains(":help"));
    session.ok(":clear");
    assert!(session.variables().is_empty() && session.items().is_empty());
    assert_eq!(session.err("a").ename, "E0425");
}

#[test]
fn a_mistyped_command_is_told_its_neighbor() {
    let mut session = Session::new();
    let error = session.err(":tpye 1");
    assert_eq!(error.ename, "CommandError");
    assert!(
        error.evalue.contains("Did you mean `:type`?"),
        "{}",
        error.evalue
    );
}

#[test]
fn help_lists_every_command() {
    let mut session = Session::new();
    let ran = session.ok(":help");
    let [table] = ran.displays()[..] else {
        panic!("not one table: {ran:?}");
    };
    for command in COMMANDS {
        let name = format!(":{}", command.name);
        for format in ["text/plain", "text/html"] {
            let text = table[format].as_str().unwrap();
            assert!(text.contains(&name), "{format}: {name}");
        }
    }
}

#[test]
fn the_type_of_an_expression_is_told_and_nothing_runs() {
    let mut session = Session::new();
    session.ok("let words = vec![String::from(\"a\")];\nfn half(x: i32) -> f64 { x as f64 / 2.0 }");
    for (expression, ty) in [
        ("words", "Vec<String>"),
        (
            "words.into_iter().map(|w| w.len()).collect::<Vec<_>>()",
            "Vec<usize>",
        ),
        ("half(3)", "f64"),
        ("1 + 1", "i32"),
        ("{ println!(\"run\"); panic!(); }", "!"),
        ("&words[0]", "&String"),
    ] {
        let ran = session.ok(&format!(":type {expression}"));
        assert_eq!(ran.stdout(), format!("{ty}\n"), "{expression}");
        assert_eq!(
            session.ok(&format!(":t {expression}")).stdout(),
            ran.stdout()
        );
    }
    assert_eq!(session.value("words.len()"), "1");

    let error = session.err("\n:type words.no_such_method()");
    assert_eq!(error.ename, "E0599");
    assert!(error.text().contains(":2:13"), "{}", error.text());
    assert!(
        session
            .err(":type let x = 1;")
            .evalue
            .contains("takes an expression")
    );
    assert!(session.err(":type").evalue.contains("takes an expression"));
}

#[test]
fn an_error_is_explained() {
    let mut session = Session::new();
    let explained = |session: &mut Session, code: &str| {
        let ran = session.ok(code);
        let page = ran.displays()[0];
        ["text/plain", "text/markdown"].map(|format| page[format].as_str().unwrap().to_owned())
    };
    let [plain, markdown] = explained(&mut session, ":explain e0382");
    assert!(plain.contains("moved elsewhere"), "{plain}");
    assert!(markdown.contains("```rust\n"), "{markdown}");
    assert_eq!(explained(&mut session, ":explain 382")[0], plain);
    assert!(
        session
            .err(":explain --version")
            .evalue
            .contains("look like E0382")
    );
    assert!(session.err(":explain E9999").evalue.contains("E9999"));

    // Without a code: the last error's.
    assert!(session.err(":explain").evalue.contains("no error"));
    assert_eq!(session.err("let s: String = 1;").ename, "E0308");
    assert!(explained(&mut session, ":explain")[0].starts_with("### E0308"));
}

#[test]
fn documentation_is_shown_below_the_cell() {
    let mut session = Session::new();
    let assistant = Arc::new(lessons_kernel::assist::Assistant::new(None));
    session.document(Arc::new(move |name| assistant.document(name)));
    let ran = session.ok(":doc Vec");
    assert!(ran.displays()[0].contains_key("text/markdown"), "{ran:?}");
    assert!(
        session
            .err(":doc no_such_name")
            .evalue
            .contains("no_such_name")
    );
}

#[test]
fn an_environment_variable_is_there_at_once_and_after_a_restart() {
    let mut session = Session::new();
    session.ok("let a = 1;");
    let read = "std::env::var(\"LESSONS_TEST_WORD\").ok()";
    assert_eq!(session.value(read), "None");
    let ran = session.ok(&format!(":env LESSONS_TEST_WORD=a = b\n{read}"));
    assert_eq!(ran.result().unwrap()["text/plain"], "Some(\"a = b\")");
    let said = session.ok(":restart").stdout();
    assert!(said.contains("lost: a"), "{said}");
    assert_eq!(session.value(read), "Some(\"a = b\")");
    assert!(session.err(":env nothing").evalue.contains("KEY=VALUE"));
}

#[test]
fn evcxrs_spellings_work_or_say_why_not() {
    let mut session = Session::new();
    for code in [
        ":preserve_vars_on_panic 1",
        ":sccache 1",
        ":cache 500",
        ":linker mold",
        ":toolchain nightly",
        ":load_config --quiet",
        ":efmt {}",
        ":internal_debug",
    ] {
        let ran = session.ok(code);
        assert!(ran.stdout().contains("no effect: "), "{code}: {ran:?}");
    }
    assert!(session.ok(":version").stdout().contains("rustc 1."));
    session.ok("let x = 1;");
    let folder = session.ok(":last_compile_dir").stdout();
    let main = std::path::Path::new(folder.trim()).join("main.rs");
    assert!(main.exists(), "{folder}");
    assert_eq!(session.ok(":last_error_json").stdout(), "");
    session.err("1 + \"a\"");
    let json = session.ok(":last_error_json").stdout();
    assert!(json.contains("E0277"), "{json}");
    session.ok(":quit");
    assert!(session.variables().is_empty());
}
