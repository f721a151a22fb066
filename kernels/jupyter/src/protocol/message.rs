//! Messages as frames: identities, a delimiter, a signature, four JSON objects, and buffers.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Session, Signer};

/// Separates a message's routing identities from its signature.
pub(super) const DELIMITER: &[u8] = b"<IDS|MSG>";

/// What the kernel needs of a request's header; absent fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    pub msg_id: String,
    pub msg_type: String,
    pub session: String,
}

/// A message that arrived, verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Routing identities; a reply goes back to them.
    pub identities: Vec<Bytes>,
    pub header: Header,
    /// The header as it came; replies carry these very bytes as their parent header.
    pub raw_header: Bytes,
    pub parent: Map<String, Value>,
    pub metadata: Map<String, Value>,
    pub content: Map<String, Value>,
    pub buffers: Vec<Bytes>,
}

/// Why frames are not a message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Rejected {
    #[error("no <IDS|MSG> delimiter among {0} frames")]
    NoDelimiter(usize),
    #[error("cut short: {0} frames after the delimiter, at least 5 expected")]
    Truncated(usize),
    #[error("the signature doesn't match")]
    BadSignature,
    #[error("the signature has come before: the message is a copy")]
    Replayed,
    #[error("the {0} is not a JSON object")]
    NotAnObject(&'static str),
    #[error("the header has no msg_type")]
    NoType,
}

impl Request {
    /// Reads the frames of one message.
    ///
    /// # Errors
    /// Says which rule of the wire format the frames break. The signature is checked before any of
    /// the JSON is read.
    pub fn parse(mut frames: Vec<Bytes>, signer: &Signer) -> Result<Self, Rejected> {
        let delimiter = frames
            .iter()
            .position(|frame| frame == DELIMITER)
            .ok_or(Rejected::NoDelimiter(frames.len()))?;
        let mut rest = frames.split_off(delimiter + 1);
        if rest.len() < 5 {
            return Err(Rejected::Truncated(rest.len()));
        }
        frames.truncate(delimiter);
        let buffers = rest.split_off(5);
        let [signature, raw_header, parent, metadata, content] =
            <[Bytes; 5]>::try_from(rest).map_err(|rest| Rejected::Truncated(rest.len()))?;
        if !signer.verify(&signature, [&raw_header, &parent, &metadata, &content]) {
            return Err(Rejected::BadSignature);
        }
        let fields = read_object(&raw_header, "header")?;
        let text = |key: &str| {
            let value = fields.get(key).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let header = Header {
            msg_id: text("msg_id"),
            msg_type: text("msg_type"),
            session: text("session"),
        };
        if header.msg_type.is_empty() {
            return Err(Rejected::NoType);
        }
        Ok(Self {
            identities: frames,
            header,
            parent: read_object(&parent, "parent header")?,
            metadata: read_object(&metadata, "metadata")?,
            content: read_object(&content, "content")?,
            raw_header,
            buffers,
        })
    }

    /// A text field of the content.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.content.get(key).and_then(Value::as_str)
    }

    /// A boolean field of the content, `default` where it is absent or of another type.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        let value = self.content.get(key).and_then(Value::as_bool);
        value.unwrap_or(default)
    }

    /// An integer field of the content.
    pub fn integer(&self, key: &str) -> Option<i64> {
        self.content.get(key).and_then(Value::as_i64)
    }

    /// The message type that answers this request: `x_request` → `x_reply`.
    pub fn reply_type(&self) -> String {
        let kind = &self.header.msg_type;
        format!("{}_reply", kind.strip_suffix("_request").unwrap_or(kind))
    }
}

fn read_object(frame: &[u8], name: &'static str) -> Result<Map<String, Value>, Rejected> {
    serde_json::from_slice(frame).map_err(|_| Rejected::NotAnObject(name))
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub msg_type: String,
    /// The raw header of the request that caused it; `{}` where there is none.
    pub parent: Bytes,
    pub metadata: Value,
    pub content: Value,
    pub buffers: Vec<Bytes>,
}

impl Outgoing {
    pub fn new(msg_type: impl Into<String>, parent: &Bytes, content: Value) -> Self {
        Self {
            msg_type: msg_type.into(),
            parent: parent.clone(),
            metadata: Value::Object(Map::new()),
            content,
            buffers: Vec::new(),
        }
    }

    /// A message that no request caused.
    pub fn orphan(msg_type: impl Into<String>, content: Value) -> Self {
        Self::new(msg_type, &Bytes::from_static(b"{}"), content)
    }

