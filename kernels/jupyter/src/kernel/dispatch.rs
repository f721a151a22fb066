//! The requests that are answered at once.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::assist::{Completeness, completeness};
use crate::protocol::{Outgoing, Replier, Request, State};

use super::Kernel;
use super::comms::is_comm;
use super::history::Access;

impl Kernel {
    /// Answers one request of the shell or control channel.
    pub(super) async fn handle(self: &Arc<Self>, request: Request, replier: &Replier) {
        if request.header.msg_type == "execute_request" {
            self.execution.submit(request, replier.clone());
            return;
        }
        if is_comm(&request.header.msg_type) {
            self.execution.submit_comm(request);
            return;
        }
        self.iopub.status(&request.raw_header, State::Busy);
        let shutdown = request.header.msg_type == "shutdown_request";
        if let Some(content) = self.content(&request).await {
            if shutdown {
                let message = Outgoing::new("shutdown_reply", &request.raw_header, content.clone());
                self.iopub.publish(message);
            }
            replier.reply(&request, content);
        }
        self.iopub.status(&request.raw_header, State::Idle);
        // Frontends show the last status they saw, whoever it was for.
        if let Some(running) = self.execution.running() {
            self.iopub.status(&running, State::Busy);
        }
        if shutdown {
            // The receiver lives until the process ends.
            let _ = self.shutdown.send(());
        }
    }

    /// The content of the reply; `None` for messages that get none.
    async fn content(self: &Arc<Self>, request: &Request) -> Option<Value> {
        Some(match request.header.msg_type.as_str() {
            "kernel_info_request" => self.info.content().await,
            "connect_request" => json!({
                "status": "ok",
                "shell_port": self.connection.shell_port,
                "iopub_port": self.connection.iopub_port,
                "stdin_port": self.connection.stdin_port,
                "hb_port": self.connection.hb_port,
                "control_port": self.connection.control_port,
            }),
            "is_complete_request" => is_complete(request),
            "complete_request" | "inspect_request" => self.assist(request.clone()).await,
            "history_request" => self.history(request),
            "comm_info_request" => self.comms.info(request),
            "interrupt_request" => {
                self.interrupt();
                json!({"status": "ok"})
            }
            "shutdown_request" => {
                json!({"status": "ok", "restart": request.flag("restart", false)})
            }
            "debug_request" => unsupported("this kernel has no debugger"),
            "create_subshell_request" | "delete_subshell_request" | "list_subshell_request" => {
                unsupported("this kernel has no subshells: cells share their variables")
            }
            kind if kind.ends_with("_request") => {
                tracing::warn!("an unknown request: {kind}");
                unsupported(&format!("this kernel does not know the message {kind}"))
            }
            kind => {
                tracing::warn!("an unknown message was dropped: {kind}");
                return None;
            }
        })
    }

    /// Completion and inspection, off the tasks that serve the sockets.
    async fn assist(self: &Arc<Self>, request: Request) -> Value {
        let kernel = self.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let code = request.text("code").unwrap_or_default();
            let end = code.chars().count();
            let cursor = request.integer("cursor_pos").map_or(end, |position| {
                usize::try_from(position).unwrap_or(0).min(end)
            });
            let detail = request.integer("detail_level").unwrap_or(0) > 0;
            match request.header.msg_type.as_str() {
                "complete_request" => kernel.assistant.complete(code, cursor).content(code),
                _ => match kernel.assistant.inspect(code, cursor, detail) {
                    None => json!({"status": "ok", "found": false, "data": {}, "metadata": {}}),
                    Some(doc) => json!({
                        "status": "ok", "found": true, "data": doc.bundle(), "metadata": {},
                    }),
                },
            }
        });
        answer
            .await
            .unwrap_or_else(|_| unsupported("the assistant failed on this text"))
    }

    fn history(&self, request: &Request) -> Value {
        let count = |key| request.integer(key).and_then(|n| usize::try_from(n).ok());
        let access = match request.text("hist_access_type") {
            Some("range") => Access::Range {
                session: request.integer("session").unwrap_or(0),
                start: count("start").unwrap_or(1),
                stop: count("stop"),
            },
            Some("search") => Access::Search {
                pattern: request.text("pattern").unwrap_or("*").to_owned(),
                count: count("n"),
                unique: request.flag("unique", false),
            },
            // As many as IPython gives where nothing is said.
            _ => Access::Tail(count("n").unwrap_or(10)),
        };
        let output = request.flag("output", false);
        let entries: Vec<Value> = self
            .history
            .get(&access)
            .into_iter()
            .map(|entry| match output {
                true => json!([entry.session, entry.line, [entry.source, entry.output]]),
                false => json!([entry.session, entry.line, entry.source]),
            })
            .collect();
        json!({"status": "ok", "history": entries})
    }
}

fn is_complete(request: &Request) -> Value {
    let code = request.text("code").unwrap_or_default();
    match completeness(code) {
        Completeness::Complete => json!({"status": "complete"}),
        Completeness::Invalid => json!({"status": "invalid"}),
        Completeness::Incomplete { indent } => {
            json!({"status": "incomplete", "indent": " ".repeat(indent)})
        }
    }
}

fn unsupported(reason: &str) -> Value {
    json!({"status": "error", "ename": "Unsupported", "evalue": reason, "traceback": [reason]})
}
