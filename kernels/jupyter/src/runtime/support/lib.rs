//! What a cell's generated code calls: crate `lessons_cell`, compiled once by the user's rustc as a
//! dylib, so that every cell of a runtime shares one variable store and one panic hook.
//!
//! It stands on std alone and knows nothing of the kernel but the marks that it writes to standard
//! output (see [`mark`]).

mod debug;
mod frame;
mod interrupt;
mod pieces;
mod shown;
mod store;
mod waiting;

pub use debug::place;
pub use frame::{CellError, catch, enter};
pub use interrupt::CheckPoint;
pub use pieces::{Pieces, piece};
pub use shown::{Fallback, Peel, PeelOne, Wrap, Showing, show_by_debug};
pub use store::{keep, take};
pub use waiting::{BlockOn, catch_awaiting};

/// Stands for a pattern of the wrong type, so that rustc's error names the right one.
pub struct Probe;

/// Prefix of a mark on standard output, set by the kernel; the token is random for each session.
pub fn mark() -> &'static str {
    static MARK: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    MARK.get_or_init(|| {
        let token = std::env::var("LESSONS_MARK").unwrap_or_default();
        format!("\0lessons:{token}:")
    })
}
