//! What can go wrong with a figure.

use std::path::PathBuf;

use crate::engine::RunError;

/// Why there is no figure, or no file of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    #[error(
        "a figure needs alt text: one sentence that gives its finding to those who cannot see it, \
         such as \"the loss falls from 0.7 to 0.2\""
    )]
    NoAltText,
    #[error(
        "cannot save a figure as `{}`: the name tells the format by .svg, .png, .html or .txt",
        .0.display()
    )]
    Extension(PathBuf),
    #[error("cannot write `{}`: {error}", path.display())]
    Write {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("cannot draw the figure as PNG: {0}")]
    Png(String),
    #[error("cannot draw the chart: {0}")]
    Chart(String),
    #[error(
        "attention weights of shape {shape:?} do not fit {tokens} tokens; \
         they are [heads, tokens, tokens]"
    )]
    Attention { shape: Vec<usize>, tokens: usize },
    #[error(
        "pixels of shape {0:?} are no images; those are [height, width], [images, height, width], or \
         [images, channels, height, width] of 1 or 3 channels"
    )]
    Images(Vec<usize>),
    #[error("cannot read the tensor's values: {0}")]
    Tensor(RunError),
}

impl From<candle_core::Error> for FigureError {
    fn from(error: candle_core::Error) -> FigureError {
        FigureError::Tensor(error.into())
    }
}
