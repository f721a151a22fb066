//! Check points of long computations: where an interrupt of the notebook stops them.

use std::sync::OnceLock;

use libloading::os::unix::Library;

/// What the notebook's kernel loads into the process that runs cells.
const SYMBOL: &[u8] = b"lessons_cell_check_point\0";

type CheckPoint = extern "C-unwind" fn();

/// Stops here, by an unwind, when the user has interrupted the cell that runs on this thread.
///
/// Loops in a cell's own code look by themselves. This is for loops of libraries that take seconds: it
/// costs a few nanoseconds in a notebook, and outside of one, or on a thread of one's own, nothing
/// happens.
///
/// ```
/// let mut sum = 0;
/// for n in 0..1_000 {
///     lessons::notebook::check_point();
///     sum += n;
/// }
/// assert_eq!(sum, 499_500);
/// ```
pub fn check_point() {
    static FOUND: OnceLock<Option<CheckPoint>> = OnceLock::new();
    if let Some(check) = FOUND.get_or_init(find) {
        check();
    }
}

/// Looked up by name, since only the runtime of cells has it.
fn find() -> Option<CheckPoint> {
    // SAFETY: whoever defines this name in a process with this library is the kernel's own support
    // crate, which gives the function this signature and is never unloaded.
    unsafe { Library::this().get::<CheckPoint>(SYMBOL) }
        .ok()
        .map(|found| *found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_of_a_notebook_there_is_nobody_to_ask() {
        assert!(find().is_none());
        check_point();
    }
}
