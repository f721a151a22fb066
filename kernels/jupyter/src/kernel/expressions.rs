//! A request's user expressions: each is evaluated as a cell of its own that shows nothing.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::engine::{Cell, Frontend, Outcome, Output};
use crate::protocol::Request;

use super::execution::error_content;

/// The answers by name, as an `execute_reply` has them.
pub fn evaluate(
    request: &Request,
    mut run: impl FnMut(&Cell, Arc<dyn Frontend>) -> Outcome,
) -> Value {
    let wanted = request.content.get("user_expressions");
    let mut answers = Map::new();
    for (name, expression) in wanted.and_then(Value::as_object).into_iter().flatten() {
        let captured = Arc::new(Captured::default());
        let cell = Cell {
            code: expression.as_str().unwrap_or_default().to_owned(),
            number: 0,
            allow_stdin: false,
        };
        let answer = match run(&cell, captured.clone()) {
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

/// Keeps the value of an expression and nothing else.
#[derive(Default)]
struct Captured(Mutex<Option<Value>>);

impl Captured {
    fn answer(&self) -> Value {
        let result = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| json!({"status": "ok", "data": {}, "metadata": {}}))
    }
}

impl Frontend for Captured {
    fn emit(&self, output: Output) {
        if let Output::Result { data, metadata } = output {
            let answer = json!({"status": "ok", "data": data, "metadata": metadata});
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
    }

    fn input(&self, _: &str, _: bool) -> Result<String, String> {
        Err("a user expression can't ask for input".into())
    }
}
