//! What can go wrong with a measurement.

use crate::error::teaching_error;

teaching_error! {
    /// Why something cannot be measured, or a recorded run cannot be read.
    BenchError
}
