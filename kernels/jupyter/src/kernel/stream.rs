//! Bytes that a cell prints, gathered into as few stream messages as possible.
//!
//! Order between stdout and stderr is kept, characters cut by a write are put together, invalid
//! bytes become U+FFFD, and beyond a limit the middle of a flood is left out, said aloud.

use std::collections::VecDeque;

/// Which of a cell's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What a cell may print before the middle is dropped, in bytes.
const COMPLETE: usize = 10 << 20;
/// What is kept of the end of a longer output, in bytes.
const TAIL: usize = 64 << 10;

/// Text waiting to be sent.
#[derive(Default)]
pub struct Gathered {
    chunks: VecDeque<(Stream, Vec<u8>)>,
    /// The beginning of a character whose other bytes have not come yet, by stream.
    cut: [Vec<u8>; 2],
    sent: usize,
    tail: VecDeque<(Stream, Vec<u8>)>,
    tail_bytes: usize,
    dropped: usize,
}

impl Gathered {
    /// Adds bytes; returns how many now wait.
    pub fn push(&mut self, stream: Stream, bytes: &[u8]) -> usize {
        let mut room = COMPLETE.saturating_sub(self.sent).min(bytes.len());
        if room < bytes.len() {
            // The cut goes before a character, not through it, and nothing after it is let in.
            room -= incomplete(&bytes[..room]);
            self.sent = COMPLETE;
        } else {
            self.sent += room;
        }
        let (head, rest) = bytes.split_at(room);
        append(&mut self.chunks, stream, head);
        append(&mut self.tail, stream, rest);
        self.tail_bytes += rest.len();
        while self.tail_bytes > TAIL {
            let Some((_, oldest)) = self.tail.front_mut() else {
                break;
            };
            let mut surplus = (self.tail_bytes - TAIL).min(oldest.len());
            surplus += continued(&oldest[surplus..]);
            oldest.drain(..surplus);
            if oldest.is_empty() {
                self.tail.pop_front();
            }
            self.tail_bytes -= surplus;
            self.dropped += surplus;
        }
        self.chunks.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Whether text is held back because there was too much of it.
    pub fn holds_back(&self) -> bool {
        self.tail_bytes > 0
    }

    /// The text that can be sent now, in order; a cut character stays until its end comes.
    pub fn take(&mut self) -> Vec<(Stream, String)> {
        let chunks = std::mem::take(&mut self.chunks);
        let mut texts = Vec::new();
        for (stream, bytes) in chunks {
            let cut = &mut self.cut[stream as usize];
            let mut whole = std::mem::take(cut);
            whole.extend(bytes);
            *cut = whole.split_off(whole.len() - incomplete(&whole));
            if !whole.is_empty() {
                texts.push((stream, String::from_utf8_lossy(&whole).into_owned()));
            }
        }
        texts
    }

    /// The text that is left at the end of a cell, with a note on what was dropped. What comes
    /// later counts anew.
    pub fn finish(&mut self) -> Vec<(Stream, String)> {
        let mut texts = self.take();
        for stream in [Stream::Stdout, Stream::Stderr] {
            let cut = std::mem::take(&mut self.cut[stream as usize]);
            if !cut.is_empty() {
                texts.push((stream, String::from_utf8_lossy(&cut).into_owned()));
            }
        }
        if self.dropped > 0 {
            let note = format!(
                "\n[… {} bytes are left out here: a cell shows {} MB and its end …]\n",
                self.dropped,
                COMPLETE >> 20
            );
            texts.push((Stream::Stderr, note));
        }
        for (stream, bytes) in std::mem::take(&mut self.tail) {
            texts.push((stream, String::from_utf8_lossy(&bytes).into_owned()));
        }
        *self = Self::default();
        texts
    }
}

fn append(chunks: &mut VecDeque<(Stream, Vec<u8>)>, stream: Stream, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    match chunks.back_mut() {
        Some((last, waiting)) if *last == stream => waiting.extend_from_slice(bytes),
        _ => chunks.push_back((stream, bytes.to_vec())),
    }
}

/// How many bytes at the end begin a character that is not complete.
fn incomplete(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    (start..bytes.len())
        .find(|&at| match std::str::from_utf8(&bytes[at..]) {
            Ok(_) => false,
            Err(error) => error.valid_up_to() == 0 && error.error_len().is_none(),
        })
        .map_or(0, |at| bytes.len() - at)
}

/// How many bytes at the beginning belong to a character that began before.
fn continued(bytes: &[u8]) -> usize {
    let continues = |&&byte: &&u8| byte & 0b1100_0000 == 0b1000_0000;
    bytes.iter().take(3).take_while(continues).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stream::{Stderr, Stdout};
    use proptest::prelude::*;

    #[test]
    fn order_between_the_streams_is_kept() {
        let mut gathered = Gathered::default();
        gathered.push(Stdout, b"a");
        gathered.push(Stdout, b"b");
        gathered.push(Stderr, b"c");
        gathered.push(Stdout, b"d");
        let texts = gathered.take();
        assert_eq!(
            texts,
            [
                (Stdout, "ab".into()),
                (Stderr, "c".into()),
                (Stdout, "d".into())
            ]
        );
    }

    #[test]
    fn a_character_cut_in_two_is_put_together() {
        let mut gathered = Gathered::default();
        let bytes = "1 😀".as_bytes();
        gathered.push(Stdout, &bytes[..4]);
        assert_eq!(gathered.take(), [(Stdout, "1 ".into())]);
        gathered.push(Stdout, &bytes[4..]);
        assert_eq!(gathered.take(), [(Stdout, "😀".into())]);
    }

    #[test]
    fn invalid_bytes_are_replaced_and_a_cut_end_too() {
        let mut gathered = Gathered::default();
        gathered.push(Stdout, b"a\xffb\xe2\x82");
        assert_eq!(
            gathered.finish(),
            [(Stdout, "a\u{fffd}b".into()), (Stdout, "\u{fffd}".into())]
        );
    }

    #[test]
    fn the_middle_of_a_flood_is_left_out_and_said_so() {
        let mut gathered = Gathered::default();
        for _ in 0..20 {
            gathered.push(Stdout, &vec![b'x'; 1 << 20]);
        }
        gathered.push(Stdout, b"the end");
        let texts = gathered.finish();
        assert_eq!(texts[0].1.len(), COMPLETE);
        let dropped = (10 << 20) + 7 - TAIL;
        assert!(texts[1].1.contains(&dropped.to_string()), "{}", texts[1].1);
        assert_eq!(texts[2].1.len(), TAIL);
        assert!(texts[2].1.ends_with("the end"));
    }

    #[test]
    fn a_flood_is_cut_between_characters() {
        let mut gathered = Gathered::default();
        let text = "a".to_owned() + &"€".repeat((20 << 20) / 3);
        for part in text.as_bytes().chunks(65_537) {
            gathered.push(Stdout, part);
        }
        assert!(gathered.holds_back());
        let texts = gathered.finish();
        let [(_, head), (Stderr, note), (_, tail)] = &texts[..] else {
            panic!("{} texts", texts.len());
        };
        assert!(text.starts_with(head) && text.ends_with(tail));
        assert!(head.len() > COMPLETE - 4 && tail.len() > TAIL - 4);
        let dropped = text.len() - head.len() - tail.len();
        assert!(note.contains(&dropped.to_string()), "{note}");
        assert!(!gathered.holds_back());
    }

    #[test]
    fn nothing_slips_in_between_the_beginning_and_the_end() {
        let mut gathered = Gathered::default();
        let flood = "€".repeat(COMPLETE / 3 + 1);
        gathered.push(Stdout, flood.as_bytes());
        gathered.push(Stdout, b"z");
        let texts = gathered.finish();
        assert!(!texts[0].1.contains('z'));
        assert!(texts.last().unwrap().1.ends_with("z"));
    }

    proptest! {
        #[test]
        fn text_arrives_whole_however_it_is_cut(text in "[a-zäß€😀\\n]{0,40}", cuts: Vec<u8>) {
            let mut gathered = Gathered::default();
            let mut received = String::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, later) = rest.split_at((cut as usize % 5).min(rest.len()));
                gathered.push(Stdout, now);
                received.extend(gathered.take().into_iter().map(|(_, text)| text));
                rest = later;
            }
            gathered.push(Stdout, rest);
            received.extend(gathered.finish().into_iter().map(|(_, text)| text));
            prop_assert_eq!(received, text);
        }
    }
}
