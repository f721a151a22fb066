//! The evcxr engine does with outputs, errors, interrupts and its processes what an engine of ours
//! must do. What evcxr makes of Rust is held in the corpus.

#[path = "../harness/mod.rs"]
#[allow(dead_code)]
mod harness;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::evcxr;
use lessons_kernel::engine::Output;

#[test]
fn evcxr_shows_outputs_one_by_one_and_names_what_is_there() {
    let mut session = evcxr();
    let figure = "println!(\"EVCXR_BEGIN_CONTENT text/html\\n<b>f</b>\\nEVCXR_END_CONTENT\");";
    let ran = session.ok(&format!(
        "let kept: Vec<i32> = vec![1, 2];\nfn twice(n: i32) -> i32 {{ n * 2 }}\n{figure}\nprintln!(\"ü\\rbetween\");\n\
         {figure}\neprintln!(\"to stderr\");"
    ));
    let kinds: Vec<&str> = ran
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Stdout(_) => Some("text"),
            Output::Display { data, .. } if data["text/html"] == "<b>f</b>" => Some("figure"),
            Output::Result { .. } => Some("value"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["figure", "text", "figure"]);
    assert_eq!(ran.stdout(), "ü\rbetween\n");
    assert_eq!(ran.stderr(), "to stderr\n");
    assert_eq!(session.value("twice(kept[1])"), "4");
    assert_eq!(session.variables(), ["kept: Vec<i32>"]);
    assert_eq!(session.items(), ["twice"]);
    assert!(session.value(":vars").contains("kept"));
}

#[test]
fn evcxr_fails_in_one_error_and_keeps_its_variables() {
    let mut session = evcxr();
    session.ok("let mut v: Vec<i32> = vec![1];");
    let panic = session.err("v.push(2); print!(\"partial\"); panic!(\"on\\npurpose\");");
    assert_eq!(panic.ename, "Panic");
    assert_eq!(panic.text(), "on\npurpose");
    let raised = session.err("v.push(3); \"x\".parse::<i32>()?;");
    assert_eq!(raised.ename, "Error");
    assert!(raised.evalue.contains("invalid digit"), "{raised:?}");
    let refused = session.err("let n: i32 = \"text\";");
    assert_eq!(refused.ename, "E0308");
    assert!(refused.text().contains("let n: i32"), "{}", refused.text());
    assert!(refused.text().contains("^^^"), "{}", refused.text());
    assert_eq!(session.value("v"), "[1, 2, 3]");
}

#[test]
fn evcxr_reads_what_the_user_answers() {
    let mut session = evcxr();
    // What the crate evcxr_input does.
    let ask = "use std::io::BufRead;\nprintln!(\"EVCXR_INPUT_REQUEST:name\");\n\
               std::io::stdin().lock().lines().next().unwrap().unwrap()";
    assert_eq!(session.value(ask), "\"answer to name\"");
    let ran = session.run_unattended(ask);
    assert!(ran.stderr().contains("standard input ends here"), "{ran:?}");
    assert_eq!(session.value(ask), "\"answer to name\"");
}

#[test]
fn evcxr_says_what_an_interrupt_costs() {
    let mut session = evcxr();
    session.ok("let kept: i32 = 1;\nfn f() -> i32 { 3 }");
    let compiling = session.interrupted("let new: i32 = kept + 1; println!(\"never\");", 100);
    assert_eq!(compiling.ename, "Interrupted");
    if cfg!(target_os = "linux") {
        assert!(
            compiling.evalue.contains("nothing was run"),
            "{compiling:?}"
        );
        assert!(
            compiling.text().contains("No variable was lost"),
            "{compiling:?}"
        );
        assert_eq!(session.value("kept"), "1");
        session.err("new");
    }
    let running = session.interrupted_at_output("println!(\"now\"); loop {}");
    assert_eq!(running.ename, "Interrupted");
    assert!(
        running.text().contains("Lost with it: `kept`."),
        "{running:?}"
    );
    assert!(session.variables().is_empty());
    assert_eq!(session.value("f()"), "3");
    session.interrupt_idle();
    assert_eq!(session.value("f() + 1"), "4");
}

#[test]
fn evcxr_outlives_its_process() {
    let mut session = evcxr();
    session.ok("let gone: i32 = 1;");
    let died = session.err("std::process::exit(3)");
    assert_eq!(died.ename, "RuntimeDied");
    assert!(died.evalue.contains("exit code 3"), "{died:?}");
    assert!(died.text().contains("Lost with it: `gone`."), "{died:?}");
    let died = session.err("unsafe { std::ptr::null_mut::<i32>().write_volatile(1) }");
    assert!(died.evalue.contains("SIGSEGV"), "{died:?}");
    assert_eq!(session.value("1 + 1"), "2");
}

/// The folders of a process's sessions.
fn folders_of(pid: u32) -> Vec<PathBuf> {
    let prefix = format!("lessons-kernel.{pid}.");
    let entries = fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

/// Run by the test below, in a process of its own.
#[test]
#[ignore = "runs until it is killed"]
fn evcxr_runs_without_end() {
    let mut session = evcxr();
    session.run(&format!(
        "std::fs::write({:?}, std::process::id().to_string()).unwrap(); loop {{}}",
        std::env::var("PID_FILE").unwrap()
    ));
}

#[cfg(target_os = "linux")]
#[test]
fn evcxr_leaves_nothing_behind_when_its_kernel_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let mut kernel = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "evcxr_runs_without_end", "--ignored"])
        .env("PID_FILE", &pid_file)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let wait = |seconds, what: &str, case: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !case() {
            assert!(begin.elapsed() < Duration::from_secs(seconds), "{what}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait(120, "the cell runs", &|| {
        fs::read_to_string(&pid_file).is_ok_and(|pid| !pid.is_empty())
    });
    let runtime = PathBuf::from("/proc").join(fs::read_to_string(&pid_file).unwrap());
    let folders = folders_of(kernel.id());
    // evcxr's own folder lies in the session's, and nowhere else.
    assert_eq!(folders.len(), 1);
    let works_there = fs::read_dir(&folders[0]).unwrap().flatten();
    let sources = works_there.filter(|entry| entry.path().join("src/lib.rs").exists());
    assert_eq!(sources.count(), 1);
    kernel.kill().unwrap();
    kernel.wait().unwrap();
    wait(10, "the runtime ends", &|| !runtime.exists());
    wait(10, "the folder is removed", &|| !folders[0].exists());
}
