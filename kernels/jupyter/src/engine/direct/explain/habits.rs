//! What is written out of a habit from other notebooks, and what it is called here.

use super::super::commands::COMMANDS;

/// What to do instead, when the line that an error is about is such a habit.
pub fn help(line: &str) -> Option<String> {
    let line = line.trim();
    let first = line.split([' ', '(', '.']).next().unwrap_or_default();
    if let Some(command) = line.strip_prefix(':') {
        let name = command.split(' ').next().unwrap_or_default();
        let known = COMMANDS.iter().any(|known| known.name == name);
        return known.then(|| format!("commands such as `:{name}` stand above a cell's code"));
    }
    if line.starts_with('%') {
        return Some("this kernel's commands begin with `:`, and `:help` lists them".into());
    }
    if let Some(program) = line.strip_prefix('!') {
        let program = program.split(' ').next().unwrap_or_default();
        return Some(format!(
            "a program is run with `std::process::Command::new({program:?}).status()?`"
        ));
    }
    let more = line[first.len()..].trim_start();
    let words = more.starts_with(char::is_alphabetic);
    match first {
        "import" | "from" if words => Some(
            "`use` brings a name into scope, and the command `:dep NAME` a crate that is not there \
             yet"
            .into(),
        ),
        "def" if words => Some("a function is written `fn name(x: f64) -> f64 { … }`".into()),
        "help" => Some("`:help` lists the commands, and `?NAME` tells about a name".into()),
        "exit" | "quit" => Some("`:restart` ends the process that runs cells".into()),
        _ => {
            let name = line.strip_suffix('?')?;
            let fits = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let is_name = !name.is_empty() && name.chars().all(fits);
            is_name.then(|| format!("`?{name}` tells about a name"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::help;

    #[test]
    fn habits_are_answered_and_rust_is_left_alone() {
        for (line, word) in [
            (":doc Vec", "`:doc` stand above"),
            ("%time f()", ":help"),
            ("!ls -l", "Command::new(\"ls\")"),
            ("import numpy as np", ":dep"),
            ("def f(x):", "`fn name"),
            ("help", ":help"),
            ("help(Vec)", "?NAME"),
            ("Vec?", "`?Vec`"),
            ("exit()", ":restart"),
        ] {
            let help = help(line).unwrap_or_default();
            assert!(help.contains(word), "{line}: {help}");
        }
        for line in [
            "let x = y;",
            "f(x)?",
            "from + 1",
            ":nothing",
            "?",
            "define()",
            "",
        ] {
            assert_eq!(help(line), None, "{line}");
        }
    }
}
