//! Lines of a cell that begin with `:`, as in evcxr.

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The first word, without the colon.
    pub name: String,
    pub argument: String,
    /// 1-based.
    pub line: usize,
}

/// A cell's text as rustc is to read it: with lines that end as on Unix, and without what only files
/// have, a byte order mark and a first line for the shell (`#!/usr/bin/…`), which is blanked out.
pub fn normalized(code: &str) -> String {
    let code = code.strip_prefix('\u{feff}').unwrap_or(code);
    let code = code.replace("\r\n", "\n");
    let is_script = code
        .strip_prefix("#!")
        .is_some_and(|rest| !rest.trim_start().starts_with('['));
    if !is_script {
        return code;
    }
    let end = code.find('\n').unwrap_or(code.len());
    let mut text = String::with_capacity(code.len());
    blank(&mut text, &code[..end]);
    text.push_str(&code[end..]);
    text
}

/// Blanks the command lines out of a cell's text.
///
/// A line is a command when it begins with `:` and a letter, and every line before it is a command,
/// a comment or empty: further down a `:` may continue an expression or stand in a string. The table
/// of a `:dep` may go over several lines: it ends with its last bracket.
pub fn split_commands(code: &str) -> (String, Vec<Command>) {
    let mut commands: Vec<Command> = Vec::new();
    let mut text = String::with_capacity(code.len());
    let mut at_top = true;
    let mut table_is_open = false;
    for (index, line) in code.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
        if table_is_open && let Some(command) = commands.last_mut() {
            command.argument.push('\n');
            command.argument.push_str(trimmed);
            table_is_open = has_open_bracket(&command.argument);
            blank(&mut text, line);
            continue;
        }
        let command = trimmed
            .strip_prefix(':')
            .filter(|rest| at_top && rest.starts_with(|first: char| first.is_ascii_alphabetic()));
        if let Some(command) = command {
            let (name, argument) = command
                .split_once(char::is_whitespace)
                .unwrap_or((command, ""));
            commands.push(Command {
                name: name.to_owned(),
                argument: argument.trim().to_owned(),
                line: index + 1,
            });
            table_is_open = name == "dep" && has_open_bracket(argument);
            blank(&mut text, line);
        } else {
            at_top &= trimmed.is_empty() || trimmed.starts_with("//");
            text.push_str(line);
        }
    }
    (text, commands)
}

fn blank(text: &mut String, line: &str) {
    let body = line.trim_end_matches('\n');
    text.extend(std::iter::repeat_n(' ', body.len()));
    text.push_str(&line[body.len()..]);
}

/// Whether TOML has a `{` or `[` that is not closed yet; those in strings and comments do not count.
fn has_open_bracket(toml: &str) -> bool {
    let mut open = 0i32;
    for line in toml.lines() {
        let mut quote = None;
        let mut escaped = false;
        for c in line.chars() {
            match (quote, c) {
                (Some('"'), '\\') if !escaped => {
                    escaped = true;
                    continue;
                }
                (Some(mark), _) if c == mark && !escaped => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '#') => break,
                (None, '{' | '[') => open += 1,
                (None, '}' | ']') => open -= 1,
                (None, _) => {}
            }
            escaped = false;
        }
    }
    open > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_above_the_code() {
        let (text, commands) = split_commands(
            "// lesson\n:dep lessons = { path = \"../x\" }\n:timing\nlet s = \"\n:vars\";",
        );
        assert_eq!(commands.len(), 2);
        assert_eq!(commands[0].name, "dep");
        assert_eq!(commands[0].argument, "lessons = { path = \"../x\" }");
        assert_eq!(commands[1].line, 3);
        assert_eq!(text.lines().count(), 5);
        assert!(text.ends_with("let s = \"\n:vars\";"));
        assert!(text.lines().nth(1).unwrap().trim().is_empty());
    }

    #[test]
    fn the_table_of_a_dependency_may_go_over_several_lines() {
        let code = ":dep a = {\n  version = \"1\", # {\n  features = [\n    \"}\",\n  ],\n}\n:vars\nlet x = [\n1];";
        let (text, commands) = split_commands(code);
        assert_eq!(commands.len(), 2);
        assert!(commands[0].argument.ends_with("],\n}"), "{commands:?}");
        assert_eq!((commands[1].name.as_str(), commands[1].line), ("vars", 7));
        assert_eq!(text.trim(), "let x = [\n1];");
        assert_eq!(text.lines().count(), code.lines().count());
        // A bracket that never closes takes the rest of the cell, and the command says so.
        assert_eq!(split_commands(":dep a = {\n1").0.trim(), "");
    }

    #[test]
    fn what_only_files_have_is_no_part_of_a_cell() {
        for (code, expected) in [
            ("\u{feff}1 +\r\n2\r\n", "1 +\n2\n"),
            ("#!/bin/rust ü\n1", "              \n1"),
            ("\u{feff}#! x", "    "),
            ("#![allow(x)]\n1", "#![allow(x)]\n1"),
            ("#! [allow(x)]", "#! [allow(x)]"),
        ] {
            assert_eq!(normalized(code), expected, "{code}");
        }
    }

    #[test]
    fn a_path_is_no_command() {
        assert!(split_commands("::std::mem::drop(1)").1.is_empty());
    }
}
