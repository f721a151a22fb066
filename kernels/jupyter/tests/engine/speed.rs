//! What is optimized, what is not compiled again, what must not grow.

use crate::harness::Session;

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
