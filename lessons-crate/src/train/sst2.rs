//! The recipe of the model that ships with the library: vocabulary, batches, steps, evaluation.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device};

use super::batches::TrainingText;
use super::checkpoint::weights;
use super::random::stream;
use super::{
    AdamW, AdamWOptions, Batch, Batches, Checkpoint, DistilBert, Dropout, Example, ModelConfig,
    TrainError, export, join_contractions, read_examples,
};
use crate::text::wordpiece::{VocabOptions, learn_vocab};
use crate::text::{Tokenizer, TokenizerConfig};

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
            epochs: 5,
            seed: 1,
            batch_size: 64,
            learning_rate: 5e-4,
            warmup: 0.06,
            word_dropout: 0.1,
            adamw: AdamWOptions::default(),
            vocab_size: 8_000,
            model: ModelConfig::small(8_000),
            limit: None,
            checkpoint_every: 500,
            resume: false,
        }
    }

    /// All that decides the bits of the result.
    fn fingerprint(&self) -> String {
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

    fn check(&self) -> Result<(), TrainError> {
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

    fn learning_rate_at(&self, step: usize, total: usize) -> f64 {
        let warmup = (self.warmup * total as f64).max(1.0);
        let rising = (step + 1) as f64 / warmup;
        let falling = (total - step) as f64 / (total as f64 - warmup).max(1.0);
        self.learning_rate * rising.min(falling).min(1.0)
    }
}

/// What a run tells while it works; all methods do nothing unless implemented.
pub trait Observer {
    /// The run begins (or goes on) at `step` of `total`.
    fn start(&mut self, _step: usize, _total: usize, _parameters: usize) {}
    /// A step is done. `Break` stops the run after writing a checkpoint.
    fn step(&mut self, _step: &Step) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    /// An epoch is done and the dev set was evaluated.
    fn epoch(&mut self, _evaluation: &Evaluation) {}
}

/// An observer that looks away.
pub struct Silent;

impl Observer for Silent {}

/// One step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Steps done, this one included.
    pub step: usize,
    /// Epoch, from 0.
    pub epoch: usize,
    /// Loss of this batch.
    pub loss: f32,
    /// Length of the gradient before it was shortened.
    pub grad_norm: f64,
    /// Learning rate of this step.
    pub learning_rate: f64,
}

/// The state after an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Mean loss over the epoch's training batches.
    pub train_loss: f64,
    /// Share of the dev set that is classified right, from 0 to 1.
    pub dev_accuracy: f64,
    /// Whether this is the best so far, and so kept.
    pub best: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether all steps were done; otherwise the run was stopped and can be resumed.
    pub finished: bool,
    /// Best dev accuracy and its epoch, from 0.
    pub best: Option<(f64, usize)>,
    /// Seconds of training, those before a resumption included.
    pub seconds: f64,
    /// The directory of the best model, in Hugging Face's layout.
    pub model: PathBuf,
}

/// Share of examples whose label gets the highest logit, from 0 to 1.
///
/// # Errors
/// The tokenizer does not belong to the model, or there is no example.
pub fn accuracy(
    model: &DistilBert,
    tokenizer: &Tokenizer,
    examples: &[Example],
    device: &Device,
) -> Result<f64, TrainError> {
    let limit = model.config().max_position_embeddings;
    let mut right = 0;
    for examples in examples.chunks(64) {
        let sequences = examples
            .iter()
            .map(|example| Ok((tokenizer.encode(&example.text, limit)?.ids, example.label)))
            .collect::<Result<Vec<_>, TrainError>>()?;
        let batch = Batch::new(
            sequences
                .iter()
                .map(|(ids, label)| (ids.as_slice(), *label)),
            device,
        )?;
        let predicted = model
            .forward(&batch, Dropout::Off)?
            .argmax(1)?
            .to_vec1::<u32>()?;
        right += predicted
            .iter()
            .zip(examples)
            .filter(|(class, example)| **class == example.label)
            .count();
    }
    if examples.is_empty() {
        return Err(TrainError::Config("accuracy of no examples".to_owned()));
    }
    Ok(right as f64 / examples.len() as f64)
}

fn read(path: &Path, limit: Option<usize>) -> Result<Vec<Example>, TrainError> {
    let mut examples = read_examples(path)?;
    examples.truncate(limit.unwrap_or(usize::MAX));
    Ok(examples)
}

/// Learns the vocabulary of the texts.
fn vocabulary(examples: &[Example], size: usize) -> Result<Vec<String>, TrainError> {
    let frame = super::super::text::vocab::SPECIAL_TOKENS.join("\n");
    let splitter = Tokenizer::from_vocab(frame.as_bytes(), TokenizerConfig::default())?;
    let mut words: BTreeMap<String, u64> = BTreeMap::new();
    for example in examples {
        for word in splitter.words(&example.text)? {
            *words.entry(word).or_default() += 1;
        }
    }
    Ok(learn_vocab(&words, VocabOptions { size, min_count: 2 }))
}

