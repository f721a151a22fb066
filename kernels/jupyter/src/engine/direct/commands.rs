//! The lines of a cell that begin with `:`.

use std::fmt::Write;
use std::sync::Arc;

use super::{DirectEngine, Timing};
use crate::cell::Command;
use crate::engine::{CellError, Engine, Frontend, Output};

const HELP: &str = "\
:vars           the variables and their types
:clear          forget every variable and item
:timing         after each cell, where its time went (again to stop)
:opt 0|1|2|3    how much rustc optimizes the following cells; `:opt auto`, the default: as it pays
:dep NAME       a crate of the prebuilt library is there already; this says which
:explain CODE   what rustc has to say about an error: `:explain E0382`
:help           this list
";

impl DirectEngine {
    pub(super) fn command(
        &mut self,
        command: &Command,
        frontend: &Arc<dyn Frontend>,
    ) -> Result<(), CellError> {
        let say = |text: String| frontend.emit(Output::Stdout(text.into_bytes()));
        match command.name.as_str() {
            "help" => say(HELP.to_owned()),
            "vars" => {
                let mut text = String::new();
                for variable in self.variables() {
                    let _ = writeln!(text, "{}: {}", variable.name, variable.ty);
                }
                say(text);
            }
            "clear" => {
                self.stop_process("everything was cleared");
                self.notebook = Default::default();
            }
            "timing" => self.settings.timing = !self.settings.timing,
            "opt" => match command.argument.as_str() {
                "auto" => self.settings.optimization = None,
                "" => {
                    let level = self.settings.optimization;
                    let level = level.map_or("auto".to_owned(), |level| level.to_string());
                    say(format!("Optimization level: {level}\n"));
                }
                asked => match asked.parse() {
                    Ok(level @ 0..=3) => self.settings.optimization = Some(level),
                    _ => {
                        let text = format!("`:opt {asked}`: the levels are 0, 1, 2, 3 and auto");
                        return Err(refused(command, &text));
                    }
                },
            },
            "dep" => self.dependency(command)?,
            "explain" => say(self.explain(command)?),
            // Settings of evcxr that have no counterpart here and change no result.
            "cache" | "sccache" | "linker" | "preserve_vars_on_panic" | "offline" => {}
            other => {
                return Err(refused(
                    command,
                    &format!("there is no command `:{other}`; `:help` lists them"),
                ));
            }
        }
        Ok(())
    }

    /// rustc's own page about an error's code.
    fn explain(&self, command: &Command) -> Result<String, CellError> {
        let code = command.argument.to_uppercase();
        let output = std::process::Command::new(&self.compiler.toolchain.rustc)
            .arg("--explain")
            .arg(&code)
            .output();
        match output {
            Ok(output) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            _ => Err(refused(
                command,
                &format!("rustc explains no error `{code}`: its codes look like E0382"),
            )),
        }
    }

    fn dependency(&self, command: &Command) -> Result<(), CellError> {
        let name = command
            .argument
            .split(['=', ' '])
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        let wanted = name.replace('-', "_");
        let there: Vec<&str> = self
            .compiler
            .library
            .externs()
            .iter()
            .map(|(name, _)| *name)
            .collect();
        if there.contains(&wanted.as_str()) {
            return Ok(());
        }
        let text = if there.is_empty() {
            format!("`:dep {name}`: this kernel has no prebuilt library, so cells have std alone")
        } else {
            format!(
                "`:dep {name}`: that crate is not in the prebuilt library; there are {}",
                there.join(", ")
            )
        };
        Err(refused(command, &text))
    }
}

fn refused(command: &Command, message: &str) -> CellError {
    CellError {
        ename: "CommandError".into(),
        evalue: message.into(),
        traceback: vec![format!("{message}\n  line {}", command.line)],
    }
}

/// Where a cell's time went, as one line.
pub(super) fn timing(timing: &Timing) -> String {
    let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1e3;
    let build = if timing.cached {
        "compiled before".to_owned()
    } else {
        // The two calls run at once.
        format!(
            "check {:.0} | compile and link {:.0}",
            ms(timing.check),
            ms(timing.compile)
        )
    };
    format!(
        "parse {:.1} | {build} | load {:.1} | run {:.1} | total {:.0} ms\n",
        ms(timing.parse),
        ms(timing.load),
        ms(timing.run),
        ms(timing.total)
    )
}
