//! A model with its tokenizer and labels: text in, labels out.

use std::path::Path;
use std::sync::OnceLock;

use candle_core::{Device, Tensor};

use super::directory::Directory;
use super::distilbert::{Config, Options};
use super::{ModelError, embedded};
use crate::engine::{Model, Session};
use crate::text::{TextError, TokenBatch, Tokenizer};
use crate::weights::Weights;

/// Texts are cut to the model's length, and at most this many run as one batch.
const BATCH: usize = 16;

/// What a model says of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// The text, or `None` where ids were given.
    pub text: Option<String>,
    pub label: String,
    /// The probability of the label.
    pub score: f32,
    /// The probability of every label, in the order of the classes; they sum to 1.
    pub scores: Vec<(String, f32)>,
    /// What the model computed, before softmax.
    pub logits: Vec<f32>,
    /// If the text was longer than the model takes: how many tokens it has, and how many were used.
    pub truncated: Option<(usize, usize)>,
}

/// How much each token looks at each other.
#[derive(Debug, Clone)]
pub struct Attention {
    pub tokens: Vec<String>,
    /// One tensor a layer, `f32[heads, seq, seq]`; rows sum to 1.
    pub layers: Vec<Tensor>,
}

/// A DistilBERT that classifies text.
///
/// ```
/// use lessons::prelude::*;
///
/// let classifier = Classifier::embedded()?;
/// let answer = classifier.classify("a wonderful film, full of life")?;
/// assert_eq!(answer.label, "POSITIVE");
/// # Ok::<(), lessons::Error>(())
/// ```
pub struct Classifier {
    config: Config,
    labels: Vec<String>,
    weights: Weights,
    session: Session,
    model: Model,
    source: Source,
    tokenizer: OnceLock<Tokenizer>,
}

enum Source {
    Embedded,
    Directory(Directory),
}

impl Classifier {
    /// The model that is built in, on the CPU.
    ///
    /// # Errors
    /// None, unless the build is damaged.
    pub fn embedded() -> crate::Result<Classifier> {
        Classifier::embedded_on(&Session::cpu())
    }

    /// The model that is built in, on the session's device.
    ///
    /// # Errors
    /// When the device cannot hold it.
    pub fn embedded_on(session: &Session) -> crate::Result<Classifier> {
        let weights = Weights::from_bytes(embedded::WEIGHTS)?;
        Classifier::new(
            Config::from_json(embedded::CONFIG)?,
            weights,
            session,
            Source::Embedded,
        )
    }

    /// A Hugging Face directory: `config.json`, `model.safetensors` and, to read text,
    /// `tokenizer.json` or `vocab.txt`. On the CPU.
    ///
    /// # Errors
    /// When files are missing or damaged, or config and weights do not fit each other.
    pub fn open(directory: impl AsRef<Path>) -> crate::Result<Classifier> {
        Classifier::open_on(directory, &Session::cpu())
    }

    /// [`Classifier::open`] on the session's device.
    ///
    /// # Errors
    /// As [`Classifier::open`].
    pub fn open_on(directory: impl AsRef<Path>, session: &Session) -> crate::Result<Classifier> {
        let directory = Directory::open(directory)?;
        let config = Config::from_json(&directory.config()?)
            .map_err(|error| error.of(directory.path().display()))?;
        let mut weights = Weights::open(directory.weights())?;
        // A buffer of 0, 1, 2, … that old versions of transformers stored as if it were a weight.
        weights.remove("distilbert.embeddings.position_ids");
        Classifier::new(config, weights, session, Source::Directory(directory))
    }

