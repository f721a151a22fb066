//! What can go wrong between text and ids; each message says what was asked and what to try.

use std::path::PathBuf;

/// An error while loading or using a tokenizer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The directory holds no tokenizer files.
    #[error(
        "no tokenizer in {}: looked for {looked_for}; copy one of them there (Hugging Face models \
         ship them beside model.safetensors), or give token ids instead of text",
        dir.display()
    )]
    NoTokenizer {
        /// The directory that was searched.
        dir: PathBuf,
        /// The file names that were tried, in order.
        looked_for: String,
    },
    /// A file is there but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tokenizer file that does not hold what its name promises.
    #[error("{file} is not a usable tokenizer: {detail}")]
    Malformed {
        /// The file, or what the bytes were given as.
        file: String,
        /// What is wrong and where.
        detail: String,
    },
    /// A vocabulary with the same token on two lines.
    #[error(
        "{file}: token {token:?} stands on line {first} and again on line {second}; a token's id is \
         its line, so each may stand once"
    )]
    DuplicateToken {
        /// The vocabulary file.
        file: String,
        /// The token.
        token: String,
        /// Line of the first occurrence, from 1.
        first: usize,
        /// Line of the second occurrence, from 1.
        second: usize,
    },
    /// A vocabulary without the tokens that BERT's template needs.
    #[error(
        "{file}: the special tokens {missing} are missing; a BERT vocabulary holds [PAD], [UNK], \
         [CLS], [SEP] and [MASK], one a line"
    )]
    MissingSpecialTokens {
        /// The vocabulary file.
        file: String,
        /// The missing tokens, joined by commas.
        missing: String,
    },
    /// A length limit that leaves no room for the special tokens.
    #[error(
        "max_len {max_len} leaves no room for text: the template alone adds {special} special \
         tokens; give at least {}", special + 1
    )]
    MaxLenTooSmall {
        /// The limit that was asked for.
        max_len: usize,
        /// How many special tokens the template adds.
        special: usize,
    },
    /// The text could not be encoded.
    #[error("cannot encode {text:?}: {detail}")]
    Encode {
        /// The beginning of the text.
        text: String,
        /// What the tokenizer said.
        detail: String,
    },
    /// Lists of ids that cannot be made into a batch.
    #[error("cannot make a batch of {0}")]
    Batch(String),
}
