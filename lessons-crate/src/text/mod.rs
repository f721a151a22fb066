//! Text in, token ids out: the WordPiece tokenizers of Hugging Face directories.
//!
//! [`Tokenizer`] reads `tokenizer.json` or, failing that, `vocab.txt`, and gives the very ids that
//! `transformers` gives. [`vocab`] checks a vocabulary file; [`wordpiece`] learns one from text.

mod encoding;
mod error;
mod tokenizer;
pub mod vocab;
pub mod wordpiece;

pub use encoding::{Encoding, TokenBatch};
pub use error::TextError;
pub use tokenizer::{Tokenizer, TokenizerConfig};
