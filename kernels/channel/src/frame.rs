//! Frames: one message as JSON, with binary parts behind it where it has some.
//!
//! A frame is a little-endian `u32`, the JSON's length in bytes, and the JSON. With parts, the
//! length's highest bit is set, and after the JSON come a `u32`, the number of parts, and for each
//! part a `u32`, its length, and its bytes.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// A frame longer than this, parts included, is refused: 256 MiB.
pub const MAX_FRAME: u32 = 256 << 20;

/// Set in the length of a frame that has parts.
const PARTS: u32 = 1 << 31;

/// Writes one message without parts and flushes.
///
/// # Errors
/// When the message is longer than [`MAX_FRAME`] or the stream fails.
pub fn write_frame<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    write_frame_with(stream, message, &[])
}

/// Writes one message and its binary parts, and flushes.
///
/// # Errors
/// When all of it is longer than [`MAX_FRAME`], of which nothing has been written then, or the
/// stream fails.
pub fn write_frame_with<T: Serialize>(
    stream: &mut impl Write,
    message: &T,
    parts: &[Vec<u8>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let parts_length: usize = parts.iter().map(|part| part.len() + 4).sum();
    let total = body.len().saturating_add(parts_length);
    if u32::try_from(total).is_ok_and(|total| total <= MAX_FRAME) {
        let flag = if parts.is_empty() { 0 } else { PARTS };
        let mut frame = Vec::with_capacity(total + 8);
        // Each length is within the limit that the sum keeps.
        frame.extend_from_slice(&(body.len() as u32 | flag).to_le_bytes());
        frame.extend_from_slice(&body);
        if !parts.is_empty() {
            frame.extend_from_slice(&(parts.len() as u32).to_le_bytes());
        }
        for part in parts {
            frame.extend_from_slice(&(part.len() as u32).to_le_bytes());
            frame.extend_from_slice(part);
        }
        stream.write_all(&frame)?;
        return stream.flush();
    }
    let text = format!("a message of {total} bytes is over the limit of {MAX_FRAME}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// Reads one message; `None` at the stream's end. Parts, where it has some, are dropped.
///
/// # Errors
/// As [`read_frame_with`].
pub fn read_frame<T: for<'de> Deserialize<'de>>(stream: &mut impl Read) -> io::Result<Option<T>> {
    Ok(read_frame_with(stream)?.map(|(message, _)| message))
}

/// Reads one message and its binary parts; `None` at the stream's end.
///
/// # Errors
/// When the stream fails or ends inside a frame, the frame is over [`MAX_FRAME`], or the body is
/// not the JSON of a `T`.
pub fn read_frame_with<T: for<'de> Deserialize<'de>>(
    stream: &mut impl Read,
) -> io::Result<Option<(T, Vec<Vec<u8>>)>> {
    let mut length = [0; 4];
    match stream.read(&mut length)? {
        0 => return Ok(None),
        got => stream.read_exact(&mut length[got..])?,
    }
    let length = u32::from_le_bytes(length);
    let mut room = MAX_FRAME;
    let body = read_part(stream, length & !PARTS, &mut room)?;
    let mut parts = Vec::new();
    if length & PARTS != 0 {
        for _ in 0..read_length(stream)? {
            let length = read_length(stream)?;
            room = room.saturating_sub(4);
            parts.push(read_part(stream, length, &mut room)?);
        }
    }
    Ok(Some((serde_json::from_slice(&body)?, parts)))
}

fn read_length(stream: &mut impl Read) -> io::Result<u32> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    Ok(u32::from_le_bytes(length))
}

/// Reads `length` bytes, if there is `room` for them.
fn read_part(stream: &mut impl Read, length: u32, room: &mut u32) -> io::Result<Vec<u8>> {
    match room.checked_sub(length) {
        Some(left) => *room = left,
        None => {
            let text = format!("a frame is over the limit of {MAX_FRAME} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
    }
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn frames_survive_a_round_trip_with_and_without_parts() {
        let message = json!({"text": "näme? "});
        let parts = vec![vec![0, 255, 10], Vec::new(), vec![b'{'; 300]];
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &message).unwrap();
        write_frame_with(&mut bytes, &message, &parts).unwrap();
        write_frame(&mut bytes, &message).unwrap();
        let mut stream = bytes.as_slice();
        let mut next = || read_frame_with::<Value>(&mut stream).unwrap();
        assert_eq!(next(), Some((message.clone(), Vec::new())));
        assert_eq!(next(), Some((message.clone(), parts)));
        assert_eq!(next(), Some((message, Vec::new())));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_reader_that_wants_no_parts_stays_in_step() {
        let mut bytes = Vec::new();
        write_frame_with(&mut bytes, &json!(1), &[vec![7; 9]]).unwrap();
        write_frame(&mut bytes, &json!(2)).unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(read_frame::<Value>(&mut stream).unwrap(), Some(json!(1)));
        assert_eq!(read_frame::<Value>(&mut stream).unwrap(), Some(json!(2)));
    }

    #[test]
    fn a_frame_cut_short_is_an_error() {
        let mut bytes = Vec::new();
        write_frame_with(&mut bytes, &json!("x"), &[vec![1, 2], vec![3]]).unwrap();
        for end in 1..bytes.len() {
            assert!(
                read_frame::<Value>(&mut &bytes[..end]).is_err(),
                "cut at {end}"
            );
        }
    }

    #[test]
    fn a_lying_length_is_refused_before_anything_is_allocated() {
        let lie = u32::MAX.to_le_bytes();
        assert!(read_frame::<Value>(&mut lie.as_slice()).is_err());
        let mut bytes = Vec::new();
        write_frame_with(&mut bytes, &json!("x"), &[vec![1]]).unwrap();
        let part = bytes.len() - 5;
        bytes[part..part + 4].copy_from_slice(&lie);
        assert!(read_frame::<Value>(&mut bytes.as_slice()).is_err());
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_whole() {
        let mut bytes = Vec::new();
        let part = vec![0; MAX_FRAME as usize / 2];
        let parts = [part.clone(), part];
        let error = write_frame_with(&mut bytes, &json!("x"), &parts).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(bytes.is_empty());
    }
}
