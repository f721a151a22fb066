//! The process in which cells run.
