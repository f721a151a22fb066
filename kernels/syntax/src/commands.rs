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

/// Blanks the command lines out of a cell's text.
///
/// A line is a command when it begins with `:` and a letter, and every line before it is a command,
/// a comment or empty: further down a `:` may continue an expression or stand in a string.
pub fn split_commands(code: &str) -> (String, Vec<Command>) {
    let mut commands = Vec::new();
    let mut text = String::with_capacity(code.len());
    let mut at_top = true;
    for (index, line) in code.split_inclusive('\n').enumerate() {
        let trimmed = line.trim();
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
            let body = line.trim_end_matches('\n');
            text.extend(std::iter::repeat_n(' ', body.len()));
            text.push_str(&line[body.len()..]);
        } else {
            at_top &= trimmed.is_empty() || trimmed.starts_with("//");
            text.push_str(line);
        }
    }
    (text, commands)
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
    fn a_path_is_no_command() {
        assert!(split_commands("::std::mem::drop(1)").1.is_empty());
    }
}
