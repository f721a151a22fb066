//! How a cell's value is shown.

use crate::harness::Session;

#[test]
fn values_are_shown_and_unit_is_not() {
    let mut session = Session::new();
    assert_eq!(session.value("1 + 2"), "3");
    assert_eq!(session.value("\"a\\nb\""), "\"a\\nb\"");
    assert_eq!(session.value("vec![1, 2, 3]"), "[1, 2, 3]");
    assert_eq!(session.value("Some(\"ü🦀\".to_string())"), "Some(\"ü🦀\")");
    assert_eq!(session.value("if true { 1 } else { 2 }"), "1");
    assert_eq!(session.value("match 3 { 3 => 'x', _ => 'y' }"), "'x'");
    assert_eq!(session.value("{ let a = 2; a * a }"), "4");
    assert_eq!(session.value("&&&7"), "7");
    assert_eq!(session.value("Box::new(5)"), "5");
    assert_eq!(session.value("format!(\"{:03}\", 7)"), "\"007\"");
    assert_eq!(
        session.value("(1..=3).map(|x| x * x).collect::<Vec<_>>()"),
        "[1, 4, 9]"
    );
    for code in [
        "()",
        "println!(\"x\")",
        "1;",
        "let x = 1;",
        "for _ in 0..1 {}",
        "// only",
        "",
    ] {
        let ran = session.ok(code);
        assert!(ran.result().is_none(), "{code}: {ran:?}");
    }
}

#[test]
fn long_values_are_printed_over_several_lines() {
    let mut session = Session::new();
    let text = session.value("(0..60).collect::<Vec<i32>>()");
    assert!(text.starts_with("[\n    0,\n    1,"), "{text}");
}

#[test]
fn a_value_shows_itself_by_evcxr_display_and_is_not_moved() {
    let mut session = Session::new();
    session.ok(
        "#[derive(Debug)] struct Own;
         impl Own { fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT text/html\\n<b>own</b>\\nEVCXR_END_CONTENT\"); } }
         trait Show { fn evcxr_display(&self); }
         #[derive(Debug)] struct ByTrait;
         impl Show for ByTrait { fn evcxr_display(&self) { println!(\"EVCXR_BEGIN_CONTENT text/plain\\ntrait\\nEVCXR_END_CONTENT\"); } }
         let own = Own; let by_trait = ByTrait;",
    );
    for code in ["own", "&own", "Box::new(Own)", "std::sync::Arc::new(Own)"] {
        assert_eq!(
            session.ok(code).result().unwrap()["text/html"],
            "<b>own</b>",
            "{code}"
        );
    }
    assert_eq!(session.value("by_trait"), "trait");
    assert_eq!(session.value("by_trait"), "trait");
}

#[test]
fn a_value_that_cannot_be_shown_is_an_error_that_names_its_type() {
    let mut session = Session::new();
    session.ok("struct Silent;\nlet silent = Silent;");
    let error = session.err("\nsilent");
    assert_eq!(error.ename, "E0277");
    assert!(error.evalue.contains("Silent"), "{error:?}");
    assert!(error.text().contains("cell:2"), "{}", error.text());
    assert!(
        error.text().contains("end the line with `;`"),
        "{}",
        error.text()
    );
    session.ok("silent;");
}
