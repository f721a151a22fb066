//! Cells that take their process with them.

use crate::harness::Session;

/// Whether it can be seen which thread's stack has overflowed.
const NAMED: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

#[test]
fn a_dead_runtime_is_replaced_and_items_stay() {
    let mut session = Session::new();
    session.ok("fn f() -> i32 { 42 }\nlet a = 1; static S: std::sync::Mutex<i32> = std::sync::Mutex::new(1);");
    let deaths = [
        ("std::process::abort()", "RuntimeDied", "SIGABRT"),
        (
            "print!(\"last words\"); std::process::exit(3)",
            "RuntimeDied",
            "exit code 3",
        ),
        (
            "unsafe { std::ptr::null_mut::<i32>().write_volatile(1) }",
            "RuntimeDied",
            "SIGSEGV",
        ),
        (
            "fn endless(x: u64) -> u64 { let a = [x; 100]; std::hint::black_box(&a); endless(x + 1) + a[3] }\nendless(0)",
            "RuntimeDied",
            "the stack overflowed",
        ),
        (
            "std::thread::spawn(|| { fn f(x: u64) -> u64 { f(x + 1) + std::hint::black_box(x) } f(0) }).join().unwrap()",
            "RuntimeDied",
            if NAMED {
                "a thread that has no name overflowed"
            } else {
                "a thread whose stack overflowed"
            },
        ),
        (
            "fn deep(x: u64) -> u64 { let a = [x; 9]; std::hint::black_box(&a); deep(x + 1) + a[3] }\nstd::thread::Builder::new().name(\"worker\".into()).spawn(|| deep(0))?.join().unwrap()",
            "RuntimeDied",
            if NAMED {
                "the thread `worker` overflowed"
            } else {
                "a thread whose stack overflowed"
            },
        ),
        (
            "std::thread::spawn(|| unsafe { std::ptr::null_mut::<i32>().write_volatile(1) }).join().unwrap()",
            "RuntimeDied",
            "SIGSEGV (an invalid memory access",
        ),
        (
            "let v: Vec<u8> = Vec::with_capacity(1 << 46); v.len()",
            "OutOfMemory",
            "memory allocation of 70368744177664 bytes failed",
        ),
        (
            "extern \"C\" fn no_unwind() { panic!(\"may not leave\") }\nno_unwind()",
            "RuntimeDied",
            "SIGABRT",
        ),
        (
            "struct Twice; impl Drop for Twice { fn drop(&mut self) { panic!(\"again\") } }\nlet t = Twice; panic!(\"once\")",
            "RuntimeDied",
            "SIGABRT",
        ),
        (
            "std::process::Command::new(\"kill\").args([\"-TERM\", &std::process::id().to_string()]).status()?; std::thread::sleep(std::time::Duration::from_secs(9));",
            "RuntimeDied",
            "SIGTERM",
        ),
    ];
    for (code, ename, what) in deaths {
        session.ok("let a = 1;");
        let ran = session.run(code);
        let error = ran.error();
        assert_eq!(error.ename, ename, "{code}: {error:?}");
        assert!(error.text().contains(what), "{code}: {error:?}");
        assert!(error.text().contains("`a`"), "{code}: {error:?}");
        assert!(error.text().contains(":replay"), "{code}: {error:?}");
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
fn a_compiled_cell_that_is_damaged_is_compiled_again() {
    let code = "let where_it_is = file!().to_owned(); where_it_is";
    let mut session = Session::new();
    let file = session.value(code);
    let folder = std::path::Path::new(file.trim_matches('"'))
        .parent()
        .unwrap();
    let object = folder.join("cell.so");
    for damage in ["", "no shared object"] {
        // Another file: the session has mapped the old one.
        std::fs::remove_file(&object).unwrap();
        std::fs::write(&object, damage).unwrap();
        let mut other = Session::new();
        assert_eq!(other.value(code), file);
        assert_eq!(other.value("where_it_is"), file);
    }
    assert_eq!(session.value("where_it_is"), file);
}

#[test]
fn a_runtime_killed_between_cells_is_noticed_and_replaced() {
    let mut session = Session::new();
    session.ok("let a = 1;");
    let pid = session.value("std::process::id()");
    let status = std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status()
        .unwrap();
    assert!(status.success());
    std::thread::sleep(std::time::Duration::from_millis(500));
    let ran = session.ok("1 + 1");
    let said = ran.stderr();
    assert!(
        said.contains("SIGKILL") && said.contains("`a`") && said.contains(":replay"),
        "{said}"
    );
    session.ok(":replay");
    assert_eq!(session.value("a"), "1");
}

/// The limits are read when the runtime starts, so in a process with limits of its own.
#[cfg(target_os = "linux")]
#[test]
fn an_allocation_without_end_ends_in_words() {
    const LIMIT: &str = "LESSONS_MEMORY_LIMIT";
    const TEST: &str = "crash::an_allocation_without_end_ends_in_words";
    if std::env::var_os(LIMIT).is_none() {
        let program = std::env::current_exe().unwrap();
        let output = std::process::Command::new(program)
            .args(["--exact", TEST, "--nocapture"])
            .env(LIMIT, "400M")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    }
    let mut session = Session::new();
    for code in [
        "let mut v = Vec::new(); loop { v.push(vec![1u8; 1 << 20]); }",
        "let mut v = Vec::new(); loop { v.push(vec![0u8; 1 << 20]); }",
        "let mut s = String::from(\"x\"); loop { s = s.clone() + &s; }",
    ] {
        session.ok("let a = 1;");
        let error = session.err(code);
        assert_eq!(error.ename, "OutOfMemory", "{code}: {error:?}");
        assert!(error.evalue.contains(LIMIT), "{code}: {error:?}");
        assert!(error.text().contains("`a`"), "{code}: {error:?}");
        assert_eq!(session.value("1 + 1"), "2");
    }
    // What is only reserved costs nothing.
    assert_eq!(
        session.value("Vec::<u8>::with_capacity(1 << 33).len()"),
        "0"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_runtime_goes_first_when_memory_runs_out() {
    let mut session = Session::new();
    assert_eq!(
        session.value("std::fs::read_to_string(\"/proc/self/oom_score_adj\")?.trim().to_owned()"),
        "\"900\""
    );
}
