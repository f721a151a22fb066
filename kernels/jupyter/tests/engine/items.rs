//! Items of earlier cells: seen, replaced, extended.

use crate::harness::Session;

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
