//! Errors of weights files and of weights that do not fit a graph.

use std::path::Path;

use crate::error::teaching_error;

teaching_error! {
    /// Why weights cannot be read or used.
    WeightsError
}

impl WeightsError {
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> WeightsError {
        WeightsError::new(format!("{} cannot be read: {error}", path.display()))
    }
}
