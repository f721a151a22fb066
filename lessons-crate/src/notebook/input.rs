//! Asking whoever runs the cell.

use std::env;
use std::io::{self, BufRead, Write};

use lessons_channel::{FromCell, ToCell};

use super::connection::ask;
use super::display::EVCXR;

/// Asks for a line of text and waits for it.
///
/// A notebook shows a field below the cell. A plain program asks on its terminal.
///
/// # Errors
/// When nobody can be asked, as when a notebook is run without anybody at it, or the cell is
/// interrupted meanwhile.
///
/// ```no_run
/// let name = lessons::notebook::input("Your name? ")?;
/// println!("Hello, {name}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn input(prompt: &str) -> io::Result<String> {
    get(prompt, false)
}

/// Asks for a line that is not shown as it is typed; a terminal shows it all the same.
///
/// # Errors
/// As [`input`].
pub fn password(prompt: &str) -> io::Result<String> {
    get(prompt, true)
}

fn get(prompt: &str, password: bool) -> io::Result<String> {
    let question = FromCell::Input {
        prompt: prompt.to_owned(),
        password,
    };
    match ask(&question) {
        Some(Ok(ToCell::Input { text })) => text.map_err(io::Error::other),
        Some(Ok(_)) => Err(io::Error::other("the kernel did not answer the question")),
        Some(Err(error)) => Err(error),
        None => {
            let evcxr = env::var_os(EVCXR).is_some();
            print!("{}", unconnected(prompt, password, evcxr));
            io::stdout().flush()?;
            read(&mut io::stdin().lock())
        }
    }
}

/// What goes to standard output where no kernel listens: evcxr asks for a line that says so.
fn unconnected(prompt: &str, password: bool, evcxr: bool) -> String {
    match (evcxr, password) {
        (true, false) => format!("EVCXR_INPUT_REQUEST:{prompt}\n"),
        (true, true) => format!("EVCXR_INPUT_REQUEST_PASSWORD:{prompt}\n"),
        (false, _) => prompt.to_owned(),
    }
}

fn read(lines: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if lines.read_line(&mut line)? == 0 {
        let reason = "standard input has ended: there is nobody to ask";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
    }
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_end() {
        let mut lines = "Ada \r\n\n".as_bytes();
        assert_eq!(read(&mut lines).unwrap(), "Ada ");
        assert_eq!(read(&mut lines).unwrap(), "");
        let ended = read(&mut lines).unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn evcxr_is_asked_in_its_own_words() {
        assert_eq!(unconnected("a? ", false, true), "EVCXR_INPUT_REQUEST:a? \n");
        let password = unconnected("a? ", true, true);
        assert_eq!(password, "EVCXR_INPUT_REQUEST_PASSWORD:a? \n");
        assert_eq!(unconnected("a? ", true, false), "a? ");
    }
}
