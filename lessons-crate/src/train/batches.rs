//! Batches without padding: the sequences of a batch lie one after another.
//!
//! All layers but attention work on single tokens, and attention is told where each sequence
//! begins, so a batch of short phrases and long sentences wastes nothing.

use candle_core::{Device, Tensor};

use super::TrainError;
use super::random::{Random, stream};

/// Tokenized texts laid one after another.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Token ids of all sequences, `[tokens]`, u32.
    pub ids: Tensor,
    /// Position of each token in its sequence, `[tokens]`, u32.
    pub positions: Tensor,
    /// Where each sequence begins, and where the last one ends: `sequences + 1` numbers.
    pub starts: Vec<usize>,
    /// Class of each sequence, `[sequences]`, u32.
    pub labels: Tensor,
}

impl Batch {
    /// Lays sequences one after another.
    ///
    /// # Errors
    /// There is no sequence, one is empty, or the device has no memory left.
    pub fn new<'a>(
        sequences: impl IntoIterator<Item = (&'a [u32], u32)>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let (mut ids, mut positions, mut labels, mut starts) = (vec![], vec![], vec![], vec![0]);
        for (sequence, label) in sequences {
            if sequence.is_empty() {
                return Err(TrainError::Config(format!(
                    "sequence {} of the batch is empty; it needs at least [CLS] and [SEP]",
                    labels.len()
                )));
            }
            ids.extend_from_slice(sequence);
            positions.extend(0..sequence.len() as u32);
            labels.push(label);
            starts.push(ids.len());
        }
        if labels.is_empty() {
            return Err(TrainError::Config(
                "a batch needs at least one sequence".to_owned(),
            ));
        }
        Ok(Self {
            ids: Tensor::new(ids, device)?,
            positions: Tensor::new(positions, device)?,
            labels: Tensor::new(labels, device)?,
            starts,
        })
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of tokens of all sequences together.
    pub fn tokens(&self) -> usize {
        self.starts[self.sequences()]
    }
}

/// A text in the forms that training chooses from.
pub(super) struct TrainingText {
    pub label: u32,
    /// Ids of the text; of its form with contractions joined, if that is another one.
    pub forms: Vec<Vec<u32>>,
}

/// The batches of one epoch: every text once, in an order drawn from the seed and the epoch.
/// `get(step)` needs no earlier step, so a run resumes anywhere.
pub struct Batches<'a> {
    texts: &'a [TrainingText],
    order: Vec<usize>,
    batch_size: usize,
    word_dropout: f64,
    unknown: u32,
    seed: u64,
}

impl<'a> Batches<'a> {
    /// Draws the order of an epoch. `unknown` is the id that replaces a dropped token.
    pub(super) fn new(
        texts: &'a [TrainingText],
        batch_size: usize,
        word_dropout: f64,
        unknown: u32,
        seed: u64,
        epoch: usize,
    ) -> Self {
        let seed = stream(seed, &[0, epoch as u64]);
        let mut order: Vec<usize> = (0..texts.len()).collect();
        Random::new(stream(seed, &[0])).shuffle(&mut order);
        Self {
            texts,
            order,
            batch_size,
            word_dropout,
            unknown,
            seed,
        }
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.batch_size)
    }

    /// Whether there is no batch.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The batch of a step of this epoch, tokens dropped and forms chosen by chance.
    ///
    /// # Errors
    /// `step` is not below [`Batches::len`], or the device has no memory left.
    pub fn get(&self, step: usize, device: &Device) -> Result<Batch, TrainError> {
        let mut random = Random::new(stream(self.seed, &[1, step as u64]));
        let begin = (step * self.batch_size).min(self.order.len());
        let end = (begin + self.batch_size).min(self.order.len());
        let sequences: Vec<(Vec<u32>, u32)> = self.order[begin..end]
            .iter()
            .map(|&index| {
                let text = &self.texts[index];
                let form = random.below(text.forms.len() as u64) as usize;
                let mut ids = text.forms[form].clone();
                // [CLS] and [SEP] stay.
                let last = ids.len() - 1;
                for id in &mut ids[1..last] {
                    if random.uniform() < self.word_dropout {
                        *id = self.unknown;
                    }
                }
                (ids, text.label)
            })
            .collect();
        Batch::new(
            sequences
                .iter()
                .map(|(ids, label)| (ids.as_slice(), *label)),
            device,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(count: u32) -> Vec<TrainingText> {
        (0..count)
            .map(|i| TrainingText {
                label: i % 2,
                forms: vec![vec![2, 10 + i, 3]],
            })
            .collect()
    }

    #[test]
    fn an_epoch_holds_every_text_once_and_epochs_differ() {
        let texts = texts(23);
        let epoch = |epoch| {
            let batches = Batches::new(&texts, 5, 0.0, 1, 9, epoch);
            assert_eq!(batches.len(), 5);
            (0..batches.len())
                .flat_map(|step| {
                    let batch = batches.get(step, &Device::Cpu).unwrap();
                    batch
                        .ids
                        .to_vec1::<u32>()
                        .unwrap()
                        .chunks(3)
                        .map(|ids| ids[1])
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<u32>>()
        };
        let (first, second) = (epoch(0), epoch(1));
        assert_eq!(first, epoch(0));
        assert_ne!(first, second);
        for mut order in [first, second] {
            order.sort_unstable();
            assert_eq!(order, (10..33).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn dropped_tokens_become_unknown_and_the_frame_stays() {
        let texts = vec![TrainingText {
            label: 0,
            forms: vec![[vec![2], vec![7; 1000], vec![3]].concat()],
        }];
        let batch = Batches::new(&texts, 1, 0.3, 1, 0, 0)
            .get(0, &Device::Cpu)
            .unwrap();
        let ids = batch.ids.to_vec1::<u32>().unwrap();
        assert_eq!((ids[0], ids[1001]), (2, 3));
        let dropped = ids.iter().filter(|&&id| id == 1).count();
        assert!((250..350).contains(&dropped), "{dropped}");
        assert_eq!(ids.iter().filter(|&&id| id == 7).count() + dropped, 1000);
    }
}