    fn new(
        config: Config,
        weights: Weights,
        session: &Session,
        source: Source,
    ) -> crate::Result<Classifier> {
        let graph = config.graph(Options::default())?;
        weights.check(&graph)?;
        Ok(Classifier {
            labels: config.labels()?,
            model: session.load(&graph, &weights)?,
            session: session.clone(),
            tokenizer: OnceLock::new(),
            config,
            weights,
            source,
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The loaded model: its graph, report and profile.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The tokenizer, read when it is first needed.
    ///
    /// # Errors
    /// When its files are missing or damaged, or its vocabulary has another size than the model's.
    pub fn tokenizer(&self) -> crate::Result<&Tokenizer> {
        if let Some(tokenizer) = self.tokenizer.get() {
            return Ok(tokenizer);
        }
        let tokenizer = match &self.source {
            Source::Embedded => Tokenizer::from_json(embedded::TOKENIZER)?,
            Source::Directory(directory) => Tokenizer::open(directory.path())?,
        };
        let (has, wants) = (tokenizer.vocab_size(), self.config.vocab_size);
        if has != wants {
            return Err(ModelError::new(format!(
                "the tokenizer knows {has} tokens and the model {wants}: they do not belong together"
            ))
            .help("take tokenizer.json or vocab.txt from where model.safetensors comes from")
            .into());
        }
        Ok(self.tokenizer.get_or_init(|| tokenizer))
    }

    /// Classifies one text. Text beyond the model's length is cut off, and the answer says so.
    ///
    /// # Errors
    /// As [`Classifier::tokenizer`], or when the run fails.
    pub fn classify(&self, text: &str) -> crate::Result<Classification> {
        let mut answers = self.classify_all(&[text])?;
        answers
            .pop()
            .ok_or_else(|| ModelError::new("the model gave no answer").into())
    }

    /// Classifies texts in order, several at a time.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn classify_all<T: AsRef<str>>(&self, texts: &[T]) -> crate::Result<Vec<Classification>> {
        let tokenizer = self.tokenizer()?;
        let mut answers = Vec::with_capacity(texts.len());
        for texts in texts.chunks(BATCH) {
            let encodings: Vec<_> = texts
                .iter()
                .map(|text| tokenizer.encode(text.as_ref(), self.config.max_position_embeddings))
                .collect::<Result<_, TextError>>()?;
            let rows: Vec<&[u32]> = encodings
                .iter()
                .map(|encoding| encoding.ids.as_slice())
                .collect();
            let batch = self.classify_ids(&rows)?;
            for ((mut answer, text), encoding) in batch.into_iter().zip(texts).zip(&encodings) {
                answer.text = Some(text.as_ref().to_owned());
                answer.truncated = encoding
                    .truncated
                    .then_some((encoding.full_len, encoding.len()));
                answers.push(answer);
            }
        }
        Ok(answers)
    }

    /// Classifies lists of token ids as one padded batch. Needs no tokenizer.
    ///
    /// # Errors
    /// When a list is empty or longer than the model takes, or an id is not in the vocabulary.
    pub fn classify_ids<R: AsRef<[u32]>>(&self, rows: &[R]) -> crate::Result<Vec<Classification>> {
        let logits = self.logits(rows)?.to_vec2::<f32>()?;
        if logits.iter().flatten().any(|logit| !logit.is_finite()) {
            return Err(
                ModelError::new("the model computed logits that are not finite")
                    .help("its weights hold NaN or infinities; get model.safetensors again")
                    .into(),
            );
        }
        Ok(logits
            .into_iter()
            .map(|logits| self.classification(logits))
            .collect())
    }

    /// The logits of lists of token ids, run as one padded batch: `f32[rows, labels]` on the CPU.
    ///
    /// # Errors
    /// As [`Classifier::classify_ids`].
    pub fn logits<R: AsRef<[u32]>>(&self, rows: &[R]) -> crate::Result<Tensor> {
        let (ids, mask) = self.inputs(rows)?;
        let outputs = self
            .model
            .run([("input_ids", ids), ("attention_mask", mask)])?;
        Ok(outputs.only()?.to_device(&Device::Cpu)?)
    }

    /// How much each token of a text looks at each other, in every layer and head.
    ///
    /// # Errors
    /// As [`Classifier::classify`].
    pub fn attention(&self, text: &str) -> crate::Result<Attention> {
        let encoding = self
            .tokenizer()?
            .encode(text, self.config.max_position_embeddings)?;
        let graph = self.config.graph(Options {
            attentions: true,
            ..Options::default()
        })?;
        let model = self.session.load(&graph, &self.weights)?;
        let (ids, mask) = self.inputs(&[&encoding.ids])?;
        let outputs = model.run([("input_ids", ids), ("attention_mask", mask)])?;
        let layers = outputs
            .iter()
            .filter(|(name, _)| name.starts_with("attention."));
        let layers = layers.map(|(_, tensor)| Ok(tensor.squeeze(0)?.to_device(&Device::Cpu)?));
        Ok(Attention {
            tokens: encoding.tokens.clone(),
            layers: layers.collect::<crate::Result<_>>()?,
        })
    }

    /// The inputs of the graph for lists of ids: ids and mask, both `i64[rows, longest]`.
    ///
    /// # Errors
    /// As [`Classifier::classify_ids`].
    pub fn inputs<R: AsRef<[u32]>>(&self, rows: &[R]) -> crate::Result<(Tensor, Tensor)> {
        let limit = self.config.max_position_embeddings;
        for (index, row) in rows.iter().enumerate() {
            let ids = row.as_ref();
            if ids.len() > limit {
                return Err(ModelError::new(format!(
                    "list {index} has {} ids, and the model takes at most {limit}",
                    ids.len()
                ))
                .into());
            }
            if let Some(id) = ids
                .iter()
                .find(|id| **id as usize >= self.config.vocab_size)
            {
                return Err(ModelError::new(format!(
                    "list {index} holds the id {id}, and the vocabulary has {} tokens",
                    self.config.vocab_size
                ))
                .help(format!("ids from 0 to {}", self.config.vocab_size - 1))
                .into());
            }
        }
        let batch = TokenBatch::pad(rows, 0)?;
        let tensor = |values: &[u32]| {
            let values = values.iter().map(|value| i64::from(*value)).collect();
            Tensor::from_vec(values, (batch.batch, batch.len), &Device::Cpu)
        };
        Ok((tensor(&batch.ids)?, tensor(&batch.attention_mask)?))
    }

    fn classification(&self, logits: Vec<f32>) -> Classification {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
        let sum: f32 = powers.iter().sum();
        let scores: Vec<(String, f32)> = self
            .labels
            .iter()
            .cloned()
            .zip(powers.iter().map(|power| power / sum))
            .collect();
        // From the end, since the last of equals wins, and among classes it shall be the first.
        let best = scores
            .iter()
            .rev()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .cloned();
        let (label, score) = best.unwrap_or_default();
        Classification {
            text: None,
            label,
            score,
            scores,
            logits,
            truncated: None,
        }
    }
}
