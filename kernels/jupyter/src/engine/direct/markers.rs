//! What stands between the user's bytes on standard output and error: evcxr's content markers and
//! input requests, and the runtime's own marks (a NUL, a session token, a word).
//!
//! Bytes go on at once; only what may be the beginning of a marker waits.

use memchr::memmem::find;
use serde_json::Value;

use crate::engine::{Bundle, Output};

const BEGIN: &[u8] = b"EVCXR_BEGIN_CONTENT ";
const END: &[u8] = b"EVCXR_END_CONTENT";
const INPUT: &[u8] = b"EVCXR_INPUT_REQUEST:";
const PASSWORD: &[u8] = b"EVCXR_INPUT_REQUEST_PASSWORD:";
/// What begins a block on standard output.
const MARKERS: [&[u8]; 3] = [BEGIN, INPUT, PASSWORD];

/// What the bytes say.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Output(Output),
    /// The cell is about to read a line from its standard input.
    Question {
        prompt: String,
        password: bool,
    },
}

/// Takes one stream's bytes apart.
pub struct Parser {
    mark: Vec<u8>,
    is_stdout: bool,
    buffer: Vec<u8>,
    /// How far the block at the buffer's beginning has been searched for its end.
    searched: usize,
    /// Content blocks that belong together so far.
    bundle: Bundle,
    /// Whether the cell's value is being shown and nothing has been shown for it yet.
    result_due: bool,
    /// The highest sequence number whose end mark was seen.
    pub ended: u64,
}

impl Parser {
    pub fn new(token: &str, is_stdout: bool) -> Self {
        Parser {
            mark: format!("\0lessons:{token}:").into_bytes(),
            is_stdout,
            buffer: Vec::new(),
            searched: 0,
            bundle: Bundle::new(),
            result_due: false,
            ended: 0,
        }
    }

    /// Whether something waits that will not wait for ever.
    pub fn waits(&self) -> bool {
        !self.bundle.is_empty() || !self.buffer.is_empty() && !self.in_content()
    }

    fn in_content(&self) -> bool {
        self.buffer.starts_with(&self.mark) || self.begins_with_marker()
    }

    fn begins_with_marker(&self) -> bool {
        self.is_stdout && MARKERS.iter().any(|marker| self.buffer.starts_with(marker))
    }

    /// Takes more bytes, and hands over what they say.
    pub fn feed(&mut self, bytes: &[u8], emit: &impl Fn(Found)) {
        self.buffer.extend_from_slice(bytes);
        while self.step(emit) {}
    }

    /// Handles what the buffer begins with; false when more bytes are needed.
    fn step(&mut self, emit: &impl Fn(Found)) -> bool {
        if self.buffer.is_empty() {
            return false;
        }
        if self.buffer.starts_with(&self.mark) {
            return self.step_mark(emit);
        }
        if self.begins_with_marker() {
            return match self.buffer.starts_with(BEGIN) {
                true => self.step_content(emit),
                false => self.step_question(emit),
            };
        }
        let begins: &[&[u8]] = if self.is_stdout { &MARKERS } else { &[] };
        let begins = || begins.iter().copied().chain([&self.mark[..]]);
        let next = begins()
            .filter_map(|marker| find(&self.buffer, marker))
            .min();
        let end = next.unwrap_or_else(|| {
            let tail = begins().map(|marker| tail_of(&self.buffer, marker)).max();
            self.buffer.len() - tail.unwrap_or(0)
        });
        let text: Vec<u8> = self.buffer.drain(..end).collect();
        self.emit_text(text, emit);
        next.is_some()
    }

