//! The one error type of the crate.

use crate::graph::GraphError;

/// Whatever can go wrong. `Display` is made for people; `Debug` prints the same.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// The result of everything that can go wrong in this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
