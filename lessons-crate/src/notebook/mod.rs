//! What only a notebook cell needs: showing things while it runs, and asking.
//!
//! [`display`] sends a [`Bundle`] to the kernel over the channel; on stock evcxr it prints evcxr's
//! content markers, and in a plain program the text twin. Nothing here knows what a figure is.

mod bundle;
pub mod check;
pub mod comm;
mod connection;
mod display;
mod folder;
mod hint;
mod input;
mod progress;
mod unique;
pub mod widget;

pub use crate::interrupt::check_point;
pub use bundle::Bundle;
pub use display::{Display, clear_output, display, update};
pub use folder::save_into;
pub use hint::hint;
pub use input::{input, password};
pub use progress::{Progress, progress};
