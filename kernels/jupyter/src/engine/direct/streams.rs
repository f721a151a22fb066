//! What the runtime writes to standard output and error, as outputs in the order of their bytes.
//!
//! Between the user's bytes stand evcxr's content markers and the runtime's own marks (a NUL, a
//! session token, a word). Bytes go on at once; only what may be the beginning of a marker waits.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::process::{ChildStderr, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::engine::{Bundle, Frontend, Output};

const BEGIN: &[u8] = b"EVCXR_BEGIN_CONTENT ";
const END: &[u8] = b"EVCXR_END_CONTENT";
/// How long the beginning of a marker, or a bundle that may grow, waits for the rest.
const PATIENCE: Duration = Duration::from_millis(50);

/// The two pipes of a runtime and where their content goes.
pub struct Streams {
    state: Mutex<State>,
    marked: Condvar,
}

struct State {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out: Parser,
    err: Parser,
    frontend: Option<Arc<dyn Frontend>>,
}

impl Streams {
    /// Starts the thread that reads the pipes.
    ///
    /// # Errors
    /// When the pipes cannot be set to non-blocking.
    pub fn start(
        stdout: ChildStdout,
        stderr: ChildStderr,
        token: &str,
    ) -> io::Result<Arc<Streams>> {
        set_nonblocking(stdout.as_raw_fd())?;
        set_nonblocking(stderr.as_raw_fd())?;
        let descriptors = [stdout.as_raw_fd(), stderr.as_raw_fd()];
        let streams = Arc::new(Streams {
            state: Mutex::new(State {
                stdout: Some(stdout),
                stderr: Some(stderr),
                out: Parser::new(token, true),
                err: Parser::new(token, false),
                frontend: None,
            }),
            marked: Condvar::new(),
        });
        let pump = streams.clone();
        std::thread::Builder::new()
            .name("cell output".into())
            .spawn(move || pump.pump(descriptors))?;
        Ok(streams)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where outputs go from now on.
    pub fn attach(&self, frontend: Arc<dyn Frontend>) {
        self.state().frontend = Some(frontend);
    }

    /// The frontend of the running cell.
    pub fn frontend(&self) -> Option<Arc<dyn Frontend>> {
        self.state().frontend.clone()
    }

    /// Emits an output that came by another way, after all bytes written before it.
    pub fn emit_in_order(&self, output: Output) {
        let mut state = self.state();
        state.read();
        state.settle();
        let output = state.out.claim(output);
        if let Some(frontend) = &state.frontend {
            frontend.emit(output);
        }
    }

    /// Waits until both streams have shown the mark of this cell's end, or have closed.
    pub fn wait_for_end(&self, sequence: u64, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut state = self.state();
        while !state.ended(sequence) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self
                .marked
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.settle();
    }

    fn pump(&self, descriptors: [i32; 2]) {
        loop {
            let mut polled = descriptors.map(|fd| libc::pollfd {
                fd,
                events: libc::POLLIN,
                revents: 0,
            });
            {
                let state = self.state();
                if state.stdout.is_none() {
                    polled[0].fd = -1;
                }
                if state.stderr.is_none() {
                    polled[1].fd = -1;
                }
                if state.stdout.is_none() && state.stderr.is_none() {
                    return;
                }
            }
            let waiting = self.state().out.waits();
            let patience = if waiting {
                PATIENCE.as_millis() as i32
            } else {
                -1
            };
            // SAFETY: the array lives during the call. A descriptor is closed only below, by this
            // thread, or by the drain in `emit_in_order`, after which poll reports it as invalid.
            let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, patience) };
            let mut state = self.state();
            if ready == 0 {
                state.settle();
            } else {
                state.read();
            }
            self.marked.notify_all();
        }
    }
}

impl State {
    /// Reads all there is at the moment.
    fn read(&mut self) {
        let mut buffer = vec![0; 64 << 10];
        let frontend = self.frontend.clone();
        let emit = |output| {
            if let Some(frontend) = &frontend {
                frontend.emit(output);
            }
        };
        if read_some(&mut self.stdout, &mut buffer, |bytes| {
            self.out.feed(bytes, &emit)
        }) {
            self.out.settle(&emit);
            self.stdout = None;
        }
        if read_some(&mut self.stderr, &mut buffer, |bytes| {
            self.err.feed(bytes, &emit)
        }) {
            self.err.settle(&emit);
            self.stderr = None;
        }
    }

    /// Lets go of everything that waits.
    fn settle(&mut self) {
        let frontend = self.frontend.clone();
        let emit = |output| {
            if let Some(frontend) = &frontend {
                frontend.emit(output);
            }
        };
        self.out.settle(&emit);
        self.err.settle(&emit);
    }

    fn ended(&self, sequence: u64) -> bool {
        (self.stdout.is_none() || self.out.ended >= sequence)
            && (self.stderr.is_none() || self.err.ended >= sequence)
    }
}

