//! Cells through the direct engine, without a prebuilt library: std alone.

mod harness;

use harness::{Ran, Session};
use lessons_kernel::engine::Output;

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
fn code_that_loops_is_optimized_without_being_asked() {
    let mut session = Session::new();
    session.ok("fn total(n: u64) -> u64 { let mut sum = 0u64; for i in 0..n { sum = sum.wrapping_mul(31).wrapping_add(i); } sum }");
    assert_eq!(session.value("cfg!(debug_assertions)"), "false");
    let begin = std::time::Instant::now();
    session.ok("total(200_000_000)");
    // Unoptimized, the loop alone takes more than ten times as long.
    assert!(begin.elapsed().as_secs() < 8, "{:?}", begin.elapsed());
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
fn items_are_seen_later_replaced_and_extended() {
    let mut session = Session::new();
    session.ok("fn f() -> i32 { g() }\nfn g() -> i32 { 1 }");
    assert_eq!(session.value("f()"), "1");
    session.ok("fn g() -> i32 { 2 }");
    assert_eq!(session.value("f()"), "2");
    session.ok("#[derive(Debug, Clone, PartialEq)] struct P { x: i32 }\nlet p = P { x: 1 };");
    session.ok(
        "impl P { fn double(&self) -> i32 { 2 * self.x } fn half(&self) -> i32 { self.x / 2 } }",
    );
    assert_eq!(session.value("p.double()"), "2");
    session.ok("impl P { fn double(&self) -> i32 { 20 * self.x } }");
    assert_eq!(session.value("(p.double(), p.half())"), "(20, 0)");
    session
        .ok("trait Area { fn area(&self) -> f64; fn name(&self) -> String { \"shape\".into() } }");
    session.ok("impl Area for P { fn area(&self) -> f64 { self.x as f64 } }");
    session.ok("impl Area for P { fn area(&self) -> f64 { 10.0 } }");
    session.ok("let shapes: Vec<Box<dyn Area>> = vec![Box::new(p.clone())];");
    assert_eq!(
        session.value("(shapes[0].area(), shapes[0].name())"),
        "(10.0, \"shape\")"
    );
    session.ok("impl Area for f64 { fn area(&self) -> f64 { *self } }");
    assert_eq!(session.value("3.0.area()"), "3.0");
    assert_eq!(session.items(), ["Area", "P", "f", "g"]);
}

#[test]
fn macros_modules_constants_generics_and_imports() {
    let mut session = Session::new();
    session.ok("macro_rules! square { ($x:expr) => { $x * $x } }\nconst N: usize = 3;");
    session.ok("mod geometry { pub fn unit() -> f64 { square!(1.0) } pub enum Shape { Circle(f64), Point } }");
    session.ok("use geometry::Shape::{self, *};\nuse std::fmt::Write as _;");
    session.ok(
        "fn area(shape: &Shape) -> f64 { match shape { Circle(r) => square!(*r), Point => 0.0 } }",
    );
    assert_eq!(
        session.value("area(&Circle(3.0)) + geometry::unit() + area(&Point)"),
        "10.0"
    );
    assert_eq!(
        session.value("let mut s = String::new(); write!(s, \"{}\", N)?; s"),
        "\"3\""
    );
    session.ok("fn largest<T: PartialOrd + Copy>(list: &[T]) -> T { let mut best = list[0]; for &x in list { if x > best { best = x } } best }");
    assert_eq!(session.value("largest(&[1, N, 2])"), "3");
    session.ok("macro_rules! square { ($x:expr) => { 100 } }");
    assert_eq!(session.value("square!(2)"), "100");
    assert!(
        session.err("area(&Point)").text().contains("earlier cell"),
        "an earlier cell no longer compiles"
    );
    session.ok("mod geometry { pub fn unit() -> f64 { 1.0 } }");
    session.ok("use std::collections::HashMap as Map;");
    session.ok("struct Map;");
    session.ok("let _m = Map;");
}

#[test]
fn a_redefined_type_drops_what_was_made_of_it() {
    let mut session = Session::new();
    session.ok("#[derive(Debug)] struct P { x: i32 }\nimpl P { fn get(&self) -> i32 { self.x } }\nlet p = P { x: 1 }; let v = vec![P { x: 2 }]; let n = 7;");
    let ran = session.ok("#[derive(Debug)] struct P { y: String }");
    assert!(ran.stderr().contains("`p` was dropped"), "{ran:?}");
    assert_eq!(session.variables(), ["n: i32"]);
    assert!(session.err("p").text().contains("redefined"));
    assert_eq!(session.value("P { y: \"new\".into() }"), "P { y: \"new\" }");
    assert_eq!(session.value("n"), "7");
}

#[test]
fn a_redefined_type_is_another_type_and_the_rest_stay_themselves() {
    let mut session = Session::new();
    session.ok("use std::any::Any;\n#[derive(Debug)] struct Keep(i32);\n#[derive(Debug)] struct Change(i32);");
    session.ok("let any: Box<dyn Any> = Box::new(Change(1)); let keep = Keep(2);");
    assert_eq!(session.value("any.is::<Change>()"), "true");
    session.ok("#[derive(Debug)] struct Change(f64, f64);");
    assert_eq!(session.value("any.is::<Change>()"), "false");
    assert_eq!(session.value("keep"), "Keep(2)");
}

#[test]
fn statics_are_one_piece_of_memory() {
    let mut session = Session::new();
    session.ok("use std::sync::atomic::{AtomicU32, Ordering::SeqCst};\nstatic COUNT: AtomicU32 = AtomicU32::new(0);\nfn next() -> u32 { COUNT.fetch_add(1, SeqCst) + 1 }");
    session.ok("next(); next();");
    assert_eq!(session.value("next()"), "3");
    assert_eq!(session.value("COUNT.load(SeqCst)"), "3");
    session.ok("static mut RAW: i32 = 5;");
    session.ok("unsafe { RAW += 1; }");
    assert_eq!(session.value("unsafe { RAW }"), "6");
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

#[test]
fn a_dead_runtime_is_replaced_and_items_stay() {
    let mut session = Session::new();
    session.ok("fn f() -> i32 { 42 }\nlet a = 1; static S: std::sync::Mutex<i32> = std::sync::Mutex::new(1);");
    let deaths = [
        ("std::process::abort()", "SIGABRT"),
        (
            "print!(\"last words\"); std::process::exit(3)",
            "exit code 3",
        ),
        (
            "unsafe { std::ptr::null_mut::<i32>().write_volatile(1) }",
            "SIGSEGV",
        ),
        (
            "fn endless(x: u64) -> u64 { let a = [x; 100]; std::hint::black_box(&a); endless(x + 1) + a[3] }\nendless(0)",
            "SIGABRT",
        ),
    ];
    for (code, what) in deaths {
        session.ok("let a = 1;");
        let ran = session.run(code);
        let error = ran.error();
        assert_eq!(error.ename, "RuntimeDied", "{code}: {error:?}");
        assert!(error.text().contains(what), "{code}: {error:?}");
        assert!(error.text().contains("`a`"), "{code}: {error:?}");
        if what.starts_with("exit") {
            assert_eq!(ran.stdout_bytes(), b"last words");
        }
        assert!(session.variables().is_empty());
        assert_eq!(session.value("f() + *S.lock().unwrap()"), "43");
    }
    assert!(
        session.err("a").text().contains("lost"),
        "the reason is said"
    );
}

#[test]
fn an_interrupt_stops_a_running_cell_and_the_next_one_works() {
    let mut session = Session::new();
    session.ok("let a = 1;");
    let error =
        session.interrupted_at_output("println!(\"running\");\nloop { std::hint::spin_loop() }");
    assert_eq!(error.ename, "Interrupted");
    assert!(error.text().contains("`a`"), "{}", error.text());
    assert_eq!(session.value("1 + 1"), "2");
    session.ok("let b = 2;");
    session.interrupt_idle();
    assert_eq!(session.value("b"), "2");
    // While rustc works nothing is lost. A constant that takes minutes to evaluate keeps it busy.
    let error = session.interrupted(
        "#![allow(long_running_const_eval)]\nconst SLOW: u64 = { let mut i = 0u64; while i < 1 << 40 { i += 1; } i };\nSLOW",
        1500,
    );
    assert_eq!(error.ename, "Interrupted");
    assert!(error.text().contains("nothing is lost"), "{}", error.text());
    assert_eq!(session.value("b"), "2");
}

#[test]
fn an_unchanged_cell_is_not_compiled_again() {
    let mut session = Session::new();
    session.ok(":timing");
    session.ok("let mut n = 0;");
    let first = session.ok("n += 1;\nprintln!(\"{n}\")");
    let again = session.ok("n += 1;\nprintln!(\"{n}\")");
    assert!(!String::from_utf8_lossy(&first.stdout_bytes()).contains("compiled before"));
    assert!(String::from_utf8_lossy(&again.stdout_bytes()).contains("compiled before"));
    assert!(String::from_utf8_lossy(&again.stdout_bytes()).starts_with("2\n"));
}

/// `LESSONS_LIBRARY` names the folder into which a library was built.
#[test]
fn cells_use_the_prebuilt_library_and_its_types() {
    let Some(folder) = std::env::var_os("LESSONS_LIBRARY").map(std::path::PathBuf::from) else {
        println!("skipped: LESSONS_LIBRARY names no prebuilt library");
        return;
    };
    let folder = lessons_kernel::library::locate(&folder).unwrap_or(folder);
    let library = lessons_kernel::library::Library::open(&folder).expect("a library");
    let mut session = Session::with(library);
    session.ok(":dep lessons = { path = \"../lessons-crate\" }\nuse lessons::prelude::*;");
    session.ok(
        "let graph = Graph::build(\"g\", |g| { let x = g.input(\"x\", f32s((\"batch\", 4))); g.output(\"y\", (2 * x + 1.0).relu()); })?;",
    );
    assert!(session.ok("graph").result().is_some());
    assert_eq!(session.variables(), ["graph: Graph"]);
    session.ok(
        "use candle_core::{Device, Tensor};\nlet t = Tensor::new(&[1f32, 2.0], &Device::Cpu)?;",
    );
    assert_eq!(session.value("t.sum_all()?.to_scalar::<f32>()?"), "3.0");
    session.ok("#[derive(Debug, serde::Serialize, serde::Deserialize)] struct S { x: i32 }");
    assert_eq!(
        session.value("serde_json::from_str::<S>(\"{\\\"x\\\": 3}\")?"),
        "S { x: 3 }"
    );
    let error = session.err("let bad = Graph::build(\"g\", |g| {\n    let x = g.input(\"x\", f32s((2, 3)));\n    let y = x.matmul(x);\n    g.output(\"y\", y);\n})?;");
    assert_eq!(error.ename, "Error");
    assert!(
        error.text().contains("let y = x.matmul(x);"),
        "{}",
        error.text()
    );
    assert!(session.err(":dep polars").evalue.contains("candle_core"));
}

#[test]
fn commands() {
    let mut session = Session::new();
    session.ok("let a = vec![1u8];");
    assert_eq!(session.ok(":vars").stdout_bytes(), b"a: Vec<u8>\n");
    assert_eq!(session.value(":opt 3\na[0]"), "1");
    assert!(session.err(":opt 9").evalue.contains("levels"));
    assert!(session.err(":nonsense").evalue.contains(":help"));
    assert!(
        session
            .err(":dep rand = \"0.9\"")
            .evalue
            .contains("no prebuilt library")
    );
    session.ok(":clear");
    assert!(session.variables().is_empty() && session.items().is_empty());
    assert_eq!(session.err("a").ename, "E0425");
}

#[test]
fn a_long_notebook_does_not_make_a_cell_slow() {
    let mut session = Session::new();
    let begin = std::time::Instant::now();
    for cell in 0..5 {
        session.ok(&format!(
            "fn f{cell}() -> i32 {{ {cell} }}\nlet v{cell} = f{cell}();"
        ));
    }
    let early = begin.elapsed();
    for cell in 5..40 {
        session.ok(&format!(
            "fn f{cell}() -> i32 {{ {cell} }}\nlet v{cell} = f{cell}();"
        ));
    }
    let begin = std::time::Instant::now();
    for cell in 40..45 {
        session.ok(&format!(
            "fn f{cell}() -> i32 {{ {cell} }}\nlet v{cell} = f{cell}();"
        ));
    }
    let late = begin.elapsed();
    // A loose bound: other work on the machine must not fail the test.
    assert!(
        late < early * 3,
        "{early:?} for the first five, {late:?} for the last"
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
