//! Evaluation of a trained model.

use candle_core::Device;

use super::{Batch, DistilBert, Dropout, Example, TrainError};
use crate::interrupt::check_point;
use crate::text::Tokenizer;

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
        check_point();
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

#[cfg(test)]
#[path = "shipped_tests.rs"]
mod tests;
