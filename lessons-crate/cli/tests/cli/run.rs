//! Runs the binary and looks at what it said.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// The binary with these arguments, without anything of the caller's environment that it heeds.
pub fn command<A: AsRef<std::ffi::OsStr>>(args: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lessons"));
    command
        .args(args)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null());
    for name in ["HF_ENDPOINT", "HF_TOKEN"] {
        command.env_remove(name);
    }
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

/// What a run printed.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(output: Output) -> Said {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("it was killed by a signal");
        Said {
            code,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The lines of stdout, each as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let line = |line| serde_json::from_str(line).unwrap();
        self.stdout.lines().map(line).collect()
    }
}

pub fn lessons<A: AsRef<std::ffi::OsStr>>(args: &[A]) -> Said {
    Said::of(command(args).output().unwrap())
}

/// Runs with text on stdin.
pub fn with_stdin<A: AsRef<std::ffi::OsStr>>(args: &[A], text: &[u8]) -> Said {
    let mut command = command(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    Said::of(child.wait_with_output().unwrap())
}

/// Runs what must succeed.
pub fn answer<A: AsRef<std::ffi::OsStr>>(args: &[A]) -> Said {
    let said = lessons(args);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// Runs what must fail: exit code 1, one error that holds all of `parts`, nothing else.
pub fn refusal<A: AsRef<std::ffi::OsStr>>(args: &[A], parts: &[&str]) -> String {
    let said = lessons(args);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    check_error(&said, parts);
    said.stderr
}

pub fn check_error(said: &Said, parts: &[&str]) {
    let error = &said.stderr;
    assert!(error.starts_with("error: "), "{error}");
    assert_eq!(error.matches("error: ").count(), 1, "{error}");
    for noise in ["panicked", "RUST_BACKTRACE", "stack backtrace", "   0: "] {
        assert!(!error.contains(noise), "{error}");
    }
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

/// Runs what clap must refuse: exit code 2 and where to read more.
pub fn misuse<A: AsRef<std::ffi::OsStr>>(args: &[A], part: &str) {
    let said = lessons(args);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{said:?}");
    check_error(&said, &[part, "try '--help'"]);
}
