//! Variables from cell to cell.

use crate::harness::Session;

#[test]
fn variables_live_on() {
    let mut session = Session::new();
    session.ok(
        "let a = 1;\nlet mut v = vec![1.5];\nlet (s, t) = (\"text\", String::from(\"owned\"));",
    );
    session.ok("v.push(2.5);");
    assert_eq!(
        session.value("(a, &v, s, &t)"),
        "(1, [1.5, 2.5], \"text\", \"owned\")"
    );
    assert_eq!(
        session.variables(),
        ["a: i32", "s: &str", "t: String", "v: Vec<f64>"]
    );
    session.ok("let a = format!(\"{a} is now text\");");
    assert_eq!(session.value("a.len()"), "13");
    assert_eq!(session.value("format!(\"{s}\")"), "\"text\"");
    session.ok("let Some(inner) = Some(3u8) else { panic!() };\nlet [x, .., y] = [1u8, 2, 3];");
    assert_eq!(session.value("inner + x + y"), "7");
    session.ok("let r#type = 1;");
    assert_eq!(session.value("r#type + 1"), "2");
}

#[test]
fn shadowing_with_a_use_of_the_old_value() {
    let mut session = Session::new();
    session.ok("let x = vec![3, 1, 2];");
    session.ok("let x: std::collections::BTreeSet<i32> = x.into_iter().collect();");
    assert_eq!(session.value("&x"), "{1, 2, 3}");
    session.ok("let x = x.len();\nlet x = x * 2;");
    assert_eq!(session.value("x"), "6");
}

#[test]
fn every_kind_of_type_is_kept() {
    let mut session = Session::new();
    session.ok(
        "use std::{rc::Rc, cell::RefCell, collections::HashMap, sync::{Arc, Mutex}};
         mod shapes { #[derive(Debug)] pub struct Circle<T>(pub T); }
         fn double(x: i32) -> i32 { 2 * x }
         let map: HashMap<String, Vec<Option<u8>>> = HashMap::new();
         let shared = Rc::new(RefCell::new(vec![(1, 'a')]));
         let locked = Arc::new(Mutex::new([0u64; 3]));
         let function = double;
         let pointer: fn(i32) -> i32 = double;
         let boxed: Box<dyn Fn(i32) -> i32> = { let k = 10; Box::new(move |x| x + k) };
         let circle = shapes::Circle(1.5f32);
         let cow = std::borrow::Cow::Borrowed(\"cow\");
         let error: Option<Box<dyn std::error::Error + Send + Sync>> = None;
         let now = std::time::Instant::now();
         let range = 0..10usize;
         let handle = std::thread::spawn(|| 5);
         let nested = (((1u8, 2i64), [\"a\"; 2]), ());",
    );
    let kept = session.variables();
    assert_eq!(kept.len(), 13, "{kept:?}");
    assert_eq!(
        session.value("(map.len(), shared.borrow().len(), locked.lock().unwrap()[0], function(2), pointer(3), boxed(4), circle.0, &cow, error.is_none(), now.elapsed().as_secs() < 99, range.end, nested.0.1[1])"),
        "(0, 1, 0, 4, 6, 14, 1.5, \"cow\", true, true, 10, \"a\")".to_owned()
    );
    assert_eq!(session.value("handle.join().unwrap()"), "5");
}

#[test]
fn a_moved_variable_is_gone_and_the_error_says_why() {
    let mut session = Session::new();
    session.ok("let s = String::from(\"x\"); let n = 5;");
    session.ok("drop(s); let m = n;");
    assert_eq!(session.variables(), ["m: i32", "n: i32"]);
    let error = session.err("s.len()");
    assert_eq!(error.ename, "E0425");
    assert!(
        error.text().contains("moved by an earlier cell"),
        "{}",
        error.text()
    );
    // Moved on one path only.
    session.ok("let s = String::from(\"y\");");
    session.ok("if n > 100 { drop(s); }");
    assert!(!session.variables().contains(&"s: String".to_owned()));
    // Moved in part.
    session.ok("let pair = (String::new(), 1);");
    session.ok("let first = pair.0;");
    assert!(
        !session
            .variables()
            .iter()
            .any(|variable| variable.starts_with("pair"))
    );
}

#[test]
fn what_cannot_be_kept_is_refused_by_name_unless_the_cell_itself_uses_it() {
    let mut session = Session::new();
    let error = session.err("let v = vec![1];\nlet view = &v[..];");
    assert_eq!(error.ename, "NotKept");
    assert!(
        error.evalue.contains("`view`") && error.evalue.contains("borrows"),
        "{error:?}"
    );
    let error = session.err("let add = |a: i32| a + 1;");
    assert!(
        error.evalue.contains("`add`") && error.evalue.contains("closure"),
        "{error:?}"
    );
    let error =
        session.err("fn numbers() -> impl Iterator<Item = i32> { 0..3 }\nlet numbers = numbers();");
    assert!(error.evalue.contains("impl Trait"), "{error:?}");
    assert_eq!(
        session
            .value("let add = |a: i32| a + 1;\nlet v = vec![1];\nlet view = &v[..];\nadd(view[0])"),
        "2"
    );
    assert_eq!(session.variables(), ["v: Vec<i32>"]);
    let error = session.err("add(1)");
    assert!(error.text().contains("closure"), "{}", error.text());
    let error = session.err("view.len()");
    assert!(error.text().contains("borrows"), "{}", error.text());
}
