//! The lines of a cell that begin with `:`.
//!
//! [`COMMANDS`] is the one list of them: dispatch, `:help` and completion are made from it. A command
//! is one function and one line there.

mod dep;
mod look;
mod reload;
mod settings;

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::DirectEngine;
use crate::cell::Command;
use crate::engine::{Bundle, CellError, Frontend, Output};

pub(super) use settings::timing;

/// One command.
pub struct CommandInfo {
    pub name: &'static str,
    /// What may follow the name; empty when nothing does.
    pub arguments: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    run: Run,
}

type Run = fn(&mut DirectEngine, &Call<'_>) -> Result<(), CellError>;

const fn command(
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: Run,
) -> CommandInfo {
    CommandInfo {
        name,
        arguments,
        summary,
        run,
    }
}

/// Every command, in the order in which `:help` shows them: ours, then those that only evcxr's users
/// expect. Where one of those has no meaning here, its line says why.
pub const COMMANDS: &[CommandInfo] = &[
    command("vars", "", "the variables and their types", look::vars),
    command("type", "EXPRESSION", "its type; it is not run", look::ty),
    command("t", "EXPRESSION", "short for `:type`", look::ty),
    command("doc", "NAME", "what is known about a name", look::doc),
    command(
        "explain",
        "[CODE]",
        "what rustc says about an error such as `E0382`; without a code, about the last one",
        look::explain,
    ),
    command(
        "clear",
        "",
        "forget every variable and item",
        settings::clear,
    ),
    command(
        "replay",
        "",
        "run again the cells that made what a crash or a restart took",
        settings::replay,
    ),
    command(
        "restart",
        "",
        "end the process that runs cells: variables are lost, items stay",
        settings::restart,
    ),
    command(
        "opt",
        "0|1|2|3|auto",
        "how much rustc optimizes the following cells; `auto`, the default: as it pays",
        settings::opt,
    ),
    command(
        "timing",
        "",
        "after each cell, where its time went; again to stop",
        settings::timing_switch,
    ),
    command(
        "dep",
        "NAME | NAME = \"VERSION\" | NAME = { … } | PATH",
        "use a crate; what is written is what Cargo.toml's `[dependencies]` takes",
        dep::dep,
    ),
    command(
        "reload",
        "",
        "build the library and path crates anew where their sources, or rustc, have changed",
        reload::reload,
    ),
    command(
        "show_deps",
        "",
        "the crates that cells can use",
        look::show_deps,
    ),
    command("help", "", "this list", help),
    command(
        "env",
        "KEY=VALUE",
        "set an environment variable for cells",
        settings::env,
    ),
    command(
        "build_env",
        "KEY=VALUE",
        "set an environment variable for rustc and cargo",
        settings::build_env,
    ),
    command(
        "offline",
        "0|1",
        "whether `:dep` must do without the network",
        settings::offline,
    ),
    command(
        "version",
        "",
        "the versions of this kernel and of rustc",
        look::version,
    ),
    command(
        "last_compile_dir",
        "",
        "the folder with what was generated for the last cell",
        look::last_compile_dir,
    ),
    command(
        "last_error_json",
        "",
        "the last compilation error as rustc wrote it",
        look::last_error_json,
    ),
    command(
        "clear_cache",
        "",
        "remove the compiled cells of all notebooks",
        settings::clear_cache,
    ),
    command(
        "quit",
        "",
        "as `:clear`; the kernel itself is ended by the frontend",
        settings::clear,
    ),
    command(
        "preserve_vars_on_panic",
        "0|1",
        "no effect: variables always survive a panic",
        say_summary,
    ),
    command(
        "cache",
        "MIB",
        "no effect: compiled cells are always kept",
        say_summary,
    ),
    command(
        "sccache",
        "0|1",
        "no effect: compiled cells are always kept",
        say_summary,
    ),
    command(
        "allow_static_linking",
        "0|1",
        "no effect: crates are linked dynamically, so that their statics are there once",
        say_summary,
    ),
    command(
        "linker",
        "[NAME]",
        "no effect: cells are linked by the linker that rustc is set up with",
        say_summary,
    ),
    command(
        "codegen_backend",
        "[NAME]",
        "no effect: cells must fit the prebuilt library, which LLVM compiled",
        say_summary,
    ),
    command(
        "toolchain",
        "[NAME]",
        "no effect: cells must fit the prebuilt library, so its rustc compiles them",
        say_summary,
    ),
    command(
        "time_passes",
        "",
        "no effect: `:timing` says where a cell's time goes",
        say_summary,
    ),
    command(
        "internal_debug",
        "",
        "no effect: `:last_compile_dir` names the generated sources, `LESSONS_LOG=debug` logs more",
        say_summary,
    ),
    command(
        "load_config",
        "[--quiet]",
        "no effect: there is no configuration; put commands into the first cell",
        say_summary,
    ),
    command(
        "efmt",
        "[FORMAT]",
        "no effect: an error from `?` is always shown with its chain of causes",
        say_summary,
    ),
];

/// A command on its way to its function.
pub(super) struct Call<'c> {
    pub command: &'c Command,
    /// The same command again, on the next lines: these are done together.
    pub more: &'c [Command],
    pub frontend: &'c Arc<dyn Frontend>,
}

