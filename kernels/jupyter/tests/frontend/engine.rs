//! An engine that only pretends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lessons_kernel::engine::{
    Cell, CellError, Engine, Frontend, Interrupter, Outcome, Output, Variable,
};
use serde_json::{Value, json};

/// Cells are words: `print TEXT`, `flood MEGABYTES`, `count LINES`,
/// `later MS BYTES`, `show MIME`, `result TEXT`, `sleep MS`, `ask PROMPT`, `fail`,
/// `panic`, `wait` (until interrupted), `let NAME`.
#[derive(Default)]
pub struct FakeEngine {
    stop: Arc<Stop>,
    bound: Vec<String>,
}

#[derive(Default)]
pub struct Stop(AtomicBool);

impl Interrupter for Stop {
    fn interrupt(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn bundle(mime: &str, text: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([(mime.to_owned(), json!(text))])
}

fn failed(ename: &str) -> Outcome {
    Outcome::Failed(CellError {
        ename: ename.into(),
        evalue: "on purpose".into(),
        traceback: vec!["line 1".into(), "line 2".into()],
    })
}

impl Engine for FakeEngine {
    fn run(&mut self, cell: &Cell, frontend: Arc<dyn Frontend>) -> Outcome {
        self.stop.0.store(false, Ordering::SeqCst);
        for line in cell.code.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let metadata = BTreeMap::new();
            match word {
                "print" => {
                    for byte in format!("{rest}\n").bytes() {
                        frontend.emit(Output::Stdout(vec![byte]));
                    }
                }
                "flood" => {
                    // Figures: of text a cell keeps a part only.
                    for _ in 0..rest.parse().unwrap() {
                        frontend.emit(Output::Display {
                            data: bundle("text/plain", &"x".repeat(1 << 20)),
                            metadata: BTreeMap::new(),
                            display_id: None,
                            update: false,
                        });
                    }
                }
                "count" => {
                    for number in 0..rest.parse::<usize>().unwrap() {
                        frontend.emit(Output::Stdout(format!("line {number}\n").into()));
                    }
                }
                "later" => {
                    let (after, bytes) = rest.split_once(' ').unwrap();
                    let after = Duration::from_millis(after.parse().unwrap());
                    let bytes: usize = bytes.parse().unwrap();
                    let frontend = frontend.clone();
                    std::thread::spawn(move || {
                        std::thread::sleep(after);
                        frontend.emit(Output::Stdout(vec![b'.'; bytes]));
                        frontend.emit(Output::Stdout(vec![b'!']));
                    });
                }
                "warn" => frontend.emit(Output::Stderr(format!("{rest}\n").into())),
                "show" => frontend.emit(Output::Display {
                    data: bundle(rest, "<figure>"),
                    metadata,
                    display_id: Some("figure".into()),
                    update: false,
                }),
                "update" => frontend.emit(Output::Display {
                    data: bundle(rest, "<new>"),
                    metadata,
                    display_id: Some("figure".into()),
                    update: true,
                }),
                "clear" => frontend.emit(Output::ClearOutput { wait: true }),
                "result" => frontend.emit(Output::Result {
                    data: bundle("text/plain", rest),
                    metadata,
                }),
                "sleep" => std::thread::sleep(Duration::from_millis(rest.parse().unwrap())),
                "ask" => match frontend.input(rest, false) {
                    Ok(text) => frontend.emit(Output::Stdout(format!("got {text}").into())),
                    Err(_) => return failed("NoInput"),
                },
                "wait" => {
                    while !self.stop.0.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    return failed("Interrupted");
                }
                "let" => self.bound.push(rest.to_owned()),
                "panic" => panic!("the engine is broken"),
                _ => return failed("Fake"),
            }
        }
        Outcome::Done
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.stop.clone()
    }

    fn variables(&self) -> Vec<Variable> {
        // Slow enough for what doesn't wait for it to be seen.
        std::thread::sleep(Duration::from_millis(50 * self.bound.len() as u64));
        let names = self.bound.iter().map(String::as_str).chain(["answer"]);
        let variable = |name: &str| Variable {
            name: name.into(),
            ty: "i32".into(),
        };
        names.map(variable).collect()
    }

    fn items(&self) -> Vec<String> {
        Vec::new()
    }
}
