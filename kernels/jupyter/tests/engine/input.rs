//! Cells that read what the user types.

use crate::harness::{Ran, Session};

/// The functions of crate evcxr_input 1.0, as it defines them.
const EVCXR_INPUT: &str = r#"
mod evcxr_input {
    pub fn get_string(prompt: &str) -> String { ask("EVCXR_INPUT_REQUEST", prompt) }
    pub fn get_password(prompt: &str) -> String { ask("EVCXR_INPUT_REQUEST_PASSWORD", prompt) }
    fn ask(command: &str, prompt: &str) -> String {
        println!("{command}:{prompt}");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}
"#;

fn stdout(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stdout_bytes()).into_owned()
}

#[test]
#[cfg(target_os = "linux")]
fn a_cell_that_reads_is_answered() {
    let mut session = Session::new();
    session.ok(EVCXR_INPUT);
    let ran = session.ok("print!(\"no newline, \");
         let name = evcxr_input::get_string(\"name? \");
         let word = evcxr_input::get_password(\"word? \");
         println!(\"{name}, {word}\");");
    assert_eq!(
        stdout(&ran),
        "no newline, answer to name?, answer to word?\n"
    );
    assert_eq!(ran.stderr(), "");
    // Without a request the read itself is noticed, also in a thread, and in another program.
    let read = "let mut line = String::new(); std::io::stdin().read_line(&mut line)?; line";
    assert_eq!(session.value(read), "\"answer to \\n\"");
    let thread = "std::thread::spawn(|| std::io::stdin().lines().take(2).map(Result::unwrap).collect::<Vec<_>>()).join().unwrap()";
    assert_eq!(session.value(thread), "[\"answer to \", \"answer to \"]");
    let program = "std::process::Command::new(\"head\").arg(\"-n1\").output()?.stdout.len()";
    assert_eq!(session.value(program), "0");
    let program = "std::process::Command::new(\"head\").arg(\"-n1\").stdin(std::process::Stdio::inherit()).output()?.stdout.len()";
    assert_eq!(session.value(program), "11");
}

#[test]
fn where_nobody_answers_input_ends_and_says_so() {
    let mut session = Session::new();
    session.ok(EVCXR_INPUT);
    let read = "let mut line = String::new(); std::io::stdin().read_line(&mut line)?; line";
    for code in [read, "evcxr_input::get_string(\"name? \")"] {
        // Twice: the next cell has an input of its own.
        for _ in 0..2 {
            let ran = session.run_unattended(code);
            assert_eq!(ran.result().unwrap()["text/plain"], "\"\"", "{ran:?}");
            if cfg!(target_os = "linux") {
                assert_eq!(
                    ran.stderr(),
                    "note: standard input ends here: nobody is there\n"
                );
            }
        }
    }
    #[cfg(target_os = "linux")]
    assert_eq!(session.value(read), "\"answer to \\n\"");
}
