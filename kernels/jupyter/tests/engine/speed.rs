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

/// Three loops, as the fastest of some runs each: one that may be long, one over memory, one that calls
/// a function of the notebook.
const TIMED: &str = "
fn relu(x: f32) -> f32 { if x > 0.0 { x } else { 0.0 } }
fn fastest(mut work: impl FnMut()) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..15 {
        let begin = std::time::Instant::now();
        work();
        best = best.min(begin.elapsed().as_nanos() as u64);
    }
    best
}
fn times() -> (u64, u64, u64) {
    let xs = std::hint::black_box(vec![1.5f32; 1 << 15]);
    let mut ys = vec![1f32; 1 << 15];
    let long = fastest(|| {
        let (mut n, end) = std::hint::black_box((1u64, 1u64 << 20));
        for i in 0..end { n = n.wrapping_mul(31).wrapping_add(i); }
        std::hint::black_box(n);
    });
    let memory = fastest(|| {
        for (y, x) in ys.iter_mut().zip(&xs) { *y = *y * 0.5 + x * 3.0; }
        std::hint::black_box(&ys);
    });
    let function = fastest(|| {
        for i in 0..xs.len().min(ys.len()) { ys[i] = relu(xs[i] - ys[i]); }
        std::hint::black_box(&ys);
    });
    (long, memory, function)
}
times()";

#[test]
fn check_points_cost_next_to_nothing() {
    let mut session = Session::new();
    let mut times = |level: &str| -> Vec<f64> {
        session.ok(level);
        let shown = session.value(TIMED);
        let numbers = shown.trim_matches(['(', ')']).split(", ");
        numbers.map(|number| number.parse().unwrap()).collect()
    };
    // At the third level there are none.
    let (with, without) = (times(":opt 2"), times(":opt 3"));
    for (with, without) in with.iter().zip(&without) {
        // A loop that lost its vector code would take four times as long, and more.
        assert!(*with < 2.0 * without, "{with} ns against {without} ns");
    }
    println!("with check points {with:?} ns, without {without:?} ns");
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
fn timing_tells_the_linker_from_the_compiler() {
    let mut session = Session::new();
    let ran = session.ok(":timing\nlet timed = vec![1, 2, 3];");
    let line = String::from_utf8(ran.stdout_bytes()).unwrap();
    let mut milliseconds = std::collections::BTreeMap::new();
    for part in line.split([' ', '|']).collect::<Vec<_>>().windows(2) {
        if let Ok(number) = part[1].parse::<f64>() {
            milliseconds.insert(part[0], number);
        }
    }
    let known: Vec<&str> = milliseconds.keys().copied().collect();
    assert_eq!(
        known,
        ["compile", "link", "load", "parse", "probe", "run", "total"],
        "{line}"
    );
    for step in ["compile", "link", "probe"] {
        assert!(milliseconds[step] > 0.0, "{line}");
    }
    let parts: f64 = ["parse", "compile", "link", "load", "run"]
        .map(|step| milliseconds[step])
        .iter()
        .sum();
    assert!(parts <= milliseconds["total"] + 5.0, "{line}");
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