    /// The frames on the wire, and the id that the message got.
    pub fn frames(self, identities: &[Bytes], session: &Session) -> (Vec<Bytes>, String) {
        let msg_id = session.next_id();
        let header = session.header(&msg_id, &self.msg_type);
        let json = [
            Bytes::from(header.to_string()),
            self.parent,
            Bytes::from(self.metadata.to_string()),
            Bytes::from(self.content.to_string()),
        ];
        let signature = session
            .signer()
            .sign([&json[0], &json[1], &json[2], &json[3]]);
        let mut frames = identities.to_vec();
        frames.push(Bytes::from_static(DELIMITER));
        frames.push(Bytes::from(signature));
        frames.extend(json);
        frames.extend(self.buffers);
        (frames, msg_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Key;
    use proptest::prelude::*;
    use serde_json::json;

    fn signer() -> Signer {
        Signer::new("hmac-sha256", &Key::new("key")).unwrap()
    }

    fn frames() -> Vec<Bytes> {
        let session = Session::new(signer());
        let mut message = Outgoing::orphan("comm_msg", json!({"comm_id": "ü", "n": 3}));
        message.buffers = vec![Bytes::from_static(b"\x00\xff"), Bytes::new()];
        message.frames(&[Bytes::from_static(b"peer")], &session).0
    }

    #[test]
    fn a_message_survives_the_wire() {
        let request = Request::parse(frames(), &signer()).unwrap();
        assert_eq!(request.identities, [Bytes::from_static(b"peer")]);
        assert_eq!(request.header.msg_type, "comm_msg");
        assert_eq!(request.text("comm_id"), Some("ü"));
        assert_eq!(request.integer("n"), Some(3));
        assert_eq!(request.buffers, [&b"\x00\xff"[..], &b""[..]]);
        assert_eq!(request.raw_header, frames_header(&request));
    }

    fn frames_header(request: &Request) -> Bytes {
        assert!(request.raw_header.starts_with(b"{\"msg_id\":"));
        request.raw_header.clone()
    }

    #[test]
    fn buffers_are_not_signed() {
        let mut changed = frames();
        changed[7] = Bytes::from_static(b"another buffer");
        assert!(Request::parse(changed, &signer()).is_ok());
    }

    #[test]
    fn any_change_to_the_signed_frames_is_noticed() {
        for frame in 2..7 {
            let mut changed = frames();
            changed[frame] = [&changed[frame][..], b" "].concat().into();
            let rejected = Request::parse(changed, &signer()).unwrap_err();
            assert_eq!(rejected, Rejected::BadSignature, "frame {frame}");
        }
    }

    #[test]
    fn every_cut_is_an_error() {
        for length in 0..7 {
            let cut = frames()[..length].to_vec();
            assert!(Request::parse(cut, &signer()).is_err(), "{length} frames");
        }
    }

    #[test]
    fn a_request_may_leave_out_everything_but_its_type() {
        let open = Signer::new("", &Key::default()).unwrap();
        let frames = [
            "<IDS|MSG>",
            "",
            r#"{"msg_type":"kernel_info_request"}"#,
            "{}",
            "{}",
            "{}",
        ];
        let request = Request::parse(frames.map(Bytes::from).to_vec(), &open).unwrap();
        assert_eq!(request.reply_type(), "kernel_info_reply");
        assert!(request.flag("store_history", true));
    }

    #[test]
    fn json_nested_too_deeply_is_rejected() {
        let open = Signer::new("", &Key::default()).unwrap();
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        let frames = ["<IDS|MSG>", "", r#"{"msg_type":"x"}"#, "{}", "{}", &deep];
        let frames = frames.map(|frame| Bytes::from(frame.to_owned())).to_vec();
        let rejected = Request::parse(frames, &open).unwrap_err();
        assert_eq!(rejected, Rejected::NotAnObject("content"));
    }

    fn any_frame() -> impl Strategy<Value = Bytes> {
        prop_oneof![
            Just(Bytes::from_static(DELIMITER)),
            Just(Bytes::from_static(b"{}")),
            Just(Bytes::from_static(br#"{"msg_type":"execute_request"}"#)),
            Just(Bytes::from_static(br#"{"msg_type":7,"msg_id":null}"#)),
            Just(Bytes::new()),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from),
            r#"[\[\]{}",:0-9a-z\\ ]{0,30}"#.prop_map(Bytes::from),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_frames_make_the_parser_panic(
            frames in proptest::collection::vec(any_frame(), 0..12),
            signed: bool,
        ) {
            let key = Key::new(if signed { "key" } else { "" });
            let signer = Signer::new("hmac-sha256", &key).unwrap();
            let parsed = Request::parse(frames, &signer);
            prop_assert!(!signed || parsed.is_err());
        }
    }
}
