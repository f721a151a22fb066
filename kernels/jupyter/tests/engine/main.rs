//! Cells through the direct engine, most without a prebuilt library: std alone.

#[path = "../harness/mod.rs"]
mod harness;

mod awaiting;
mod commands;
mod crash;
mod deps;
mod failures;
mod input;
mod interrupt;
mod items;
mod library;
mod markers;
mod mistakes;
mod output;
mod plotting;
mod replay;
mod speed;
mod values;
mod variables;
