//! The stdin channel: a running cell asks, the frontend that ran it answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::protocol::{Outgoing, Replier, Request};

type Answer = Result<String, String>;

struct Question {
    identities: Vec<Bytes>,
    msg_id: String,
    answer: mpsc::Sender<Answer>,
}

/// Asks one question at a time.
pub struct Stdin {
    replier: Replier,
    /// Held while a question is out, so that a second thread of the cell waits for its turn.
    turn: Mutex<()>,
    open: Mutex<Option<Question>>,
}

impl Stdin {
    pub fn new(replier: Replier) -> Self {
        Self {
            replier,
            turn: Mutex::new(()),
            open: Mutex::new(None),
        }
    }

    /// Asks the frontend behind `request` for a line and blocks until it answers.
    ///
    /// # Errors
    /// When the cell is interrupted or the kernel ends before the answer comes.
    pub fn ask(&self, request: &Request, prompt: &str, password: bool) -> Answer {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, answered) = mpsc::channel();
        {
            let mut open = self.open();
            let content = json!({"prompt": prompt, "password": password});
            let message = Outgoing::new("input_request", &request.raw_header, content);
            let msg_id = self.replier.send(&request.identities, message);
            *open = Some(Question {
                identities: request.identities.clone(),
                msg_id,
                answer,
            });
        }
        let answer = answered.recv();
        *self.open() = None;
        answer.unwrap_or_else(|_| Err("the input request was interrupted".into()))
    }

    /// Gives up the open question, if any.
    pub fn cancel(&self) {
        *self.open() = None;
    }

    /// Hands each `input_reply` to the question that it answers.
    pub async fn listen(self: Arc<Self>, mut messages: UnboundedReceiver<Request>) {
        while let Some(message) = messages.recv().await {
            self.receive(&message);
        }
    }

    fn receive(&self, message: &Request) {
        if message.header.msg_type != "input_reply" {
            let kind = &message.header.msg_type;
            tracing::warn!("stdin: an unexpected message was dropped: {kind}");
            return;
        }
        let open = self.open();
        // Some clients leave the parent header of their input_reply empty.
        let parent = message.parent.get("msg_id").and_then(|id| id.as_str());
        let matches = open.as_ref().filter(|question| {
            question.identities == message.identities
                && parent.is_none_or(|id| id.is_empty() || id == question.msg_id)
        });
        match matches {
            None => tracing::warn!("stdin: an input_reply that nobody asked for was dropped"),
            Some(question) => {
                let value = message.text("value").unwrap_or_default().to_owned();
                let _ = question.answer.send(Ok(value));
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<Question>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
