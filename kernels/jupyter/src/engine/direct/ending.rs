//! How a runtime ended, in words.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a runtime ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Ended by us before the machine ran out of memory, or by itself when it got none; in these words.
    OutOfMemory(String),
    /// Anything else, in these words.
    Other(String),
}

impl Ending {
    /// From the exit status and the last lines that the process wrote to standard error, in which
    /// Rust's standard library says what a signal does not tell.
    pub fn of(status: Option<ExitStatus>, last_words: &str) -> Ending {
        let Some(status) = status else {
            return Ending::Other("the process that runs cells ended in an unknown way".into());
        };
        let Some(signal) = status.signal() else {
            let code = status.code().unwrap_or_default();
            return Ending::Other(format!("the cell ended its process with exit code {code}"));
        };
        if signal == libc::SIGABRT
            && let Some(line) = line_with(last_words, "memory allocation of ")
        {
            return Ending::OutOfMemory(format!(
                "{line}, and the process that runs cells ended by SIGABRT"
            ));
        }
        if let Some(line) = line_with(last_words, "has overflowed its stack") {
            return Ending::Other(format!(
                "{}, and the process that runs cells ended by {}",
                overflow(line.split('\'').nth(1).unwrap_or("main")),
                name(signal).0
            ));
        }
        let (name, meaning) = name(signal);
        Ending::Other(format!(
            "the process that runs cells was ended by {name} ({meaning})"
        ))
    }

    pub fn words(&self) -> &str {
        match self {
            Ending::OutOfMemory(words) | Ending::Other(words) => words,
        }
    }
}

/// What happened to a thread's stack, and why it does.
fn overflow(thread: &str) -> String {
    const CALLS: &str = "overflowed, as it does when a function calls itself without end";
    let whose = match thread {
        "main" => return format!("the stack {CALLS}"),
        "<unnamed>" => "a thread that has no name".to_owned(),
        name => format!("the thread `{name}`"),
    };
    format!(
        "the stack of {whose} {CALLS}, or keeps more there than fits (2 MiB, unless \
         `std::thread::Builder::stack_size` gives it more)"
    )
}

/// The last line that holds these words.
fn line_with<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let line = text.lines().rev().find(|line| line.contains(words))?;
    Some(line.trim())
}

fn name(signal: i32) -> (String, &'static str) {
    let (name, meaning) = match signal {
        libc::SIGSEGV => (
            "SIGSEGV",
            "an invalid memory access, or a thread whose stack overflowed",
        ),
        libc::SIGABRT => ("SIGABRT", "an abort"),
        libc::SIGBUS => ("SIGBUS", "an invalid memory access"),
        libc::SIGILL => ("SIGILL", "an illegal instruction"),
        libc::SIGFPE => ("SIGFPE", "an arithmetic fault"),
        libc::SIGKILL => (
            "SIGKILL",
            "killed from outside, perhaps because memory ran out",
        ),
        libc::SIGTERM => ("SIGTERM", "ended from outside"),
        libc::SIGINT => ("SIGINT", "interrupted from outside"),
        libc::SIGPIPE => ("SIGPIPE", "it wrote where nobody reads any more"),
        libc::SIGTRAP => ("SIGTRAP", "a trap"),
        other => return (format!("signal {other}"), "ended from outside"),
    };
    (name.to_owned(), meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: i32, words: &str) -> Ending {
        Ending::of(Some(ExitStatus::from_raw(status)), words)
    }

    #[test]
    fn a_signal_is_told_by_name_and_by_what_rust_said_of_it() {
        let Ending::Other(text) = of(libc::SIGSEGV, "") else {
            panic!("no memory was asked for")
        };
        assert!(text.contains("SIGSEGV (an invalid memory access"), "{text}");
        let text = of(
            libc::SIGABRT,
            "\nthread 'main' (7) has overflowed its stack\nfatal runtime error: stack overflow, aborting\n",
        );
        assert!(text.words().contains("the stack overflowed"), "{text:?}");
        let text = of(
            libc::SIGABRT,
            "\nthread 'worker' has overflowed its stack\nfatal",
        );
        assert!(
            text.words()
                .contains("the stack of the thread `worker` overflowed"),
            "{text:?}"
        );
        let text = of(libc::SIGABRT, "x\nmemory allocation of 99 bytes failed\n");
        assert!(
            matches!(&text, Ending::OutOfMemory(words) if words.starts_with("memory allocation of 99 bytes failed")),
            "{text:?}"
        );
        assert!(of(3 << 8, "").words().contains("exit code 3"));
        assert!(of(libc::SIGUSR1, "").words().contains("signal"));
    }
}
