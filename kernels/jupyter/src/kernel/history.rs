//! The input history: this session's cells, and those of earlier sessions from a file.
//!
//! The file holds one JSON object a line and is only ever appended to, so that several kernels can
//! share it; on opening, an overlong file is cut down to its newest lines.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Entries that are kept over sessions.
const KEPT: usize = 10_000;

/// One executed cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub session: i64,
    pub line: u32,
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Which entries a request wants, as the protocol names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The last so many.
    Tail(usize),
    /// Lines `start..stop` of a session; 0 is this one, −1 the one before.
    Range {
        session: i64,
        start: usize,
        stop: Option<usize>,
    },
    /// The last `count` that match a pattern with `*` and `?`.
    Search {
        pattern: String,
        count: Option<usize>,
        unique: bool,
    },
}

/// Every entry in order, oldest first.
pub struct History {
    session: i64,
    file: Option<PathBuf>,
    entries: Mutex<Vec<Entry>>,
}

impl History {
    /// Reads the history of earlier sessions. A line that can't be read is left out; a file that
    /// can't be read is an empty history.
    pub fn open(file: Option<PathBuf>) -> Self {
        let entries = file.as_deref().map(read).unwrap_or_default();
        let session = entries.iter().map(|entry| entry.session).max().unwrap_or(0) + 1;
        Self {
            session,
            file,
            entries: Mutex::new(entries),
        }
    }

    pub fn add(&self, line: u32, source: &str, output: Option<String>) {
        let entry = Entry {
            session: self.session,
            line,
            source: source.to_owned(),
            output,
        };
        if let Some(file) = &self.file
            && let Err(error) = append(file, &entry)
        {
            tracing::warn!(
                "the history file {} was not written: {error}",
                file.display()
            );
        }
        self.entries().push(entry);
    }

    pub fn get(&self, access: &Access) -> Vec<Entry> {
        let entries = self.entries();
        match access {
            Access::Tail(count) => last(entries.iter().collect(), *count),
            Access::Range {
                session,
                start,
                stop,
            } => {
                let session = match *session {
                    relative if relative <= 0 => self.session + relative,
                    absolute => absolute,
                };
                let wanted = |line: usize| line >= *start && stop.is_none_or(|stop| line < stop);
                entries
                    .iter()
                    .filter(|entry| entry.session == session && wanted(entry.line as usize))
                    .cloned()
                    .collect()
            }
            Access::Search {
                pattern,
                count,
                unique,
            } => {
                let pattern: Vec<char> = pattern.chars().collect();
                let mut found: Vec<&Entry> = Vec::new();
                for entry in entries.iter() {
                    let source: Vec<char> = entry.source.chars().collect();
                    if matches(&pattern, &source) {
                        if *unique {
                            found.retain(|earlier| earlier.source != entry.source);
                        }
                        found.push(entry);
                    }
                }
                let count = count.unwrap_or(found.len());
                last(found, count)
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn last(entries: Vec<&Entry>, count: usize) -> Vec<Entry> {
    let skipped = entries.len().saturating_sub(count);
    entries.into_iter().skip(skipped).cloned().collect()
}

fn read(file: &Path) -> Vec<Entry> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut entries: Vec<Entry> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if entries.len() > 2 * KEPT {
        entries.drain(..entries.len() - KEPT);
        if let Err(error) = rewrite(file, &entries) {
            tracing::warn!(
                "the history file {} was not shortened: {error}",
                file.display()
            );
        }
    }
    entries
}

fn rewrite(file: &Path, entries: &[Entry]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    for entry in entries {
        serde_json::to_writer(&mut fresh, entry)?;
        fresh.write_all(b"\n")?;
    }
    fresh.persist(file)?;
    Ok(())
}

fn append(file: &Path, entry: &Entry) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    // One write, so that the lines of several kernels don't mix.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(&line)
}

/// Whether `text` matches `pattern`, where `*` stands for any text and `?` for any character.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[here] => {
                at += 1;
                here += 1;
            }
            _ => match star {
                None => return false,
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = back + 1;
                    here = from + 1;
                }
            },
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.source.as_str()).collect()
    }

    #[test]
    fn a_session_remembers_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/history.jsonl");
        let first = History::open(Some(file.clone()));
        first.add(1, "let a = 1;", None);
        first.add(2, "a\n+ 1", Some("2".into()));
        fs::OpenOptions::new()
            .append(true)
            .open(&file)
            .unwrap()
            .write_all(b"{\"half a li\n")
            .unwrap();

        let second = History::open(Some(file));
        second.add(1, "third", None);
        assert_eq!(sources(&second.get(&Access::Tail(2))), ["a\n+ 1", "third"]);
        let range = |session| Access::Range {
            session,
            start: 1,
            stop: None,
        };
        assert_eq!(sources(&second.get(&range(0))), ["third"]);
        assert_eq!(sources(&second.get(&range(-1))), ["let a = 1;", "a\n+ 1"]);
        assert_eq!(second.get(&range(1))[1].output.as_deref(), Some("2"));
    }

    #[test]
    fn search_finds_the_last_ones_once() {
        let history = History::open(None);
        for (line, source) in ["ab", "cd", "ab", "axb"].into_iter().enumerate() {
            history.add(line as u32 + 1, source, None);
        }
        let search = |count, unique| Access::Search {
            pattern: "a*b".into(),
            count,
            unique,
        };
        assert_eq!(
            sources(&history.get(&search(None, false))),
            ["ab", "ab", "axb"]
        );
        assert_eq!(sources(&history.get(&search(None, true))), ["ab", "axb"]);
        assert_eq!(sources(&history.get(&search(Some(1), false))), ["axb"]);
        assert_eq!(history.get(&search(None, true))[0].line, 3);
    }

    #[test]
    fn patterns() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*", "abc", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("ü*", "über", true),
        ] {
            assert_eq!(
                matches(&chars(pattern), &chars(text)),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
