//! What can go wrong in training.

use std::path::PathBuf;

use crate::engine::RunError;

/// An error of training, evaluation or export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The data set is not where it was looked for.
    #[error(
        "no SST-2 data in {}: it needs train.tsv, train-phrases.tsv and dev.tsv, each line \
         `label<TAB>text` with label 0 or 1; give the folder with --data or LESSONS_DATA",
        dir.display()
    )]
    NoData {
        /// The folder that was searched.
        dir: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read` or `write` or the like.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of a data file is not `label<TAB>text`.
    #[error("{}, line {line}: {detail}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// Options or a model configuration that cannot work.
    #[error("{0}")]
    Config(String),
    /// A checkpoint that does not belong to this run, or is damaged.
    #[error("cannot resume from {}: {detail}", path.display())]
    Checkpoint {
        /// The checkpoint file.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
    /// The loss became infinite or not a number.
    #[error("the loss is {loss} at step {step}: training has diverged; try a lower learning rate")]
    Diverged {
        /// The step, from 0.
        step: usize,
        /// The loss.
        loss: f32,
    },
    /// A tokenizer error.
    #[error(transparent)]
    Text(#[from] crate::text::TextError),
    /// A tensor error.
    #[error(transparent)]
    Candle(RunError),
}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> TrainError {
        TrainError::Candle(error.into())
    }
}

impl TrainError {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        Self::io("read", path)
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        Self::io("write", path)
    }

    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