    fn step_mark(&mut self, emit: &impl Fn(Found)) -> bool {
        let Some(line) = find(&self.buffer, b"\n") else {
            return false;
        };
        let word = String::from_utf8_lossy(&self.buffer[self.mark.len()..line]).into_owned();
        let mut taken = line + 1;
        if let Some(length) = word.strip_prefix("text:") {
            let length = length.parse().unwrap_or(0);
            let Some(text) = self.buffer.get(taken..taken + length) else {
                return false;
            };
            let text = String::from_utf8_lossy(text).into_owned();
            taken += length;
            self.add_content("text/plain", Value::String(text), emit);
        } else {
            self.flush_bundle(emit);
            match word.as_str() {
                "result" => self.result_due = true,
                "shown" => self.result_due = false,
                _ => {
                    if let Some(number) = word.strip_prefix("end:") {
                        self.ended = number.parse().unwrap_or(self.ended);
                        self.result_due = false;
                    }
                }
            }
        }
        self.buffer.drain(..taken);
        true
    }

    fn step_content(&mut self, emit: &impl Fn(Found)) -> bool {
        let Some(line) = find(&self.buffer, b"\n") else {
            return false;
        };
        let from = self.searched.max(line);
        let Some(end) = find(&self.buffer[from..], END).map(|end| from + end) else {
            self.searched = self.buffer.len().saturating_sub(END.len());
            return false;
        };
        self.searched = 0;
        let mime = String::from_utf8_lossy(&self.buffer[BEGIN.len()..line])
            .trim()
            .to_owned();
        let body = self.buffer.get(line + 1..end).unwrap_or_default();
        let body = String::from_utf8_lossy(body.strip_suffix(b"\n").unwrap_or(body)).into_owned();
        let mut taken = end + END.len();
        if self.buffer.get(taken) == Some(&b'\n') {
            taken += 1;
        }
        self.buffer.drain(..taken);
        let is_json = mime == "application/json" || mime.ends_with("+json");
        let value = match serde_json::from_str(&body) {
            Ok(value) if is_json => value,
            _ => Value::String(body),
        };
        self.add_content(&mime, value, emit);
        true
    }

    fn step_question(&mut self, emit: &impl Fn(Found)) -> bool {
        let Some(line) = find(&self.buffer, b"\n") else {
            return false;
        };
        let password = self.buffer.starts_with(PASSWORD);
        let marker = if password { PASSWORD } else { INPUT };
        let prompt = String::from_utf8_lossy(&self.buffer[marker.len()..line]).into_owned();
        self.buffer.drain(..=line);
        self.flush_bundle(emit);
        emit(Found::Question { prompt, password });
        true
    }

    /// Blocks that follow each other directly show one thing in several ways, until a type repeats.
    fn add_content(&mut self, mime: &str, value: Value, emit: &impl Fn(Found)) {
        if self.bundle.contains_key(mime) {
            self.flush_bundle(emit);
        }
        self.bundle.insert(mime.to_owned(), value);
    }

    fn flush_bundle(&mut self, emit: &impl Fn(Found)) {
        if !self.bundle.is_empty() {
            let data = std::mem::take(&mut self.bundle);
            let output = Output::Display {
                data,
                metadata: Bundle::new(),
                display_id: None,
                update: false,
            };
            emit(Found::Output(self.claim(output)));
        }
    }

    /// The first figure that the cell's value shows is the cell's result.
    pub fn claim(&mut self, output: Output) -> Output {
        match output {
            Output::Display {
                data,
                metadata,
                display_id: None,
                update: false,
            } if self.result_due => {
                self.result_due = false;
                Output::Result { data, metadata }
            }
            other => other,
        }
    }

    fn emit_text(&mut self, text: Vec<u8>, emit: &impl Fn(Found)) {
        if text.is_empty() {
            return;
        }
        // A newline between two blocks is println's, not the user's.
        if !self.bundle.is_empty() && text == b"\n" {
            return;
        }
        self.flush_bundle(emit);
        emit(Found::Output(if self.is_stdout {
            Output::Stdout(text)
        } else {
            Output::Stderr(text)
        }));
    }

