//! Cells that take their process with them.

use crate::harness::Session;

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
