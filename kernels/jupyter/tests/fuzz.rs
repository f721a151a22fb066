//! A million messages that are almost right, and some that are not at all, against the reader of
//! frames. A second, plainer reader says what should come of each.

use bytes::Bytes;
use lessons_kernel::protocol::{Key, Outgoing, Rejected, Request, Session, Signer};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

const INPUTS: usize = 1_000_000;
const THREADS: usize = 4;

fn signer(key: &str) -> Signer {
    Signer::new("hmac-sha256", &Key::new(key)).unwrap()
}

/// Messages as frontends send them.
fn valid() -> Vec<Vec<Bytes>> {
    let session = Session::new(signer("key"));
    let messages = [
        (
            "execute_request",
            json!({"code": "let x = \"ä😀\";\nx", "silent": false, "store_history": true,
                "user_expressions": {"a": "x"}, "allow_stdin": true, "stop_on_error": true}),
        ),
        ("complete_request", json!({"code": "x.", "cursor_pos": 2})),
        (
            "history_request",
            json!({"hist_access_type": "tail", "n": 1e3}),
        ),
        (
            "comm_msg",
            json!({"comm_id": "c", "data": {"state": {"value": [1, null, -2.5]}}}),
        ),
        ("kernel_info_request", json!({})),
    ];
    let buffers = [Bytes::from_static(b"\x00\x01"), Bytes::from(vec![7; 300])];
    let mut frames = Vec::new();
    for (kind, content) in messages {
        let mut message = Outgoing::orphan(kind, content);
        if kind == "comm_msg" {
            message.buffers = buffers.to_vec();
        }
        frames.push(message.frames(&[Bytes::from_static(b"peer")], &session).0);
    }
    frames
}

const ODD: [&[u8]; 14] = [
    b"",
    b"{}",
    b"<IDS|MSG>",
    b"<IDS|MSG",
    b"null",
    b"[]",
    b"{\"msg_type\":\"x\"}",
    b"{\"msg_type\":\"\"}",
    b"{\"msg_type\":7,\"msg_id\":{}}",
    b"{\"msg_type\":\"x\",\"msg_type\":null}",
    b"{\"n\":1e999}",
    b"{\"a\":\"\\ud800\"}",
    b"\xff\xfe{}",
    b"{} trailing",
];

fn mutate(frames: &mut Vec<Bytes>, corpus: &[Vec<Bytes>], random: &mut SmallRng) {
    let at = random.random_range(0..frames.len().max(1));
    let Some(frame) = frames.get(at).cloned() else {
        frames.push(Bytes::from_static(b"<IDS|MSG>"));
        return;
    };
    match random.random_range(0..9) {
        0 if !frame.is_empty() => {
            let mut bytes = frame.to_vec();
            let byte = random.random_range(0..bytes.len());
            bytes[byte] ^= 1 << random.random_range(0..8);
            frames[at] = bytes.into();
        }
        1 => frames[at] = frame.slice(..random.random_range(0..=frame.len())),
        2 => {
            let mut bytes = frame.to_vec();
            let byte = random.random_range(0..=bytes.len());
            bytes.insert(byte, random.random());
            frames[at] = bytes.into();
        }
        3 => drop(frames.remove(at)),
        4 => frames.insert(at, frame),
        5 => {
            let other = random.random_range(0..frames.len());
            frames.swap(at, other);
        }
        6 => frames[at] = Bytes::from_static(ODD[random.random_range(0..ODD.len())]),
        7 => {
            let other = &corpus[random.random_range(0..corpus.len())];
            frames[at] = other[random.random_range(0..other.len())].clone();
        }
        _ => {
            let mut bytes = vec![0; random.random_range(0..60)];
            random.fill(&mut bytes[..]);
            frames.insert(at, bytes.into());
        }
    }
}

