//! The kernel's side of a session: its id, its message counter, its signer, and what it has seen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use super::message::DELIMITER;
use super::replay::Seen;
use super::{Rejected, Request, Signer, VERSION};

/// Gives outgoing messages their headers and signatures, and lets incoming ones pass once.
pub struct Session {
    id: String,
    username: String,
    sent: AtomicU64,
    signer: Signer,
    seen: Mutex<Seen>,
}

impl Session {
    pub fn new(signer: Signer) -> Self {
        let username = std::env::var("USER").unwrap_or_else(|_| "kernel".into());
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            username,
            sent: AtomicU64::new(0),
            signer,
            seen: Mutex::default(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Reads the frames of one message, on whichever channel it came.
    ///
    /// # Errors
    /// As [`Request::parse`], and for a signed message that came before.
    pub fn receive(&self, frames: Vec<Bytes>) -> Result<Request, Rejected> {
        let delimiter = frames.iter().position(|frame| frame == DELIMITER);
        let signature = delimiter.and_then(|at| frames.get(at + 1)).cloned();
        let request = Request::parse(frames, &self.signer)?;
        let Some(signature) = signature.filter(|_| self.signer.signs()) else {
            return Ok(request);
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.note(&signature) {
            true => Ok(request),
            false => Err(Rejected::Replayed),
        }
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
