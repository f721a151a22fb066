//! What has a picture.

use super::picture::Figure;
use crate::notebook::display;

/// A thing that draws itself when it is the last expression of a notebook cell.
///
/// Each implementation stands beside the figure that it draws.
pub trait Show {
    /// The picture.
    fn figure(&self) -> Figure;

    /// Shows the picture below the running cell; notebooks call it on a cell's last expression.
    fn evcxr_display(&self) {
        show(self.figure());
    }
}

/// A function of its own, since each cell compiles the method above for its value.
#[inline(never)]
fn show(figure: Figure) {
    display(&figure.bundle());
}
