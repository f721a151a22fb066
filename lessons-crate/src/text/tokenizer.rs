//! The tokenizer of a Hugging Face directory: `tokenizer.json`, or `vocab.txt` for BERT models.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::bert::BertProcessing;
use tokenizers::tokenizer::{AddedToken, PostProcessor};
use tokenizers::utils::truncation::TruncationDirection;

use super::vocab::{self, CLS, SEP, SPECIAL_TOKENS, UNK};
use super::{Encoding, TextError, TokenBatch};

/// The keys of `tokenizer_config.json` that change ids when only `vocab.txt` is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TokenizerConfig {
    /// Lowercase the text (uncased models).
    pub do_lower_case: bool,
    /// Remove accents; `None` does it exactly when lowercasing, as BERT did.
    pub strip_accents: Option<bool>,
    /// Make each Chinese character a word of its own.
    pub tokenize_chinese_chars: bool,
}

impl Default for TokenizerConfig {
    fn default() -> Self {
        Self {
            do_lower_case: true,
            strip_accents: None,
            tokenize_chinese_chars: true,
        }
    }
}

/// Text to token ids, as `transformers` does it for the same files.
///
/// ```
/// use lessons::text::{Tokenizer, TokenizerConfig};
///
/// let vocab = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nfilm\n##s\n";
/// let tokenizer = Tokenizer::from_vocab(vocab, TokenizerConfig::default())?;
/// let encoding = tokenizer.encode("Good films", 16)?;
/// assert_eq!(encoding.tokens, ["[CLS]", "good", "film", "##s", "[SEP]"]);
/// assert_eq!(encoding.ids, [2, 5, 6, 7, 3]);
/// # Ok::<(), lessons::text::TextError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tokenizer {
    // Not by value: code that drops one would compile the destructors of all that a tokenizer can be.
    inner: Arc<tokenizers::Tokenizer>,
    pad_id: u32,
    vocab_size: usize,
}

