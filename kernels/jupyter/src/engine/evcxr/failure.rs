//! evcxr's ways to fail, as the error that a cell reports.

use evcxr::{CompilationError, Error};

use super::filter::{End, Filter};
use crate::engine::direct::ending::Ending;
use crate::engine::{CellError, Outcome};

/// A run that evcxr takes for a good one.
pub fn of_run(filter: &Filter) -> Outcome {
    let stderr = filter.stderr();
    let (ename, said) = match filter.ended() {
        End::Good => return Outcome::Done,
        End::Panic => ("Panic", panic_message(&stderr)),
        End::Raised => ("Error", raised(&stderr)),
    };
    Outcome::Failed(error(ename, said.lines()))
}

/// An error of evcxr's.
pub fn of_error(failed: &Error) -> CellError {
    match failed {
        Error::CompilationErrors(errors) => compilation(errors),
        other => {
            let mut said = other.to_string();
            if said.contains("determine type of variable") && !super::has_rust_src() {
                said.push_str(
                    "\nevcxr learns types from the sources of std, which are not installed: \
                     `rustup component add rust-src`, or give the variable a type.",
                );
            }
            error("Error", said.lines())
        }
    }
}

/// The runtime is gone.
pub fn died(ending: &Ending, interrupted: bool, lost: &[String]) -> CellError {
    let (ename, what) = match ending {
        Ending::OutOfMemory(how) => ("OutOfMemory", how.as_str()),
        Ending::Other(_) if interrupted => (
            "Interrupted",
            "the running cell was stopped by ending its process",
        ),
        Ending::Other(how) => ("RuntimeDied", how.as_str()),
    };
    let rest =
        "What earlier cells have defined is still there; the next cell starts a new process.";
    error(ename, [what, &loss(lost), rest])
}

/// The cell was stopped before it ran.
pub fn interrupted_compiling(lost: &[String]) -> CellError {
    let what = "interrupted while compiling; nothing was run";
    error("Interrupted", [what, &loss(lost)])
}

fn loss(lost: &[String]) -> String {
    if lost.is_empty() {
        return "No variable was lost.".to_owned();
    }
    let named: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "Lost with it: {}. Run the cells that made them again.",
        named.join(", ")
    )
}

fn error<'t>(ename: &str, lines: impl IntoIterator<Item = &'t str>) -> CellError {
    let traceback: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    CellError {
        ename: ename.into(),
        evalue: traceback.first().cloned().unwrap_or_default(),
        traceback,
    }
}

fn compilation(errors: &[CompilationError]) -> CellError {
    // evcxr hands over warnings as well.
    let is_error = |error: &&CompilationError| error.level() == "error";
    let first = errors.iter().find(is_error).or(errors.first());
    let evalue = first.map_or_else(|| "the cell does not compile".into(), |e| e.message());
    CellError {
        ename: first
            .and_then(CompilationError::code)
            .unwrap_or("SyntaxError")
            .to_owned(),
        evalue,
        traceback: errors.iter().flat_map(lines).collect(),
    }
}

/// An error's message, then the cell's lines that it is about with a mark under each place.
fn lines(error: &CompilationError) -> Vec<String> {
    let code = error
        .code()
        .map_or(String::new(), |code| format!("[{code}]"));
    let mut lines = vec![format!("error{code}: {}", error.message())];
    for message in error.spanned_messages() {
        lines.extend(message.lines.iter().cloned());
        match &message.span {
            Some(span) => {
                let width = span.end_column.saturating_sub(span.start_column).max(1);
                let indent = " ".repeat(span.start_column.saturating_sub(1));
                lines.push(format!("{indent}{} {}", "^".repeat(width), message.label));
            }
            None if message.label.is_empty() => {}
            None => lines.push(message.label.clone()),
        }
    }
    lines.extend(error.help());
    lines
}

/// The message of the last panic in what the process wrote to standard error.
fn panic_message(stderr: &str) -> String {
    let mut lines = stderr.lines();
    let mut message = Vec::new();
    while let Some(line) = lines.next() {
        if !(line.starts_with("thread '") && line.contains(" panicked at ")) {
            continue;
        }
        message.clear();
        for line in lines.by_ref() {
            if line.starts_with("stack backtrace:") || line.starts_with("note: ") {
                break;
            }
            message.push(line);
        }
    }
    if message.is_empty() {
        "the cell panicked".into()
    } else {
        message.join("\n")
    }
}

/// What evcxr says of an error that `?` has met: the last lines on standard error.
fn raised(stderr: &str) -> String {
    let said = stderr.trim_end();
    if said.is_empty() {
        "the cell returned an error".into()
    } else {
        said.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panics_message_is_found_between_its_place_and_its_backtrace() {
        let stderr = "noise\n\nthread 'main' (1) panicked at src/lib.rs:1:2:\nleft\nright\nstack backtrace:\n   0: x\nnote: Some details\n";
        assert_eq!(panic_message(stderr), "left\nright");
        assert_eq!(panic_message("noise"), "the cell panicked");
    }

    #[test]
    fn what_is_lost_is_named() {
        let lost = ["a".to_owned(), "b".to_owned()];
        let ending = Ending::Other("it ended".into());
        let interrupted = died(&ending, true, &lost);
        assert_eq!(interrupted.ename, "Interrupted");
        assert!(interrupted.traceback[1].starts_with("Lost with it: `a`, `b`."));
        let died = died(&ending, false, &[]);
        assert_eq!(
            (died.ename.as_str(), died.evalue.as_str()),
            ("RuntimeDied", "it ended")
        );
        assert_eq!(died.traceback[1], "No variable was lost.");
    }
}
