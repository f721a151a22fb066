//! The recipe of the model that ships with the library: vocabulary, batches, steps, evaluation.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use candle_core::{DType, Device};

use super::batches::TrainingText;
use super::checkpoint::weights;
use super::random::stream;
use super::{
    AdamW, Batches, Checkpoint, DistilBert, Dropout, Evaluation, Example, ModelConfig, Observer,
    Outcome, Sst2Options, Step, TrainError, accuracy, export, join_contractions, read_examples,
};
use crate::interrupt::check_point;
use crate::text::wordpiece::{VocabOptions, learn_vocab};
use crate::text::{Tokenizer, TokenizerConfig, vocab};

fn read(path: &Path, limit: Option<usize>) -> Result<Vec<Example>, TrainError> {
    let mut examples = read_examples(path)?;
    examples.truncate(limit.unwrap_or(usize::MAX));
    Ok(examples)
}

/// Learns the vocabulary of the texts.
fn vocabulary(examples: &[Example], size: usize) -> Result<Vec<String>, TrainError> {
    let frame = vocab::SPECIAL_TOKENS.join("\n");
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

    let tokens = vocabulary(&examples, options.vocab_size)?;
    let tokenizer = Tokenizer::from_vocab(
        (tokens.join("\n") + "\n").as_bytes(),
        TokenizerConfig::default(),
    )?;
    let config = ModelConfig {
        vocab_size: tokens.len(),
        ..options.model.clone()
    };
    let texts = training_texts(&examples, &tokenizer, config.max_position_embeddings)?;
    let unknown = tokenizer.id(vocab::UNK).unwrap_or_default();

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
    let mut stop = false;
    while state.step < total && !stop {
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
            check_point();
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
            stop = observer.step(&report).is_break();
            if last {
                break;
            }
            if stop || state.step.is_multiple_of(options.checkpoint_every) {
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
                &tokens,
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
