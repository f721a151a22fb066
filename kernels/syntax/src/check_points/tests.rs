use super::{Condition, PIECES};
use crate::parse;

/// The code with its check points as `§`, those that depend on a function as `§?`.
fn checked(code: &str) -> String {
    let cell = parse(code).unwrap();
    let mut points = cell.check_points.clone();
    points.extend(cell.items.iter().flat_map(|item| item.check_points.clone()));
    points.sort_by_key(|point| point.at);
    let mut text = String::new();
    let mut from = 0;
    for point in points {
        text.push_str(&cell.text[from..point.at]);
        let mark = match point.condition {
            Condition::Always => "§",
            Condition::UnlessShort(_) => "§?",
            Condition::IfShort(_) => "",
        };
        if let Some(place) = PIECES.iter().position(|text| *text == point.text) {
            text.push_str(["«", "‹", "›", "»"][place]);
            from = point.at;
            continue;
        }
        text.push_str(
            &point
                .text
                .replace("crate::__lessons_check_point(); ", mark)
                .replace("{ ", "{"),
        );
        from = point.at;
    }
    text + &cell.text[from..]
}

#[test]
fn loops_have_check_points_wherever_they_stand() {
    for (code, expected) in [
        ("loop { f() }", "loop { §f() }"),
        ("loop {}", "loop {§}"),
        (
            "while go() { #[allow(x)] f(); }",
            "while go() { §#[allow(x)] f(); }",
        ),
        ("for x in xs { f(x) }", "for x in xs { §f(x) }"),
        (
            "'a: for x in &xs { println!(\"{x}\") }",
            "'a: for x in &xs { §println!(\"{x}\") }",
        ),
        (
            "impl T for S { fn f(&self) { loop {} } }\nmod m { fn g() { loop {} } }",
            "impl T for S { fn f(&self) { loop {§} } }\nmod m { fn g() { loop {§} } }",
        ),
        (
            "let f = move || loop { g() };",
            "let f = move || loop { §g() };",
        ),
        (
            "fn fib(n: u32) -> u32 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
            "fn fib(n: u32) -> u32 { §if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }",
        ),
        (
            "(0..n).map(|x| g(x)).for_each(|x| { h(x); })",
            "(0..n).map(|x| {§g(x) }).for_each(|x| { §h(x); })",
        ),
        (
            "println!(\"{}\", xs.map(|x| g(x)).count());",
            "println!(\"{}\", xs.map(|x| {§g(x) }).count());",
        ),
        (
            "async { loop { f().await } }",
            "async { loop { §f().await } }",
        ),
    ] {
        assert_eq!(checked(code), expected);
    }
}

#[test]
fn nothing_is_put_where_it_would_break_something() {
    for code in [
        "const fn f() { loop {} }",
        "const N: u32 = { let mut i = 0; while i < 9 { i += 1; } i };",
        "static S: u32 = { loop {} };",
        "let a = [0; { let mut i = 0; while i < 9 { i += 1; } i }];",
        "let n = const { let mut i = 0; while i < 9 { i += 1; } i };",
        "enum E { A = { loop {} } }",
        "extern \"C\" fn f() { loop {} }",
        "unsafe fn f() { loop {} }",
        "fn f() { let x = unsafe { g() }; loop {} }",
        "unsafe { COUNT += 1; }\nloop {}",
        "unsafe { loop { COUNT += 1; } }",
        "for i in 0..n { sum += unsafe { *xs.get_unchecked(i) }; }",
        "dbg!(unsafe { COUNT });\nwhile go() {}",
        "fn f(n: u32) -> u32 { unsafe { COUNT += 1; } f(n) }",
        "xs.iter().map(|x| unsafe { g(x) }).count();",
        "assert!(xs.iter().any(|x| g(x)));",
        "macro_rules! forever { () => { loop {} } }",
    ] {
        assert_eq!(checked(code), code);
    }
}

