//! What the user reads when a cell fails.

mod habits;

use super::compile::{Lost, Verdict};
use super::diagnostics::Translator;
use super::ending::Ending;
use super::generate::{Origin, Unit};
use super::notebook::Notebook;
use super::rustc::Diagnostic;
use crate::cell::ParsedCell;
use crate::engine::{CellError, Outcome};
use crate::library::Library;
use crate::runtime::Done;

const RED: &str = "\u{1b}[1m\u{1b}[91m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// rustc's code for an `.await` that is in nothing async.
pub const NOT_ASYNC: &str = "E0728";

/// What makes `.await` work in a cell.
const RUNTIME: &str = "run `:dep tokio = { version = \"1\", features = [\"full\"] }` first";

/// A cell waits for a future, and nothing is there to run it.
pub fn no_runtime(text: &str, at: usize) -> CellError {
    let message = "`.await` in a cell needs a runtime that runs the future, and this notebook has \
                   none yet";
    let line = text[..at].matches('\n').count() + 1;
    CellError {
        ename: NOT_ASYNC.into(),
        evalue: format!("{message}: {RUNTIME}"),
        traceback: vec![
            format!("{RED}error[{NOT_ASYNC}]{RESET}{BOLD}: {message}{RESET}"),
            source_line(text, line),
            format!(
                "{RUNTIME}; the cell's body is then a future that tokio runs, and what it spawns \
                 goes on between cells"
            ),
        ],
    }
}

/// rustc's errors as one error of the cell.
pub fn errors(unit: &Unit, errors: &[Diagnostic], notebook: &Notebook) -> CellError {
    let translator = Translator { unit };
    let errors = errors.iter().cloned().map(Diagnostic::without_paths);
    let errors: Vec<Diagnostic> = errors.map(|error| translator.at_end(error)).collect();
    let mut shown: Vec<&Diagnostic> = Vec::new();
    for error in &errors {
        let twice = shown.iter().any(|other| {
            other.message == error.message && other.code() == error.code() && {
                let spans = |diagnostic: &Diagnostic| {
                    let spans = diagnostic.spans.iter();
                    spans
                        .map(|span| (span.byte_start, span.byte_end))
                        .collect::<Vec<_>>()
                };
                spans(other) == spans(error)
            }
        });
        if !twice {
            shown.push(error);
        }
    }
    // Where not even the brackets match, rustc goes on to judge a text that is no file of items; and it
    // takes what is around a list without brackets for a mistaken one.
    let follows = [
        "expected item, found",
        "this is a block expression, not an array",
    ];
    if shown.len() > 1 {
        shown.retain(|error| !follows.iter().any(|text| error.message.starts_with(text)));
    }
    shown.sort_by_key(|error| {
        let place = translator.primary(error);
        place.map(|place| (!place.cell.current, place.range.start))
    });
    let first = shown.first();
    CellError {
        ename: first
            .and_then(|error| error.code())
            .unwrap_or("SyntaxError")
            .to_owned(),
        evalue: first
            .map_or("the cell does not compile", |error| &error.message)
            .to_owned(),
        traceback: shown
            .iter()
            .map(|error| translator.render(error, &helps(&translator, error, notebook)))
            .chain(summary(&shown))
            .collect(),
    }
}

/// How many errors there are, if several, and where to read more about them.
fn summary(errors: &[&Diagnostic]) -> Option<String> {
    let mut codes: Vec<&str> = errors.iter().filter_map(|error| error.code()).collect();
    codes.retain(|code| {
        let digits = code.strip_prefix('E').unwrap_or_default();
        digits.len() == 4 && digits.chars().all(|c| c.is_ascii_digit())
    });
    let mut seen = std::collections::BTreeSet::new();
    codes.retain(|code| seen.insert(*code));
    let count = (errors.len() > 1).then(|| format!("{} errors", errors.len()));
    let more = codes.first().map(|_| {
        let commands: Vec<String> = codes
            .iter()
            .map(|code| format!("`:explain {code}`"))
            .collect();
        format!("more with {}", commands.join(", "))
    });
    let parts: Vec<String> = count.into_iter().chain(more).collect();
    (!parts.is_empty()).then(|| format!("{BOLD}{}{RESET}", parts.join("; ")))
}

