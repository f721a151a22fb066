//! Errors of running a model.

use crate::error::teaching_error;

teaching_error! {
    /// Why a run failed.
    RunError
}

impl From<candle_core::Error> for RunError {
    /// The first line only: the rest is a backtrace.
    fn from(error: candle_core::Error) -> RunError {
        RunError::new(error.to_string().lines().next().unwrap_or_default())
    }
}
