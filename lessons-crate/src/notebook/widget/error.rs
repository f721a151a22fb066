//! What can be wrong with a widget.

use crate::error::teaching_error;

teaching_error! {
    /// A widget that cannot be: an empty range, a value outside of it, no options.
    WidgetError
}
