//! The options of the SST-2 recipe.

use std::path::PathBuf;

use super::{AdamWOptions, ModelConfig, TrainError};

/// What a run is; with the same options, machine and thread count it gives the same bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Sst2Options {
    /// Folder with `train.tsv`, `train-phrases.tsv` and `dev.tsv`.
    pub data: PathBuf,
    /// Folder for the checkpoint and the best model so far.
    pub work: PathBuf,
    /// Times that every text is seen.
    pub epochs: usize,
    /// Seed of all chance.
    pub seed: u64,
    /// Texts a step.
    pub batch_size: usize,
    /// Highest learning rate: reached after the warm-up, then falling to 0 in a straight line.
    pub learning_rate: f64,
    /// Share of the steps in which the learning rate rises.
    pub warmup: f64,
    /// Share of tokens that are made unknown.
    pub word_dropout: f64,
    /// Settings of the optimizer.
    pub adamw: AdamWOptions,
    /// Number of tokens of the vocabulary.
    pub vocab_size: usize,
    /// Sizes and dropout of the model; its `vocab_size` is set from the vocabulary.
    pub model: ModelConfig,
    /// Use only the first so many texts of each file; for trials.
    pub limit: Option<usize>,
    /// Steps between checkpoints; there is one after each epoch besides.
    pub checkpoint_every: usize,
    /// Go on from the checkpoint in `work`.
    pub resume: bool,
}

impl Sst2Options {
    /// The options with which the shipped model was trained.
    pub fn new(data: impl Into<PathBuf>, work: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            work: work.into(),
            epochs: 2,
            seed: 1,
            batch_size: 64,
            learning_rate: 5e-4,
            warmup: 0.06,
            word_dropout: 0.25,
            adamw: AdamWOptions {
                weight_decay: 0.05,
                ..AdamWOptions::default()
            },
            vocab_size: 8_000,
            model: ModelConfig::small(8_000),
            limit: None,
            checkpoint_every: 500,
            resume: false,
        }
    }

    /// All that decides the bits of the result.
    pub(super) fn fingerprint(&self) -> String {
        let Self {
            epochs,
            seed,
            batch_size,
            learning_rate,
            warmup,
            word_dropout,
            adamw,
            vocab_size,
            model,
            limit,
            ..
        } = self;
        let ModelConfig {
            dim,
            hidden_dim,
            n_heads,
            n_layers,
            max_position_embeddings,
            ..
        } = model;
        format!(
            "epochs {epochs}, seed {seed}, batch {batch_size}, rate {learning_rate}, warm-up {warmup}, \
             word dropout {word_dropout}, {adamw:?}, vocabulary {vocab_size}, width {dim}/{hidden_dim}, \
             heads {n_heads}, layers {n_layers}, positions {max_position_embeddings}, dropout {}/{}/{}, \
             limit {limit:?}",
            model.dropout, model.attention_dropout, model.seq_classif_dropout
        )
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        let wrong = |what: &str| Err(TrainError::Config(format!("training options: {what}")));
        if self.epochs == 0 || self.batch_size == 0 || self.checkpoint_every == 0 {
            return wrong("epochs, batch size and steps between checkpoints must be at least 1");
        }
        if !(0.0..1.0).contains(&self.word_dropout) || !(0.0..=1.0).contains(&self.warmup) {
            return wrong("word dropout lies in [0, 1) and the warm-up share in [0, 1]");
        }
        if self.learning_rate.is_nan() || self.learning_rate <= 0.0 {
            return wrong("the learning rate must be above 0");
        }
        Ok(())
    }

    pub(super) fn learning_rate_at(&self, step: usize, total: usize) -> f64 {
        let warmup = (self.warmup * total as f64).max(1.0);
        let rising = (step + 1) as f64 / warmup;
        let falling = (total - step) as f64 / (total as f64 - warmup).max(1.0);
        self.learning_rate * rising.min(falling).min(1.0)
    }
}
