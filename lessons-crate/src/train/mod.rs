//! Training on candle's autograd: the small DistilBERT that ships with the library, the lexicon,
//! and their data.
//!
//! Everything is a function of the data, the options and the seed: batches, dropout and
//! initialization draw from counters ([`random`]), so a run that was stopped and resumed ends with
//! the very bits of a run that was not. The same bits need the same machine and thread count, since
//! matrix products may add up in another order elsewhere.

mod adamw;
mod batches;
mod checkpoint;
mod config;
mod distilbert;
mod error;
mod evaluate;
mod examples;
mod export;
pub mod lexicon;
mod observer;
pub mod ops;
mod options;
pub mod random;
mod sst2;
pub mod typed;

pub use adamw::{AdamW, AdamWOptions};
pub use batches::{Batch, Batches};
pub use checkpoint::Checkpoint;
pub use config::ModelConfig;
pub use distilbert::{DistilBert, Dropout};
pub use error::TrainError;
pub use evaluate::accuracy;
pub use examples::{Example, find_sst2, join_contractions, read_examples};
pub use export::export;
pub use observer::{Evaluation, Observer, Outcome, Silent, Step};
pub use options::Sst2Options;
pub use sst2::train_sst2;

/// Number of threads that training uses: `RAYON_NUM_THREADS`, else one for each physical core.
pub fn threads() -> usize {
    candle_core::utils::get_num_threads()
}