    /// Gives up waiting for the rest of a marker, and for more of a bundle. A block that has begun
    /// keeps waiting until its cell ends.
    pub fn settle(&mut self, emit: &impl Fn(Found)) {
        self.flush_bundle(emit);
        if !self.in_content() {
            let text = std::mem::take(&mut self.buffer);
            self.emit_text(text, emit);
        }
    }
}

/// How many bytes at the end may be the beginning of `marker`.
fn tail_of(bytes: &[u8], marker: &[u8]) -> usize {
    let longest = bytes.len().min(marker.len() - 1);
    (1..=longest)
        .rev()
        .find(|&length| bytes.ends_with(&marker[..length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn parse(chunks: &[&str]) -> Vec<Found> {
        let outputs = RefCell::new(Vec::new());
        let emit = |found| outputs.borrow_mut().push(found);
        let mut parser = Parser::new("T", true);
        for chunk in chunks {
            parser.feed(chunk.as_bytes(), &emit);
        }
        parser.settle(&emit);
        outputs.into_inner()
    }

    fn shown(found: &[Found]) -> Vec<String> {
        let one = |found: &Found| match found {
            Found::Question { prompt, password } => format!("ask {prompt} {password}"),
            Found::Output(Output::Stdout(bytes)) => {
                format!("out {}", String::from_utf8_lossy(bytes))
            }
            Found::Output(Output::Display { data, .. }) => {
                format!("display {}", serde_json::to_string(data).unwrap())
            }
            Found::Output(Output::Result { data, .. }) => {
                format!("result {}", serde_json::to_string(data).unwrap())
            }
            other => format!("{other:?}"),
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn blocks_of_distinct_types_are_one_bundle() {
        let block = |mime, text| format!("EVCXR_BEGIN_CONTENT {mime}\n{text}\nEVCXR_END_CONTENT\n");
        let text = [
            "a\n".into(),
            block("text/plain", "p"),
            block("text/html", "h"),
            block("text/html", "i"),
            "b".into(),
        ];
        assert_eq!(
            shown(&parse(&[&text.concat()])),
            [
                "out a\n",
                r#"display {"text/html":"h","text/plain":"p"}"#,
                r#"display {"text/html":"i"}"#,
                "out b"
            ]
        );
    }

    #[test]
    fn any_cut_gives_the_same_displays() {
        let text = "xEVCXR_BEGIN_CONTENT text/html\n<b>ü</b>\nEVCXR_END_CONTENT\n\0lessons:T:result\n\0lessons:T:text:2\nhi\0lessons:T:shown\nEVCXR_INPUT_REQUEST:name? \nEVCXR_INPUT_REQUEST_PASSWORD:\nE";
        let displays = |found: Vec<Found>| {
            let displays = found
                .into_iter()
                .filter(|found| !matches!(found, Found::Output(Output::Stdout(_))));
            shown(&displays.collect::<Vec<_>>())
        };
        let whole = displays(parse(&[text]));
        assert_eq!(
            whole,
            [
                r#"display {"text/html":"<b>ü</b>"}"#,
                r#"result {"text/plain":"hi"}"#,
                "ask name?  false",
                "ask  true"
            ]
        );
        let boundaries = (0..text.len()).filter(|&cut| text.is_char_boundary(cut));
        for cut in boundaries {
            assert_eq!(
                displays(parse(&[&text[..cut], &text[cut..]])),
                whole,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_partial_line_goes_on_at_once() {
        assert_eq!(shown(&parse(&["abc", "\rdef"])), ["out abc", "out \rdef"]);
    }

    #[test]
    fn text_around_a_question_stays() {
        let text = "before EVCXR_INPUT_REQUEST:age\nafter EVCXR_INPUT";
        assert_eq!(
            shown(&parse(&[text])),
            [
                "out before ",
                "ask age false",
                "out after ",
                "out EVCXR_INPUT"
            ]
        );
    }

    #[test]
    fn a_block_without_an_end_is_no_output() {
        assert!(parse(&["EVCXR_BEGIN_CONTENT text/html\n<b>"]).is_empty());
    }
}