fn training_texts(
    examples: &[Example],
    tokenizer: &Tokenizer,
    limit: usize,
) -> Result<Vec<TrainingText>, TrainError> {
    examples
        .iter()
        .map(|example| {
            let mut forms = vec![tokenizer.encode(&example.text, limit)?.ids];
            let joined = tokenizer
                .encode(&join_contractions(&example.text), limit)?
                .ids;
            if joined != forms[0] {
                forms.push(joined);
            }
            Ok(TrainingText {
                label: example.label,
                forms,
            })
        })
        .collect()
}

/// Trains a DistilBERT classifier on SST-2: phrases and sentences together, evaluated on the dev
/// set after each epoch, the best model kept under `work/model`, a checkpoint in
/// `work/checkpoint.safetensors`.
///
/// # Errors
/// The data is not there, the options cannot work, the checkpoint is of another run, or training
/// diverges.
pub fn train_sst2(
    options: &Sst2Options,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    options.check()?;
    let device = Device::Cpu;
    let mut examples = read(&options.data.join("train-phrases.tsv"), options.limit)?;
    examples.extend(read(&options.data.join("train.tsv"), options.limit)?);
    let dev = read(&options.data.join("dev.tsv"), options.limit)?;

    let vocab = vocabulary(&examples, options.vocab_size)?;
    let tokenizer = Tokenizer::from_vocab(
        (vocab.join("\n") + "\n").as_bytes(),
        TokenizerConfig::default(),
    )?;
    let config = ModelConfig {
        vocab_size: vocab.len(),
        ..options.model.clone()
    };
    let texts = training_texts(&examples, &tokenizer, config.max_position_embeddings)?;
    let unknown = tokenizer.id(crate::text::vocab::UNK).unwrap_or_default();

    let model = DistilBert::new(config.clone(), options.seed, DType::F32, &device)?;
    let parameters = model.parameters();
    let count = parameters.iter().map(|(_, var)| var.elem_count()).sum();
    let mut optimizer = AdamW::new(parameters, options.adamw);

    std::fs::create_dir_all(&options.work).map_err(TrainError::write(&options.work))?;
    let checkpoint_path = options.work.join("checkpoint.safetensors");
    let fingerprint = options.fingerprint();
    let mut state = if options.resume && checkpoint_path.exists() {
        Checkpoint::load(&checkpoint_path, &fingerprint, &mut optimizer)?
    } else {
        Checkpoint {
            fingerprint,
            step: 0,
            optimizer_steps: 0,
            best: None,
            seconds: 0.0,
            epoch_loss: 0.0,
        }
    };

    let per_epoch = texts.len().div_ceil(options.batch_size);
    let total = per_epoch * options.epochs;
    let outcome = |state: &Checkpoint| Outcome {
        finished: state.step == total,
        best: state.best,
        seconds: state.seconds,
        model: options.work.join("model"),
    };
    observer.start(state.step, total, count);
    let (begin, seconds_before) = (Instant::now(), state.seconds);
    while state.step < total {
        let epoch = state.step / per_epoch;
        let batches = Batches::new(
            &texts,
            options.batch_size,
            options.word_dropout,
            unknown,
            options.seed,
            epoch,
        );
        for in_epoch in state.step % per_epoch..per_epoch {
            let learning_rate = options.learning_rate_at(state.step, total);
            let batch = batches.get(in_epoch, &device)?;
            let seed = stream(options.seed, &[1, state.step as u64]);
            let loss = model.loss(&batch, Dropout::Seeded(seed))?;
            let value = loss.to_scalar::<f32>()?;
            if !value.is_finite() {
                return Err(TrainError::Diverged {
                    step: state.step,
                    loss: value,
                });
            }
            let grad_norm = optimizer.step(&loss.backward()?, learning_rate)?;
            state.step += 1;
            state.optimizer_steps = optimizer.steps();
            state.epoch_loss += f64::from(value);
            state.seconds = seconds_before + begin.elapsed().as_secs_f64();
            let report = Step {
                step: state.step,
                epoch,
                loss: value,
                grad_norm,
                learning_rate,
            };
            let last = state.step % per_epoch == 0;
            let stop = observer.step(&report).is_break() && !last;
            if stop || (state.step.is_multiple_of(options.checkpoint_every) && !last) {
                state.save(&checkpoint_path, &optimizer)?;
            }
            if stop {
                return Ok(outcome(&state));
            }
        }
        let dev_accuracy = accuracy(&model, &tokenizer, &dev, &device)?;
        let best = state
            .best
            .is_none_or(|(accuracy, _)| dev_accuracy > accuracy);
        if best {
            state.best = Some((dev_accuracy, epoch));
            export(
                &options.work.join("model"),
                &config,
                &weights(&optimizer)?,
                &vocab,
                &tokenizer,
            )?;
        }
        let train_loss = state.epoch_loss / per_epoch as f64;
        observer.epoch(&Evaluation {
            epoch,
            train_loss,
            dev_accuracy,
            best,
        });
        state.epoch_loss = 0.0;
        state.seconds = seconds_before + begin.elapsed().as_secs_f64();
        state.save(&checkpoint_path, &optimizer)?;
    }
    Ok(outcome(&state))
}

#[cfg(test)]
#[path = "sst2_tests.rs"]
mod tests;