/// What a notebook knows about an error that rustc cannot.
fn helps(translator: &Translator<'_>, error: &Diagnostic, notebook: &Notebook) -> Vec<String> {
    let mut helps = Vec::new();
    match translator.primary_origin(error) {
        Some(Origin::Shown) => helps.push(
            "a cell's last value is shown by `evcxr_display` or `Debug`; end the line with `;` to show nothing"
                .to_owned(),
        ),
        Some(Origin::Take(name)) => helps.push(format!(
            "the type of `{name}` cannot be written in another cell: declare `{name}` again with `let`, \
             in a type that this notebook can name"
        )),
        _ => {}
    }
    if matches!(error.code(), None | Some("E0423" | "E0425" | "E0574"))
        && let Some(place) = translator.primary(error)
    {
        let line = place.cell.text[..place.range.start].matches('\n').count();
        let line = place.cell.text.lines().nth(line).unwrap_or_default();
        helps.extend(habits::help(line));
    }
    if error.code() == Some("E0425")
        && let Some(name) = error.message.split('`').nth(1)
        && let Some(reason) = notebook.gone.get(name)
    {
        helps.push(reason.clone());
    }
    if matches!(error.code(), Some("E0384" | "E0594" | "E0596"))
        && let Some(name) = error.message.split('`').nth(1)
        && notebook
            .variables
            .get(name)
            .is_some_and(|variable| !variable.mutable)
    {
        helps.push(format!(
            "to change it from here on: `let mut {name} = {name};`"
        ));
    }
    helps
}

/// Why a variable is not there, as a sentence with what to do.
pub fn why_gone(name: &str, lost: Lost) -> String {
    match lost {
        Lost::Moved => format!(
            "`{name}` was moved by an earlier cell, and a moved value is gone: make it again, or move \
             a copy there (`{name}.clone()`)"
        ),
        Lost::Uninitialized => {
            format!("`{name}` was declared by an earlier cell but not on every path given a value")
        }
        _ => format!("`{name}` was not kept: {}", why_unkept(name, lost)),
    }
}

fn why_unkept(name: &str, lost: Lost) -> String {
    match lost {
        Lost::Borrows => "it borrows, and a reference lives no longer than its cell: keep an owned \
                          value (`.clone()`, `.to_owned()`, `.to_vec()`), or borrow again in each cell"
            .to_owned(),
        Lost::Closure => format!(
            "it is a closure or holds one, and the type of a closure cannot be written in another \
             cell: write a function (`fn {name}(…)`), or box the closure with its type \
             (`let {name}: Box<dyn Fn(i32) -> i32> = Box::new(…)`); for an iterator, `.collect()` it"
        ),
        Lost::Opaque => "its type cannot be written in another cell (`impl Trait` or an async \
                         block): collect it, await it, or box it (`Box<dyn Trait>`)"
            .to_owned(),
        _ => "rustc does not say what type it has: declare it with one (`let name: Type = …`)"
            .to_owned(),
    }
}

/// Refuses a cell whose only use for a variable is a later cell that will not get it.
pub fn refusal(cell: &ParsedCell, verdict: &Verdict) -> Option<CellError> {
    let refused = cell
        .declared
        .iter()
        .filter(|declared| !declared.used_later && !declared.name.starts_with('_'));
    let mut lines = Vec::new();
    for declared in refused {
        if let Some(&lost) = verdict.reasons.get(&declared.name)
            && matches!(
                lost,
                Lost::Borrows | Lost::Closure | Lost::Opaque | Lost::Unknown
            )
        {
            let line = cell.text[..declared.range.start].matches('\n').count() + 1;
            let name = &declared.name;
            let reason = why_unkept(name, lost);
            lines.push((
                format!("`{name}` cannot be kept for later cells: {reason}"),
                line,
            ));
        }
    }
    let (first, _) = lines.first()?;
    Some(CellError {
        ename: "NotKept".into(),
        evalue: first.clone(),
        traceback: lines
            .iter()
            .flat_map(|(message, line)| {
                [
                    format!("{RED}error{RESET}{BOLD}: {message}{RESET}"),
                    source_line(&cell.text, *line),
                ]
            })
            .collect(),
    })
}