impl Call<'_> {
    pub fn argument(&self) -> &str {
        &self.command.argument
    }

    /// Prints text, which should end in a line break.
    pub fn say(&self, text: impl Into<String>) {
        self.frontend.emit(Output::Stdout(text.into().into_bytes()));
    }

    /// Shows the same thing in several formats.
    pub fn show(&self, data: Bundle) {
        self.frontend.emit(Output::Display {
            data,
            metadata: Default::default(),
            display_id: None,
            update: false,
        });
    }

    pub fn refuse(&self, message: impl Into<String>) -> CellError {
        let message = message.into();
        CellError {
            ename: "CommandError".into(),
            evalue: message.lines().next().unwrap_or_default().to_owned(),
            traceback: vec![format!("{message}\n  line {}", self.command.line)],
        }
    }
}

impl DirectEngine {
    pub(super) fn commands(
        &mut self,
        mut commands: &[Command],
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        while let [command, rest @ ..] = commands {
            let together = match command.name.as_str() {
                "dep" => rest.iter().take_while(|next| next.name == "dep").count(),
                _ => 0,
            };
            let (more, rest) = rest.split_at(together);
            self.command(&Call {
                command,
                more,
                frontend,
            })?;
            commands = rest;
        }
        Ok(())
    }

    fn command(&mut self, call: &Call<'_>) -> Result<(), CellError> {
        let command = call.command;
        match find(&command.name) {
            Some(found) => (found.run)(self, call),
            None => {
                let name = &command.name;
                let nearest = nearest(name).map_or(String::new(), |nearest| {
                    format!(" Did you mean `:{nearest}`?")
                });
                Err(call.refuse(format!(
                    "there is no command `:{name}`.{nearest} `:help` lists them all"
                )))
            }
        }
    }
}

fn find(name: &str) -> Option<&'static CommandInfo> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The command that a mistyped name most likely means.
fn nearest(name: &str) -> Option<&'static str> {
    let distances = COMMANDS
        .iter()
        .map(|command| (strsim::osa_distance(name, command.name), command.name));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    let beginning = COMMANDS
        .iter()
        .find(|command| name.len() > 1 && command.name.starts_with(name));
    if distance <= 1 {
        return Some(nearest);
    }
    beginning
        .map(|command| command.name)
        .or((distance <= name.chars().count() / 3).then_some(nearest))
}

fn help(_: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let (text, html) = help_table();
    call.show(Bundle::from([
        ("text/plain".to_owned(), json!(text)),
        ("text/html".to_owned(), json!(html)),
    ]));
    Ok(())
}

fn help_table() -> (String, String) {
    let usage = |command: &CommandInfo| {
        let usage = format!(":{} {}", command.name, command.arguments);
        usage.trim_end().to_owned()
    };
    let width = COMMANDS.iter().map(|command| usage(command).len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    let mut html = String::from("<table>\n");
    for command in COMMANDS {
        let usage = usage(command);
        let _ = writeln!(text, "{usage:<width$}  {}", command.summary);
        let mut summary = String::new();
        for (index, part) in command.summary.split('`').enumerate() {
            let part = escape(part);
            match index % 2 {
                0 => summary.push_str(&part),
                _ => {
                    let _ = write!(summary, "<code>{part}</code>");
                }
            }
        }
        let _ = writeln!(
            html,
            "<tr><td style=\"text-align: left\"><code>{}</code></td>\
             <td style=\"text-align: left\">{summary}</td></tr>",
            escape(&usage)
        );
    }
    html.push_str("</table>");
    (text.trim_end().to_owned(), html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// For commands of evcxr without a meaning here.
fn say_summary(_: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    if let Some(found) = find(&call.command.name) {
        call.say(format!(":{}: {}\n", found.name, found.summary));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_there_once_and_the_table_has_them_all() {
        let (text, html) = help_table();
        for (index, command) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS[..index]
                    .iter()
                    .all(|other| other.name != command.name),
                "{}",
                command.name
            );
            assert!(text.contains(&format!(":{}", command.name)));
            assert!(html.contains(&format!("<code>:{}", command.name)));
            assert!(!command.summary.is_empty() && !command.summary.contains('\n'));
        }
        assert_eq!(text.lines().count(), COMMANDS.len());
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        for (typed, meant) in [
            ("var", "vars"),
            ("tpye", "type"),
            ("hlep", "help"),
            ("timming", "timing"),
            ("preserve", "preserve_vars_on_panic"),
            ("explian", "explain"),
        ] {
            assert_eq!(nearest(typed), Some(meant), "{typed}");
        }
        assert_eq!(nearest("nonsense"), None);
    }

    #[test]
    fn edits_count_swaps_as_one() {
        assert_eq!(strsim::osa_distance("abc", "abc"), 0);
        assert_eq!(strsim::osa_distance("abc", "acb"), 1);
        assert_eq!(strsim::osa_distance("", "abc"), 3);
        assert_eq!(strsim::osa_distance("kitten", "sitting"), 3);
    }
}
