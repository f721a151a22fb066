//! Other programs that tell of the machine, and the texts in which they and the system tell it.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// A tool that takes longer hangs, as those of broken drivers do.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a program says on stdout; `None` where it is not there, fails, says nothing or hangs.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    output_within(PATIENCE, program, arguments)
}

fn output_within(patience: Duration, program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut stdout = child.stdout.take()?;
    let (send, said) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if stdout.read_to_end(&mut bytes).is_ok() {
            // Who has waited long enough does not listen any more.
            let _ = send.send(bytes);
        }
    });
    let said = said.recv_timeout(patience);
    if said.is_err() {
        // One that has ended by itself cannot be ended.
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    let text = String::from_utf8(said.ok()?).ok()?;
    let text = text.trim();
    (status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// The value of the first of these keys in lines of the form `key: value` or `KEY="value"`.
pub fn field<'a>(text: &'a str, keys: &[&str], separator: char) -> Option<&'a str> {
    keys.iter().find_map(|key| {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(separator)?;
            let value = value.trim().trim_matches('"');
            (name.trim() == *key && !value.is_empty()).then_some(value)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_both_kinds_of_files() {
        let cpu = "processor\t: 0\nmodel name\t: Example CPU 3000\n";
        assert_eq!(
            field(cpu, &["nothing", "model name"], ':'),
            Some("Example CPU 3000")
        );
        assert_eq!(
            field("PRETTY_NAME=\"Example 1\"\n", &["PRETTY_NAME"], '='),
            Some("Example 1")
        );
        assert_eq!(field("PRETTY_NAME=\n", &["PRETTY_NAME"], '='), None);
    }

    #[cfg(unix)]
    #[test]
    fn tools_that_are_missing_fail_or_hang_say_nothing() {
        assert_eq!(output("echo", &["a b"]).as_deref(), Some("a b"));
        assert_eq!(output("/nowhere/tool", &[]), None);
        assert_eq!(output("sh", &["-c", "echo half; exit 1"]), None);
        assert_eq!(output("true", &[]), None);
        let start = std::time::Instant::now();
        let short = Duration::from_millis(50);
        assert_eq!(output_within(short, "sleep", &["60"]), None);
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
