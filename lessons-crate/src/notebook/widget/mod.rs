//! Controls below a cell: sliders, boxes, buttons, and figures that follow them.
//!
//! ```
//! use lessons::notebook::widget::{interact, slider};
//!
//! let bits = slider("bits", 2..=8).value(4).build()?;
//! interact(&bits, |bits| format!("{} levels", 1 << bits));
//! # Ok::<(), lessons::Error>(())
//! ```
//!
//! The widgets are those of ipywidgets 8, so JupyterLab with ipywidgets shows them; a state here is
//! kept equal to the one in the page, and a page that is loaded anew gets its widgets back. What
//! listens is a closure in the process of the cells, compiled once with its cell, and called on the
//! thread that runs cells, between two of them.
//!
//! Where there is no kernel of ours or no ipywidgets (GitHub, an exported page, stock evcxr, a plain
//! program), a still picture stands in a widget's place: the name, the value and what it would do,
//! and the figure for the first values.

mod boxes;
mod button;
mod checkbox;
pub(super) mod control;
mod controls;
mod draw;
mod dropdown;
mod error;
mod field;
mod handle;
mod html;
mod image;
mod interact;
mod listeners;
mod model;
mod number;
mod progress_bar;
mod range_slider;
mod slider;
mod span;
mod text;
mod twin;

pub use boxes::{Boxed, hbox, vbox};
pub use button::{Button, button};
pub use checkbox::{Checkbox, checkbox};
pub use controls::Controls;
pub use draw::Draw;
pub use dropdown::{Choice, Dropdown, DropdownBuilder, dropdown};
pub use error::WidgetError;
pub use handle::{Control, Widget};
pub use html::{Html, area, html};
pub use image::{Image, image};
pub use interact::{Interaction, interact};
pub use number::Number;
pub use progress_bar::{ProgressBar, progress_bar};
pub use range_slider::{RangeSlider, RangeSliderBuilder, range_slider};
pub use slider::{Slider, SliderBuilder, slider};
pub use text::{Text, text};

#[cfg(test)]
mod tests;
