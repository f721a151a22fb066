//! Why a lexicon cannot be used.

use std::path::{Path, PathBuf};

/// Why a lexicon cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}: {source}; a lexicon is a folder with lexicon.toml and scores.tsv", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `lexicon.toml` is not TOML or lacks a key.
    #[error("{file}: {detail}")]
    Rules {
        /// The file.
        file: String,
        /// What is wrong and where.
        detail: String,
    },
    /// A line of `scores.tsv` is not `word<TAB>score`.
    #[error("{file}, line {line}: {detail}; each line is word, tab, score")]
    Scores {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
}

/// A file's name for errors, and its text.
pub(super) fn read(path: &Path) -> Result<(String, String), LexiconError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(source) => Err(LexiconError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
