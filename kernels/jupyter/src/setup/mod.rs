//! Putting the kernel where Jupyter finds it, taking it away, and telling what is wrong.

mod doctor;
mod install;
mod kernelspec;

pub use doctor::doctor;
pub use install::{Installation, install, uninstall};
pub use kernelspec::{Kernelspec, Place};
