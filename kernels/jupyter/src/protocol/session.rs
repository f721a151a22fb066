//! The kernel's side of a session: its id, its message counter and its signer.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Signer, VERSION};

/// Gives outgoing messages their headers and signatures.
pub struct Session {
    id: String,
    username: String,
    sent: AtomicU64,
    signer: Signer,
}

impl Session {
    pub fn new(signer: Signer) -> Self {
        let username = std::env::var("USER").unwrap_or_else(|_| "kernel".into());
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            username,
            sent: AtomicU64::new(0),
            signer,
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(super) fn next_id(&self) -> String {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        format!("{}_{}_{number}", self.id, std::process::id())
    }

    pub(super) fn header(&self, msg_id: &str, msg_type: &str) -> Value {
        json!({
            "msg_id": msg_id,
            "session": self.id,
            "username": self.username,
            "date": now(),
            "msg_type": msg_type,
            "version": VERSION,
        })
    }
}

/// The time as messages write it.
pub fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
