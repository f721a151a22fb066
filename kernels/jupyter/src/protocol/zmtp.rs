//! ZMTP 3.0 with the NULL mechanism (ZeroMQ RFC 23): the bytes on a connection, as messages.
//!
//! Pure functions over bytes. What a peer announces costs no memory: buffers grow with the bytes
//! that have really come, up to a limit.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What each side sends first: a signature, version 3.0, the mechanism, and filling.
pub(super) const GREETING: [u8; 64] = {
    let mut bytes = [0; 64];
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[10] = 3;
    let name = *b"NULL";
    let mut at = 0;
    while at < name.len() {
        bytes[12 + at] = name[at];
        at += 1;
    }
    bytes
};

/// A message is refused beyond this many bytes.
pub(super) const LARGEST: usize = 1 << 30;
/// What a part counts beside its bytes, so that a message of endless empty parts is refused, too.
const PART: usize = 64 << 10;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// Why a connection can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it does not speak ZMTP")]
    NotZmtp,
    #[error("it speaks ZMTP {0}; version 3 is needed")]
    Version(u8),
    #[error("it wants a security mechanism other than NULL")]
    Mechanism,
    #[error("a frame has the reserved flags {0:#04x}")]
    Flags(u8),
    #[error("a message of more than {LARGEST} bytes")]
    TooLong,
    #[error("a command that can't be read")]
    Command,
    #[error("a socket of type {0:?} can't be served here")]
    SocketType(String),
}

/// Whether a peer's greeting is one that can be answered.
pub(super) fn check_greeting(greeting: &[u8; 64]) -> Result<(), Broken> {
    if greeting[0] != 0xff || greeting[9] & 1 == 0 {
        return Err(Broken::NotZmtp);
    }
    if greeting[10] < 3 {
        return Err(Broken::Version(greeting[10]));
    }
    if !greeting[12..32].starts_with(b"NULL\0") {
        return Err(Broken::Mechanism);
    }
    Ok(())
}

/// The command that ends the handshake.
pub(super) fn ready(socket_type: &str) -> Bytes {
    let mut body = BytesMut::new();
    body.put_slice(b"\x05READY");
    for (name, value) in [("Socket-Type", socket_type), ("Identity", "")] {
        body.put_u8(name.len() as u8);
        body.put_slice(name.as_bytes());
        body.put_u32(value.len() as u32);
        body.put_slice(value.as_bytes());
    }
    command(&body)
}

/// A command as a frame.
pub(super) fn command(body: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(body.len() + 9);
    put_frame(&mut frame, COMMAND, body);
    frame.freeze()
}

/// A message as frames.
pub(super) fn encode(parts: &[Bytes]) -> Bytes {
    let size: usize = parts.iter().map(|part| part.len() + 9).sum();
    let mut bytes = BytesMut::with_capacity(size);
    for (index, part) in parts.iter().enumerate() {
        let more = if index + 1 < parts.len() { MORE } else { 0 };
        put_frame(&mut bytes, more, part);
    }
    bytes.freeze()
}

fn put_frame(bytes: &mut BytesMut, flags: u8, body: &[u8]) {
    match u8::try_from(body.len()) {
        Ok(length) => bytes.put_slice(&[flags, length]),
        Err(_) => {
            bytes.put_u8(flags | LONG);
            bytes.put_u64(body.len() as u64);
        }
    }
    bytes.put_slice(body);
}

/// What a peer says of itself in its READY command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    pub socket_type: String,
    /// Empty for a peer without a name.
    pub identity: Bytes,
}

impl Ready {
    pub(super) fn parse(mut body: Bytes) -> Result<Self, Broken> {
        if !body.starts_with(b"\x05READY") {
            return Err(Broken::Command);
        }
        body.advance(6);
        let mut ready = Self::default();
        while !body.is_empty() {
            let length = usize::from(body.get_u8());
            if body.len() < length + 4 {
                return Err(Broken::Command);
            }
            let name = body.split_to(length);
            let length = body.get_u32() as usize;
            if body.len() < length {
                return Err(Broken::Command);
            }
            let value = body.split_to(length);
            if name.eq_ignore_ascii_case(b"Socket-Type") {
                ready.socket_type = String::from_utf8_lossy(&value).into_owned();
            } else if name.eq_ignore_ascii_case(b"Identity") {
                ready.identity = value;
            }
        }
        Ok(ready)
    }
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Incoming {
    Command(Bytes),
    Message(Vec<Bytes>),
}

/// Puts a connection's bytes together to messages, however they were cut.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Bytes go in at the end.
    pub buffer: BytesMut,
    parts: Vec<Bytes>,
    size: usize,
}