/// The end of a cell that ran.
///
/// `lost` are the variables that were there before it and are not any more, though nothing replaced
/// them.
pub fn outcome(done: &Done, text: &str, lost: &[String]) -> Outcome {
    let field = |index: usize| done.report.get(index).map_or("", String::as_str);
    let (ename, message) = match field(0) {
        "" => return Outcome::Done,
        "panic" => ("Panic", field(1).to_owned()),
        "interrupted" => ("Interrupted", "the cell was stopped".to_owned()),
        "missing" => (
            "KernelError",
            format!("the variable `{}` is not in the runtime", field(1)),
        ),
        _ => ("Error", field(1).to_owned()),
    };
    let mut traceback = vec![format!("{RED}{ename}{RESET}{BOLD}: {message}{RESET}")];
    let line: usize = field(3).parse().unwrap_or(0);
    let file = field(2).rsplit('/').next().unwrap_or_default();
    match file {
        "cell.rs" | "items.rs" | "macros.rs" => traceback.push(source_line(text, line)),
        "" => {}
        _ if is_of_std(field(2)) => {
            traceback.push("  in the standard library, called by this cell".to_owned());
        }
        _ if file.starts_with("items-") || file.starts_with("macros-") => {
            traceback.push(format!("  in an earlier cell, line {line}"));
        }
        _ => traceback.push(format!("  in {file}, line {line}")),
    }
    if ename == "Interrupted" {
        traceback.push(stopped(lost));
    }
    Outcome::Failed(CellError {
        ename: ename.into(),
        evalue: message.lines().next().unwrap_or_default().to_owned(),
        traceback,
    })
}

/// Whether a panic's file is one of the standard library: rustc names it by its own commit, or by the
/// sources where those are installed.
fn is_of_std(file: &str) -> bool {
    file.starts_with("/rustc/") || file.contains("/lib/rustlib/src/rust/library/")
}

fn source_line(text: &str, line: usize) -> String {
    let source = text.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
    format!("  line {line}: {}", source.trim())
}

/// The kernel itself failed.
pub fn kernel_error(error: &anyhow::Error) -> CellError {
    CellError {
        ename: "KernelError".into(),
        evalue: error.to_string(),
        traceback: vec![format!("{error:#}")],
    }
}

/// Why a variable of the session before is not there.
pub fn before_restart(name: &str) -> String {
    format!(
        "`{name}` was there before the kernel was restarted: `:replay` runs the cells that made it \
         again"
    )
}

/// The library and rustc do not fit together.
pub fn outdated(library: &Library, rustc: &str) -> String {
    let built = library
        .manifest()
        .map_or("another rustc", |manifest| &manifest.rustc);
    format!(
        "the lessons library was built by {built}, and this is {rustc}, which cannot read it. \
         `:reload` builds it anew; until then cells have std alone"
    )
}

pub fn interrupted_compiling() -> CellError {
    let message = "interrupted while compiling; nothing was run and nothing is lost";
    CellError {
        ename: "Interrupted".into(),
        evalue: message.into(),
        traceback: vec![format!("{RED}Interrupted{RESET}: {message}")],
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
    let mut traceback = vec![
        format!("{RED}{ename}{RESET}{BOLD}: {what}{RESET}"),
        loss(lost),
    ];
    traceback.push(
        "Functions, types and imports are still there; the next cell starts a new process."
            .to_owned(),
    );
    CellError {
        ename: ename.into(),
        evalue: what.into(),
        traceback,
    }
}

/// What went with a runtime, and how to get it back.
pub fn loss(lost: &[String]) -> String {
    if lost.is_empty() {
        return "No variable was lost.".to_owned();
    }
    format!(
        "Lost with it: {}. `:replay` runs the cells that made them again.",
        named(lost)
    )
}

/// What a cell that was stopped at a check point says of the variables.
pub fn stopped(lost: &[String]) -> String {
    if lost.is_empty() {
        return "Every variable is still there, as the cell left it.".to_owned();
    }
    format!(
        "The other variables are still there, as the cell left them, but the cell had moved {} away: \
         lost. `:replay` runs the cells that made them again.",
        named(lost)
    )
}

fn named(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A type without the paths of its parts: `Vec<String>` for `std::vec::Vec<std::string::String>`.
pub fn short_type(ty: &str) -> String {
    let mut short = String::new();
    let mut segment = String::new();
    let mut rest = ty.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_alphanumeric() || c == '_' {
            segment.push(c);
        } else if c == ':' && rest.peek() == Some(&':') {
            rest.next();
            segment.clear();
        } else {
            short.push_str(&segment);
            segment.clear();
            short.push(c);
        }
    }
    short.push_str(&segment);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_without_paths() {
        assert_eq!(
            short_type("std::collections::HashMap<std::string::String, [std::vec::Vec<f64>; 2]>"),
            "HashMap<String, [Vec<f64>; 2]>"
        );
        assert_eq!(short_type("&'static str"), "&'static str");
    }
}
