//! The messages between a running cell and the Jupyter kernel.
//!
//! The kernel listens on a Unix socket and names it in [`SOCKET_ENV`]; the process that runs cells
//! connects to it once and writes frames: a little-endian `u32` byte length, then that many bytes
//! of JSON. Where the variable is absent (stock evcxr, a plain program) there is no channel, and
//! displays fall back to evcxr's content markers on standard output.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Environment variable that holds the path of the kernel's socket.
pub const SOCKET_ENV: &str = "LESSONS_CHANNEL";

/// A frame longer than this is refused: 256 MiB.
pub const MAX_FRAME: u32 = 256 << 20;

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
}

/// From the kernel to the cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToCell {
    /// A display, an update or a clearing has reached the frontend.
    Done,
    /// The answer to [`FromCell::Input`], or why there is none.
    Input { text: Result<String, String> },
}

/// Writes one message as a frame and flushes.
///
/// # Errors
/// When the message is longer than [`MAX_FRAME`] or the stream fails.
pub fn write_frame<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or_else(|| {
            let text = format!(
                "a message of {} bytes is over the limit of {MAX_FRAME}",
                body.len()
            );
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })?;
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&body);
    stream.write_all(&frame)?;
    stream.flush()
}

/// Reads one frame; `None` at the stream's end.
///
/// # Errors
/// When the stream fails or ends inside a frame, the length is over [`MAX_FRAME`], or the body is
/// not the JSON of a `T`.
pub fn read_frame<T: for<'de> Deserialize<'de>>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match stream.read(&mut length)? {
        0 => return Ok(None),
        got => stream.read_exact(&mut length[got..])?,
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME {
        let text = format!("a frame of {length} bytes is over the limit of {MAX_FRAME}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_a_round_trip() {
        let message = FromCell::Input {
            prompt: "näme? ".into(),
            password: false,
        };
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &message).unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(read_frame(&mut stream).unwrap(), Some(message));
        assert_eq!(read_frame::<FromCell>(&mut stream).unwrap(), None);
    }

    #[test]
    fn a_frame_cut_short_is_an_error() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &FromCell::ClearOutput { wait: true }).unwrap();
        for end in 1..bytes.len() {
            assert!(
                read_frame::<FromCell>(&mut &bytes[..end]).is_err(),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn a_lying_length_is_refused_before_anything_is_allocated() {
        let bytes = u32::MAX.to_le_bytes();
        assert!(read_frame::<FromCell>(&mut bytes.as_slice()).is_err());
    }
}