/// Reads until there is nothing more for now; true at the stream's end.
fn read_some(
    stream: &mut Option<impl Read>,
    buffer: &mut [u8],
    mut feed: impl FnMut(&[u8]),
) -> bool {
    let Some(stream) = stream else { return false };
    // A writer that never pauses must not keep the other stream waiting.
    for _ in 0..16 {
        match stream.read(buffer) {
            Ok(0) => return true,
            Ok(count) => feed(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
    false
}

fn set_nonblocking(descriptor: i32) -> io::Result<()> {
    // SAFETY: changes flags of a descriptor that we own.
    let done = unsafe {
        let flags = libc::fcntl(descriptor, libc::F_GETFL);
        libc::fcntl(descriptor, libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Takes one stream's bytes apart.
struct Parser {
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
    ended: u64,
}

impl Parser {
    fn new(token: &str, is_stdout: bool) -> Self {
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

    fn waits(&self) -> bool {
        !self.bundle.is_empty() || !self.buffer.is_empty() && !self.in_content()
    }

    fn in_content(&self) -> bool {
        self.buffer.starts_with(BEGIN) || self.buffer.starts_with(&self.mark)
    }

    fn feed(&mut self, bytes: &[u8], emit: &impl Fn(Output)) {
        self.buffer.extend_from_slice(bytes);
        while self.step(emit) {}
    }

    /// Handles what the buffer begins with; false when more bytes are needed.
    fn step(&mut self, emit: &impl Fn(Output)) -> bool {
        if self.buffer.is_empty() {
            return false;
        }
        if self.buffer.starts_with(&self.mark) {
            return self.step_mark(emit);
        }
        if self.is_stdout && self.buffer.starts_with(BEGIN) {
            return self.step_content(emit);
        }
        let mark = find(&self.buffer, &self.mark);
        let begin = if self.is_stdout {
            find(&self.buffer, BEGIN)
        } else {
            None
        };
        let next = match (mark, begin) {
            (Some(mark), Some(begin)) => Some(mark.min(begin)),
            (mark, begin) => mark.or(begin),
        };
        let end = next.unwrap_or_else(|| {
            let tail = tail_of(&self.buffer, &self.mark);
            let tail = if self.is_stdout {
                tail.max(tail_of(&self.buffer, BEGIN))
            } else {
                tail
            };
            self.buffer.len() - tail
        });
        let text: Vec<u8> = self.buffer.drain(..end).collect();
        self.emit_text(text, emit);
        next.is_some()
    }

    fn step_mark(&mut self, emit: &impl Fn(Output)) -> bool {
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

    fn step_content(&mut self, emit: &impl Fn(Output)) -> bool {
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

    /// Blocks that follow each other directly show one thing in several ways, until a type repeats.
    fn add_content(&mut self, mime: &str, value: Value, emit: &impl Fn(Output)) {
        if self.bundle.contains_key(mime) {
            self.flush_bundle(emit);
        }
        self.bundle.insert(mime.to_owned(), value);
    }

    fn flush_bundle(&mut self, emit: &impl Fn(Output)) {
        if !self.bundle.is_empty() {
            let data = std::mem::take(&mut self.bundle);
            let output = Output::Display {
                data,
                metadata: Bundle::new(),
                display_id: None,
                update: false,
            };
            emit(self.claim(output));
        }
    }

    /// The first figure that the cell's value shows is the cell's result.
    fn claim(&mut self, output: Output) -> Output {
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

    fn emit_text(&mut self, text: Vec<u8>, emit: &impl Fn(Output)) {
        if text.is_empty() {
            return;
        }
        // A newline between two blocks is println's, not the user's.
        if !self.bundle.is_empty() && text == b"\n" {
            return;
        }
        self.flush_bundle(emit);
        emit(if self.is_stdout {
            Output::Stdout(text)
        } else {
            Output::Stderr(text)
        });
    }

    /// Gives up waiting for the rest of a marker, and for more of a bundle. A block that has begun
    /// keeps waiting until its cell ends.
    fn settle(&mut self, emit: &impl Fn(Output)) {
        self.flush_bundle(emit);
        if !self.in_content() {
            let text = std::mem::take(&mut self.buffer);
            self.emit_text(text, emit);
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|&byte| byte == first) {
        if haystack[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
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

    fn parse(chunks: &[&str]) -> Vec<Output> {
        let outputs = RefCell::new(Vec::new());
        let emit = |output| outputs.borrow_mut().push(output);
        let mut parser = Parser::new("T", true);
        for chunk in chunks {
            parser.feed(chunk.as_bytes(), &emit);
        }
        parser.settle(&emit);
        outputs.into_inner()
    }

    fn shown(outputs: &[Output]) -> Vec<String> {
        let one = |output: &Output| match output {
            Output::Stdout(bytes) => format!("out {}", String::from_utf8_lossy(bytes)),
            Output::Display { data, .. } => {
                format!("display {}", serde_json::to_string(data).unwrap())
            }
            Output::Result { data, .. } => {
                format!("result {}", serde_json::to_string(data).unwrap())
            }
            other => format!("{other:?}"),
        };
        outputs.iter().map(one).collect()
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
        let text = "xEVCXR_BEGIN_CONTENT text/html\n<b>ü</b>\nEVCXR_END_CONTENT\n\0lessons:T:result\n\0lessons:T:text:2\nhi\0lessons:T:shown\nE";
        let displays = |outputs: Vec<Output>| {
            let displays = outputs
                .into_iter()
                .filter(|output| !matches!(output, Output::Stdout(_)));
            shown(&displays.collect::<Vec<_>>())
        };
        let whole = displays(parse(&[text]));
        assert_eq!(
            whole,
            [
                r#"display {"text/html":"<b>ü</b>"}"#,
                r#"result {"text/plain":"hi"}"#
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
    fn a_block_without_an_end_is_no_output() {
        assert!(parse(&["EVCXR_BEGIN_CONTENT text/html\n<b>"]).is_empty());
    }
}
