//! Interrupts: while rustc works, while a cell runs, between cells.

use crate::harness::Session;

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