#[test]
fn a_loop_around_unsafe_code_has_one_before_each_turn() {
    for (code, expected) in [
        (
            "loop { unsafe { COUNT += 1; } }",
            "loop { §unsafe { COUNT += 1; } }",
        ),
        (
            "fn f() { while go() { let x = unsafe { g() }; loop { h(x) } } loop {} }",
            "fn f() { while go() { §let x = unsafe { g() }; loop { h(x) } } loop {} }",
        ),
        (
            "for i in 0.. { unsafe { COUNT += i; } }",
            "for i in 0.. { §unsafe { COUNT += i; } }",
        ),
        (
            "for i in 0..n { unsafe { COUNT += i; } }",
            "«for i in ‹0..n› { unsafe { COUNT += i; } }»",
        ),
        (
            "loop { f() }\nlet x = unsafe { g() };",
            "loop { §f() }\nlet x = unsafe { g() };",
        ),
        (
            "fn f() { unsafe { g() } }\nfn h() { loop {} }",
            "fn f() { unsafe { g() } }\nfn h() { loop {§} }",
        ),
    ] {
        assert_eq!(checked(code), expected);
    }
}

#[test]
fn a_short_loop_that_only_computes_has_none() {
    for code in [
        "for x in &mut xs { *x = *x * 2.0 + 1.0; }",
        "for (y, x) in ys.iter_mut().zip(&xs) { *y += a * x.sqrt(); }",
        "for i in 0..n { y[i] = a[i * m + 1] + b[i].max(0.0); }",
        "for i in 0..xs.len() { sum += xs[i]; }",
        "for _ in 0..1000 { x = x * 0.5; }",
        "let s: f32 = xs.iter().map(|x| x * x).sum();",
        "let m = xs.iter().fold(0.0, |a, b| f32::max(a, *b));",
    ] {
        assert_eq!(checked(code), code);
    }
    for (code, expected) in [
        (
            "for i in 0..n { s = s * 31 + i; }",
            "«for i in ‹0..n› { s = s * 31 + i; }»",
        ),
        (
            "for i in 0..n { t[i % 4] += 1; }",
            "«for i in ‹0..n› { t[i % 4] += 1; }»",
        ),
        (
            "for i in 0..n { s += relu(i); }",
            "«for i in ‹0..n› { §?s += relu(i); }»",
        ),
        (
            "for i in 0..n { if i > 9 { break; } }",
            "for i in 0..n { §if i > 9 { break; } }",
        ),
        (
            "'a: for i in 0..n { s += i; }",
            "'a: for i in 0..n { §s += i; }",
        ),
        (
            "fn f<T>(n: T) { for i in a..n { s += i; } }",
            "fn f<T>(n: T) { for i in a..n { §s += i; } }",
        ),
        (
            "for x in 0.5..n { s += x; }",
            "for x in 0.5..n { §s += x; }",
        ),
        ("for i in 0.. { y[i] = 0; }", "for i in 0.. { §y[i] = 0; }"),
        (
            "for x in numbers { s += x; }",
            "for x in numbers { §s += x; }",
        ),
        (
            "for x in &mut xs { *x = relu(*x); }",
            "for x in &mut xs { §?*x = relu(*x); }",
        ),
        (
            "for i in 0..n { for k in 0..n { s += a[i * n + k]; } }",
            "for i in 0..n { §for k in 0..n { s += a[i * n + k]; } }",
        ),
    ] {
        assert_eq!(checked(code), expected);
    }
}

#[test]
fn a_function_that_only_computes_is_known_as_such() {
    let arithmetic = |code: &str| parse(code).unwrap().items[0].arithmetic.clone();
    let calls = arithmetic("fn relu(x: f32) -> f32 { let y = max(x, 0.0); y * 1.0 }").unwrap();
    assert!(calls.contains("max") && calls.len() == 1);
    assert_eq!(
        arithmetic("fn f(x: &[f32]) -> Vec<f32> { x.to_vec() }"),
        None
    );
    assert_eq!(arithmetic("fn f() { for i in 0..3 { } }"), None);
}
