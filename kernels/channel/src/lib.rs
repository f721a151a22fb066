//! The messages between a running cell and the Jupyter kernel.
//!
//! The kernel listens on a Unix socket and names it in [`SOCKET_ENV`]; the process that runs cells
//! connects to it once and writes frames of JSON, with binary parts where a message has buffers.
//! Where the variable is absent (stock evcxr, a plain program) there is no channel, and displays
//! fall back to evcxr's content markers on standard output.

mod comm;
mod frame;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use comm::{COMM_ENTRY, Comm, CommAction, Delivery};
pub use frame::{MAX_FRAME, read_frame, read_frame_with, write_frame, write_frame_with};

/// Environment variable that holds the path of the kernel's socket.
pub const SOCKET_ENV: &str = "LESSONS_CHANNEL";

/// From the cell to the kernel. Each message is answered, so that a cell cannot end before what it
/// shows has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromCell {
    /// Show a MIME bundle, or replace what an earlier display with the same id shows.
    Display {
        data: BTreeMap<String, Value>,
        #[serde(default)]
        metadata: BTreeMap<String, Value>,
        #[serde(default)]
        display_id: Option<String>,
        #[serde(default)]
        update: bool,
    },
    /// Clear the cell's outputs, at once or when the next output comes.
    ClearOutput { wait: bool },
    /// Ask the user for a line; the kernel answers with [`ToCell::Input`].
    Input { prompt: String, password: bool },
    /// A message to the other side of a comm; its buffers are the frame's parts. Opening one, from
    /// here or by agreeing to what the frontend opened, makes it a comm of this connection: when
    /// that ends, the comm is closed.
    Comm(Comm),
}

/// From the kernel to the cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToCell {
    /// A display, an update, a clearing or a comm message is on its way to the frontend.
    Done,
    /// The answer to [`FromCell::Input`], or why there is none.
    Input { text: Result<String, String> },
}
