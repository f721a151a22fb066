//! A request's user expressions: each is evaluated as a cell of its own that shows nothing but what
//! it prints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::engine::{Cell, Frontend, Outcome, Output};
use crate::protocol::Request;

use super::execution::error_content;

/// The answers by name, as an `execute_reply` has them. What is printed meanwhile, by the cell's
/// threads too, goes to `streams`.
pub fn evaluate(
    request: &Request,
    streams: &Arc<dyn Frontend>,
    mut run: impl FnMut(&Cell, Arc<dyn Frontend>) -> Outcome,
) -> Value {
    let wanted = request.content.get("user_expressions");
    let mut answers = Map::new();
    for (name, expression) in wanted.and_then(Value::as_object).into_iter().flatten() {
        let captured = Arc::new(Captured {
            result: Mutex::default(),
            answered: AtomicBool::new(false),
            streams: streams.clone(),
        });
        let cell = Cell {
            code: expression.as_str().unwrap_or_default().to_owned(),
            number: 0,
            allow_stdin: false,
        };
        let outcome = run(&cell, captured.clone());
        captured.answered.store(true, Ordering::Release);
        let answer = match outcome {
            Outcome::Done => captured.answer(),
            Outcome::Failed(error) => {
                let mut content = error_content(&error);
                content.insert("status".into(), "error".into());
                Value::Object(content)
            }
        };
        answers.insert(name.clone(), answer);
    }
    Value::Object(answers)
}

/// Keeps the value of an expression. What comes after it is of the cell's threads, and shown.
struct Captured {
    result: Mutex<Option<Value>>,
    answered: AtomicBool,
    streams: Arc<dyn Frontend>,
}

impl Captured {
    fn answer(&self) -> Value {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result
            .take()
            .unwrap_or_else(|| json!({"status": "ok", "data": {}, "metadata": {}}))
    }
}

impl Frontend for Captured {
    fn emit(&self, output: Output) {
        match output {
            Output::Stdout(_) | Output::Stderr(_) => self.streams.emit(output),
            _ if self.answered.load(Ordering::Acquire) => self.streams.emit(output),
            Output::Result { data, metadata } => {
                let answer = json!({"status": "ok", "data": data, "metadata": metadata});
                *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            }
            _ => {}
        }
    }

    fn input(&self, _: &str, _: bool) -> Result<String, String> {
        Err("a user expression can't ask for input".into())
    }
}