impl Decoder {
    /// The next message or command, when all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, Broken> {
        loop {
            let [flags, short, ..] = self.buffer[..] else {
                return Ok(None);
            };
            if flags & !(MORE | LONG | COMMAND) != 0 || flags & (MORE | COMMAND) == MORE | COMMAND {
                return Err(Broken::Flags(flags));
            }
            let (header, length) = if flags & LONG == 0 {
                (2, u64::from(short))
            } else {
                match self.buffer.get(1..9) {
                    Some(mut long) => (9, long.get_u64()),
                    None => return Ok(None),
                }
            };
            let length = usize::try_from(length).map_err(|_| Broken::TooLong)?;
            let size = self.size.saturating_add(length).saturating_add(PART);
            if size > LARGEST {
                return Err(Broken::TooLong);
            }
            if self.buffer.len() < header + length {
                return Ok(None);
            }
            self.buffer.advance(header);
            let body = self.buffer.split_to(length).freeze();
            if flags & COMMAND != 0 {
                return Ok(Some(Incoming::Command(body)));
            }
            self.parts.push(body);
            self.size = size;
            if flags & MORE == 0 {
                self.size = 0;
                return Ok(Some(Incoming::Message(std::mem::take(&mut self.parts))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(decoder: &mut Decoder) -> Result<Vec<Incoming>, Broken> {
        let mut all = Vec::new();
        while let Some(incoming) = decoder.next()? {
            all.push(incoming);
        }
        Ok(all)
    }

    #[test]
    fn greetings_are_told_apart() {
        assert_eq!(check_greeting(&GREETING), Ok(()));
        let with = |at: usize, byte| {
            let mut greeting = GREETING;
            greeting[at] = byte;
            check_greeting(&greeting)
        };
        assert_eq!(with(0, b'G'), Err(Broken::NotZmtp));
        assert_eq!(with(10, 1), Err(Broken::Version(1)));
        assert_eq!(with(10, 4), Ok(()));
        assert_eq!(with(12, b'P'), Err(Broken::Mechanism));
    }

    #[test]
    fn ready_is_read_as_it_is_written() {
        let mut decoder = Decoder::default();
        decoder.buffer.extend_from_slice(&ready("XPUB"));
        let Ok(Some(Incoming::Command(body))) = decoder.next() else {
            panic!("a command");
        };
        assert_eq!(Ready::parse(body.clone()).unwrap().socket_type, "XPUB");
        for length in 7..body.len() {
            // Cut between two properties, it is merely shorter.
            let _ = Ready::parse(body.slice(..length));
        }
        assert_eq!(Ready::parse(body.slice(..9)), Err(Broken::Command));
    }

    #[test]
    fn an_announced_length_reserves_nothing() {
        let mut decoder = Decoder::default();
        decoder.buffer.extend_from_slice(&[LONG]);
        decoder.buffer.put_u64(LARGEST as u64 / 2);
        assert_eq!(decoder.next(), Ok(None));
        assert!(decoder.buffer.capacity() < 1024);
        let mut decoder = Decoder::default();
        decoder.buffer.extend_from_slice(&[LONG]);
        decoder.buffer.put_u64(u64::MAX);
        assert_eq!(decoder.next(), Err(Broken::TooLong));
    }

    #[test]
    fn a_message_of_endless_parts_is_refused() {
        let mut decoder = Decoder::default();
        let parts = [MORE, 0].repeat(LARGEST / PART + 1);
        decoder.buffer.extend_from_slice(&parts);
        assert_eq!(decoder.next(), Err(Broken::TooLong));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn messages_survive_any_cut(
            messages in proptest::collection::vec(
                proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 1..5),
                0..6,
            ),
            cuts: Vec<u8>,
        ) {
            let messages: Vec<Vec<Bytes>> = messages
                .into_iter()
                .map(|parts| parts.into_iter().map(Bytes::from).collect())
                .collect();
            let bytes: Vec<u8> = messages.iter().flat_map(|parts| encode(parts)).collect();
            let mut decoder = Decoder::default();
            let mut received = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts {
                let (now, later) = rest.split_at(usize::from(cut).min(rest.len()));
                decoder.buffer.extend_from_slice(now);
                received.extend(all(&mut decoder).unwrap());
                rest = later;
            }
            decoder.buffer.extend_from_slice(rest);
            received.extend(all(&mut decoder).unwrap());
            let sent: Vec<Incoming> = messages.into_iter().map(Incoming::Message).collect();
            prop_assert_eq!(received, sent);
            prop_assert!(decoder.buffer.is_empty());
        }
    }
}
