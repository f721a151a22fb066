//! Errors of model directories and configs.

use crate::error::teaching_error;

teaching_error! {
    /// Why a model cannot be read or used.
    ModelError
}
