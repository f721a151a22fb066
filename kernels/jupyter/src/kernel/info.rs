//! What `kernel_info_reply` says.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::protocol;

/// How long a reply may wait for the language's version.
const PATIENCE: Duration = Duration::from_millis(500);

enum Version {
    Asked(JoinHandle<Option<String>>),
    Known(String),
}

/// Knows the language version once it was found out.
pub struct Info(Mutex<Version>);

impl Info {
    pub fn new(version: JoinHandle<Option<String>>) -> Self {
        Self(Mutex::new(Version::Asked(version)))
    }

    async fn version(&self) -> String {
        let mut version = self.0.lock().await;
        if let Version::Asked(task) = &mut *version {
            let answer = tokio::time::timeout(PATIENCE, task).await;
            let found = answer.ok().and_then(Result::ok).flatten();
            // The oldest rustc that the workspace builds with is a true lower bound.
            *version =
                Version::Known(found.unwrap_or_else(|| env!("CARGO_PKG_RUST_VERSION").into()));
        }
        match &*version {
            Version::Known(text) => text.clone(),
            Version::Asked(_) => String::new(),
        }
    }

    pub async fn content(&self) -> Value {
        let kernel = env!("CARGO_PKG_VERSION");
        let rust = self.version().await;
        json!({
            "status": "ok",
            "protocol_version": protocol::VERSION,
            "implementation": "lessons-kernel",
            "implementation_version": kernel,
            "banner": format!(
                "lessons-kernel {kernel}, Rust {rust}: cells are compiled with rustc, \
                 the lessons library is built in.",
            ),
            "language_info": {
                "name": "rust",
                "version": rust,
                "mimetype": "text/x-rustsrc",
                "file_extension": ".rs",
                "pygments_lexer": "rust",
                "codemirror_mode": "rust",
                "nbconvert_exporter": "script",
            },
            "help_links": [
                {"text": "The Rust standard library", "url": "https://doc.rust-lang.org/std/"},
                {"text": "The Rust book", "url": "https://doc.rust-lang.org/book/"},
                {"text": "Rust by example", "url": "https://doc.rust-lang.org/rust-by-example/"},
                {"text": "candle", "url": "https://docs.rs/candle-core"},
                {"text": "plotters", "url": "https://docs.rs/plotters"},
            ],
            "debugger": false,
            "supported_features": [],
        })
    }
}
