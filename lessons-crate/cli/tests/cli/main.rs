//! The binary as people and scripts use it: what it prints, and how it fails.

mod bench;
mod bench_failures;
mod bench_output;
mod classify;
mod export;
mod fetch;
mod fixture;
mod graphs;
mod models;
mod run;
mod server;
mod weights;