impl Tokenizer {
    /// Opens the tokenizer of a directory: `tokenizer.json` if it is there, else `vocab.txt` read
    /// with the settings of `tokenizer_config.json`, which may be absent.
    ///
    /// # Errors
    /// Neither file is there, one cannot be read, or it is not a tokenizer.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, TextError> {
        let dir = dir.as_ref();
        let json = dir.join("tokenizer.json");
        if let Some(bytes) = read_if_there(&json)? {
            return Self::parse_json(&json.display().to_string(), &bytes);
        }
        let vocab = dir.join("vocab.txt");
        let Some(bytes) = read_if_there(&vocab)? else {
            return Err(TextError::NoTokenizer {
                dir: dir.to_owned(),
                looked_for: "tokenizer.json, vocab.txt".to_owned(),
            });
        };
        let config_path = dir.join("tokenizer_config.json");
        let config = match read_if_there(&config_path)? {
            Some(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| TextError::Malformed {
                    file: config_path.display().to_string(),
                    detail: error.to_string(),
                })?
            }
            None => TokenizerConfig::default(),
        };
        Self::parse_vocab(&vocab.display().to_string(), &bytes, config)
    }

    /// Reads the bytes of a `tokenizer.json`.
    ///
    /// # Errors
    /// The bytes are not JSON, or not a tokenizer.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TextError> {
        Self::parse_json("tokenizer.json", bytes)
    }

    /// Makes a BERT WordPiece tokenizer of the bytes of a `vocab.txt`.
    ///
    /// # Errors
    /// The bytes are not UTF-8, a token stands twice, or a special token is missing.
    pub fn from_vocab(bytes: &[u8], config: TokenizerConfig) -> Result<Self, TextError> {
        Self::parse_vocab("vocab.txt", bytes, config)
    }

    fn parse_json(file: &str, bytes: &[u8]) -> Result<Self, TextError> {
        let malformed = |detail: String| TextError::Malformed {
            file: file.to_owned(),
            detail,
        };
        // serde_json first: its message has line and column.
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes)
            .map_err(|error| malformed(format!("not JSON: {error}")))?;
        let inner = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| malformed(error.to_string()))?;
        Self::finish(file, inner)
    }

    fn parse_vocab(file: &str, bytes: &[u8], config: TokenizerConfig) -> Result<Self, TextError> {
        let tokens = vocab::parse(file, bytes)?;
        let malformed = |error: tokenizers::Error| TextError::Malformed {
            file: file.to_owned(),
            detail: error.to_string(),
        };
        // An empty map of the type that the builder takes (its hasher is not exported).
        let mut ids = WordPiece::read_bytes(b"").map_err(malformed)?;
        ids.extend(tokens.into_iter().zip(0u32..));
        let (cls, sep) = (ids[CLS], ids[SEP]);
        let model = WordPiece::builder()
            .vocab(ids)
            .unk_token(UNK.to_owned())
            .build()
            .map_err(malformed)?;
        let mut inner = tokenizers::Tokenizer::new(model);
        inner
            .with_normalizer(Some(BertNormalizer::new(
                true,
                config.tokenize_chinese_chars,
                config.strip_accents,
                config.do_lower_case,
            )))
            .with_pre_tokenizer(Some(BertPreTokenizer))
            .with_post_processor(Some(BertProcessing::new(
                (SEP.to_owned(), sep),
                (CLS.to_owned(), cls),
            )))
            .with_decoder(Some(tokenizers::decoders::wordpiece::WordPiece::default()));
        inner.add_special_tokens(&SPECIAL_TOKENS.map(|token| AddedToken::from(token, true)));
        Self::finish(file, inner)
    }

    fn finish(file: &str, mut inner: tokenizers::Tokenizer) -> Result<Self, TextError> {
        let pad_id = match inner.get_padding() {
            Some(padding) => Some(padding.pad_id),
            None => inner
                .token_to_id("[PAD]")
                .or_else(|| inner.token_to_id("<pad>")),
        };
        let vocab_size = inner
            .get_vocab(true)
            .into_values()
            .max()
            .map_or(0, |id| id as usize + 1);
        if vocab_size == 0 {
            return Err(TextError::Malformed {
                file: file.to_owned(),
                detail: "the vocabulary is empty".to_owned(),
            });
        }
        // Truncation and padding are this type's own business: a limit in the file must not win.
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| TextError::Malformed {
                file: file.to_owned(),
                detail: error.to_string(),
            })?;
        Ok(Self {
            inner: Arc::new(inner),
            pad_id: pad_id.unwrap_or(0),
            vocab_size,
        })
    }

    /// Encodes one text with the model's special tokens, at most `max_len` tokens in all: what is
    /// over is cut from the end of the text and [`Encoding::truncated`] says so. NUL and other
    /// control characters are dropped by BERT's normalizer; an empty text gives the special tokens
    /// alone; what the vocabulary cannot spell becomes `[UNK]`.
    ///
    /// # Errors
    /// `max_len` leaves no room beside the special tokens.
    pub fn encode(&self, text: &str, max_len: usize) -> Result<Encoding, TextError> {
        let special = self.special_tokens();
        if max_len <= special {
            return Err(TextError::MaxLenTooSmall { max_len, special });
        }
        let failed = |error: tokenizers::Error| TextError::Encode {
            text: text.chars().take(40).collect(),
            detail: error.to_string(),
        };
        let mut pieces = self.inner.encode(text, false).map_err(failed)?;
        let full_len = pieces.len() + special;
        pieces.truncate(max_len - special, 0, TruncationDirection::Right);
        let encoding = self
            .inner
            .post_process(pieces, None, true)
            .map_err(failed)?;
        Ok(Encoding {
            ids: encoding.get_ids().to_vec(),
            tokens: encoding.get_tokens().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            special: encoding
                .get_special_tokens_mask()
                .iter()
                .map(|&mask| mask == 1)
                .collect(),
            truncated: full_len > max_len,
            full_len,
        })
    }

    /// Encodes texts and pads them to the longest: ids and attention mask, `[batch, len]`.
    ///
    /// # Errors
    /// As for [`Tokenizer::encode`], or there is no text.
    pub fn encode_batch<S: AsRef<str>>(
        &self,
        texts: &[S],
        max_len: usize,
    ) -> Result<(TokenBatch, Vec<Encoding>), TextError> {
        let encodings = texts
            .iter()
            .map(|text| self.encode(text.as_ref(), max_len))
            .collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<&[u32]> = encodings
            .iter()
            .map(|encoding| encoding.ids.as_slice())
            .collect();
        Ok((TokenBatch::pad(&rows, self.pad_id)?, encodings))
    }

    /// The size that an embedding table must have at least: the largest id plus one.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The id that fills up shorter sequences of a batch.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// How many special tokens the template adds to a single text (2 for BERT).
    pub fn special_tokens(&self) -> usize {
        self.inner
            .get_post_processor()
            .map_or(0, |template| template.added_tokens(false))
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The words and marks of a text before they are cut into pieces: normalized (lowercase for
    /// uncased models) and split at spaces and punctuation.
    ///
    /// # Errors
    /// The tokenizer has steps that fail on this text.
    pub fn words(&self, text: &str) -> Result<Vec<String>, TextError> {
        use tokenizers::{
            NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
            PreTokenizer,
        };
        let failed = |error: tokenizers::Error| TextError::Encode {
            text: text.chars().take(40).collect(),
            detail: error.to_string(),
        };
        let mut normalized = NormalizedString::from(text);
        if let Some(normalizer) = self.inner.get_normalizer() {
            normalizer.normalize(&mut normalized).map_err(failed)?;
        }
        let mut split = PreTokenizedString::from(normalized);
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut split).map_err(failed)?;
        }
        let parts = split.get_splits(OffsetReferential::Original, OffsetType::Byte);
        Ok(parts
            .into_iter()
            .map(|(word, _, _)| word.to_owned())
            .collect())
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// A part of it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, TextError> {
        self.inner
            .to_string(true)
            .map_err(|error| TextError::Malformed {
                file: "tokenizer.json".to_owned(),
                detail: error.to_string(),
            })
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, TextError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TextError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
#[path = "tokenizer_tests.rs"]
mod tests;
