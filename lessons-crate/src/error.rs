//! The one error type of the crate, and the shape that most of its parts share.

use crate::bench::BenchError;
use crate::engine::{DeviceError, RunError};
use crate::figure::FigureError;
use crate::graph::GraphError;
use crate::models::ModelError;
use crate::notebook::widget::WidgetError;
use crate::text::TextError;
use crate::train::TrainError;
use crate::weights::WeightsError;

/// Whatever can go wrong. `Display` is made for people; `Debug` prints the same.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error(transparent)]
    Figure(#[from] FigureError),
    #[error(transparent)]
    Widget(#[from] WidgetError),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Error {
        Error::Run(error.into())
    }
}

/// The result of everything that can go wrong in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Declares an error that says what is wrong and, on a line of its own, what to try.
macro_rules! teaching_error {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            what: String,
            help: Option<String>,
        }

        impl $name {
            /// What is wrong, in a sentence without a final dot.
            pub fn new(what: impl Into<String>) -> $name {
                $name { what: what.into(), help: None }
            }

            /// What to try.
            pub fn help(mut self, help: impl Into<String>) -> $name {
                self.help = Some(help.into());
                self
            }

            /// The same, said of a part: a node, a file.
            pub fn of(mut self, part: impl std::fmt::Display) -> $name {
                self.what = format!("{part}: {}", self.what);
                self
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.what)?;
                match &self.help {
                    Some(help) => write!(f, "\n\n  try: {help}"),
                    None => Ok(()),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::error::Error for $name {}
    };
}

pub(crate) use teaching_error;