/// Signs whatever stands where the signed frames stand.
fn sign(frames: &mut [Bytes], signer: &Signer) {
    let delimiter = frames.iter().position(|frame| frame == "<IDS|MSG>");
    if let Some(rest) = delimiter.map(|at| &mut frames[at + 1..])
        && rest.len() >= 5
    {
        let signature = signer.sign([&rest[1], &rest[2], &rest[3], &rest[4]]);
        rest[0] = signature.into();
    }
}

/// What should come of frames, by a reader that only says yes or why not.
fn expected(frames: &[Bytes], signer: &Signer) -> Result<(), Rejected> {
    let delimiter = frames.iter().position(|frame| frame == "<IDS|MSG>");
    let at = delimiter.ok_or(Rejected::NoDelimiter(frames.len()))?;
    let rest = &frames[at + 1..];
    if rest.len() < 5 {
        return Err(Rejected::Truncated(rest.len()));
    }
    let signature = String::from_utf8_lossy(&rest[0]).to_lowercase();
    if signer.signs() && signature != signer.sign([&rest[1], &rest[2], &rest[3], &rest[4]]) {
        return Err(Rejected::BadSignature);
    }
    let object = |index: usize, name| match serde_json::from_slice(&rest[index]) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Rejected::NotAnObject(name)),
    };
    let header = object(1, "header")?;
    let kind = header.get("msg_type").and_then(Value::as_str);
    if kind.unwrap_or_default().is_empty() {
        return Err(Rejected::NoType);
    }
    object(2, "parent header")?;
    object(3, "metadata")?;
    object(4, "content")?;
    Ok(())
}

/// How often each came: read, and rejected for each reason.
#[derive(Default, Debug)]
struct Tally([usize; 6]);

impl Tally {
    fn count(&mut self, outcome: &Result<(), Rejected>) {
        let index = match outcome {
            Ok(()) => 0,
            Err(Rejected::NoDelimiter(_)) => 1,
            Err(Rejected::Truncated(_)) => 2,
            Err(Rejected::BadSignature | Rejected::Replayed) => 3,
            Err(Rejected::NotAnObject(_)) => 4,
            Err(Rejected::NoType) => 5,
        };
        self.0[index] += 1;
    }
}

fn run(seed: u64, inputs: usize) -> Tally {
    let mut random = SmallRng::seed_from_u64(seed);
    let corpus = valid();
    let signed = signer("key");
    let open = signer("");
    let mut tally = Tally::default();
    for _ in 0..inputs {
        let mut frames = match random.random_range(0..10) {
            0 => Vec::new(),
            _ => corpus[random.random_range(0..corpus.len())].clone(),
        };
        for _ in 0..random.random_range(0..6) {
            mutate(&mut frames, &corpus, &mut random);
        }
        if random.random() {
            sign(&mut frames, &signed);
        }
        let signer = if random.random_range(0..4) == 0 {
            &open
        } else {
            &signed
        };
        let expected = expected(&frames, signer);
        let read = Request::parse(frames.clone(), signer);
        if let Ok(request) = &read {
            assert!(frames.contains(&request.raw_header));
            let taken = request.identities.len() + 6 + request.buffers.len();
            assert_eq!(taken, frames.len(), "{frames:?}");
        }
        tally.count(&expected);
        assert_eq!(read.map(|_| ()), expected, "{frames:?}");
    }
    tally
}

#[test]
fn a_million_inputs_are_read_or_rejected_as_they_should_be() {
    let mut total = Tally::default();
    let threads: Vec<_> = (0..THREADS)
        .map(|seed| std::thread::spawn(move || run(seed as u64, INPUTS / THREADS)))
        .collect();
    for thread in threads {
        let tally = thread.join().expect("no input makes the reader panic");
        for (total, count) in total.0.iter_mut().zip(tally.0) {
            *total += count;
        }
    }
    // The inputs reach every outcome, and none takes nearly all.
    assert_eq!(total.0.iter().sum::<usize>(), INPUTS);
    for count in total.0 {
        assert!(count > INPUTS / 1000, "{total:?}");
    }
}
