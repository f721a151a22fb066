//! DistilBERT for sequence classification (Sanh et al., 2019) with trainable weights.
//!
//! Embeddings and positions, normalized; layers of attention and feed-forward, each followed by a
//! residual sum and a normalization; the first token's state through a ReLU layer to the classes.
//! Names and shapes are those of Hugging Face, so a trained model needs no conversion.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};

use super::ops::{Attention, Mask, attention, dropout, gelu, layer_norm, linear};
use super::random::{Random, stream};
use super::{Batch, ModelConfig, TrainError};

const EPS: f64 = 1e-12;

/// Whether and with which seed a forward pass drops activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropout {
    /// Evaluation: everything is kept.
    Off,
    /// Training: masks drawn from this seed.
    Seeded(u64),
}

/// The weights of a DistilBERT classifier, ready for gradients.
pub struct DistilBert {
    config: ModelConfig,
    vars: HashMap<String, Var>,
}

impl DistilBert {
    /// A model with initial weights drawn from the seed: normal with the configuration's standard
    /// deviation, biases 0, normalization weights 1, the padding token's embedding 0.
    ///
    /// # Errors
    /// A configuration that cannot work.
    pub fn new(
        config: ModelConfig,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Result<Self, TrainError> {
        config.check()?;
        let mut vars = HashMap::new();
        for (index, (name, shape)) in config.parameters().into_iter().enumerate() {
            let count: usize = shape.iter().product();
            let mut random = Random::new(stream(seed, &[2, index as u64]));
            let mut data: Vec<f32> = if shape.len() > 1 {
                (0..count)
                    .map(|_| (random.normal() * config.initializer_range) as f32)
                    .collect()
            } else if name.to_lowercase().contains("norm.weight") {
                vec![1.0; count]
            } else {
                vec![0.0; count]
            };
            if name.ends_with("word_embeddings.weight") {
                let row = config.pad_token_id as usize * config.dim;
                data.iter_mut()
                    .skip(row)
                    .take(config.dim)
                    .for_each(|value| *value = 0.0);
            }
            let tensor = Tensor::from_vec(data, shape, device)?.to_dtype(dtype)?;
            vars.insert(name, Var::from_tensor(&tensor)?);
        }
        Ok(Self { config, vars })
    }

    /// A model with given weights.
    ///
    /// # Errors
    /// A weight is missing, not expected, or of another shape; all are listed.
    pub fn from_tensors(
        config: ModelConfig,
        mut tensors: HashMap<String, Tensor>,
    ) -> Result<Self, TrainError> {
        config.check()?;
        let mut wrong = Vec::new();
        let mut vars = HashMap::new();
        for (name, shape) in config.parameters() {
            match tensors.remove(&name) {
                None => wrong.push(format!("{name} is missing")),
                Some(tensor) if tensor.dims() != shape => {
                    wrong.push(format!("{name} is {:?}, not {shape:?}", tensor.dims()));
                }
                Some(tensor) => {
                    vars.insert(name, Var::from_tensor(&tensor)?);
                }
            }
        }
        let mut unexpected: Vec<_> = tensors
            .into_keys()
            .map(|name| format!("{name} is not expected"))
            .collect();
        unexpected.sort();
        wrong.extend(unexpected);
        if wrong.is_empty() {
            Ok(Self { config, vars })
        } else {
            Err(TrainError::Config(format!(
                "the weights do not fit the configuration: {}",
                wrong.join("; ")
            )))
        }
    }

    /// Opens the `config.json` and `model.safetensors` of a directory.
    ///
    /// # Errors
    /// A file is missing or not what its name says, or the weights do not fit the configuration.
    pub fn open(dir: &Path, device: &Device) -> Result<Self, TrainError> {
        let path = dir.join("config.json");
        let bytes = std::fs::read(&path).map_err(TrainError::read(&path))?;
        let config = serde_json::from_slice(&bytes)
            .map_err(|error| TrainError::Config(format!("{}: {error}", path.display())))?;
        let tensors = candle_core::safetensors::load(dir.join("model.safetensors"), device)?;
        Self::from_tensors(config, tensors)
    }

    /// The model's shape.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// All parameters in the order of the forward pass.
    pub fn parameters(&self) -> Vec<(String, Var)> {
        let named = |(name, _)| {
            let var = self.vars[&name].clone();
            (name, var)
        };
        self.config.parameters().into_iter().map(named).collect()
    }

    fn get(&self, name: &str) -> &Tensor {
        self.vars[name].as_tensor()
    }

    fn linear(&self, name: &str, x: &Tensor) -> candle_core::Result<Tensor> {
        linear(
            x,
            self.get(&format!("{name}.weight")),
            self.get(&format!("{name}.bias")),
        )
    }

    fn norm(&self, name: &str, x: &Tensor) -> candle_core::Result<Tensor> {
        layer_norm(
            x,
            self.get(&format!("{name}.weight")),
            self.get(&format!("{name}.bias")),
            EPS,
        )
    }

    /// The logits of each sequence, `[sequences, classes]`.
    ///
    /// # Errors
    /// A token id outside the vocabulary, or a sequence longer than the positions.
    pub fn forward(&self, batch: &Batch, mode: Dropout) -> Result<Tensor, TrainError> {
        let longest = batch
            .starts
            .windows(2)
            .map(|w| w[1] - w[0])
            .max()
            .unwrap_or(0);
        if longest > self.config.max_position_embeddings {
            return Err(TrainError::Config(format!(
                "a sequence of {longest} tokens, but the model has {} positions",
                self.config.max_position_embeddings
            )));
        }
        let drop = |x: &Tensor, p: f64, place: [u64; 2]| match mode {
            Dropout::Off => Ok(x.clone()),
            Dropout::Seeded(seed) => dropout(x, Mask::new(stream(seed, &place), p)),
        };
        let p = self.config.dropout;

        let words = self
            .get("distilbert.embeddings.word_embeddings.weight")
            .index_select(&batch.ids, 0)?;
        let positions = self
            .get("distilbert.embeddings.position_embeddings.weight")
            .index_select(&batch.positions, 0)?;
        let sum = (words + positions)?;
        let mut x = drop(
            &self.norm("distilbert.embeddings.LayerNorm", &sum)?,
            p,
            [0, 0],
        )?;

        for index in 0..self.config.n_layers {
            let layer = format!("distilbert.transformer.layer.{index}");
            let place = index as u64 + 1;
            let [q, k, v] = ["q_lin", "k_lin", "v_lin"]
                .map(|name| self.linear(&format!("{layer}.attention.{name}"), &x));
            let (seed, p_attention) = match mode {
                Dropout::Off => (0, 0.0),
                Dropout::Seeded(seed) => (stream(seed, &[place, 0]), self.config.attention_dropout),
            };
            let options = Attention {
                starts: batch.starts.clone(),
                heads: self.config.n_heads,
                seed,
                dropout: p_attention,
            };
            let context = attention(&q?, &k?, &v?, options)?;
            let attended = self.linear(&format!("{layer}.attention.out_lin"), &context)?;
            let x1 = self.norm(&format!("{layer}.sa_layer_norm"), &(attended + &x)?)?;
            let inner = gelu(&self.linear(&format!("{layer}.ffn.lin1"), &x1)?)?;
            let outer = drop(
                &self.linear(&format!("{layer}.ffn.lin2"), &inner)?,
                p,
                [place, 1],
            )?;
            x = self.norm(&format!("{layer}.output_layer_norm"), &(outer + &x1)?)?;
        }

        let firsts: Vec<u32> = batch.starts[..batch.sequences()]
            .iter()
            .map(|&start| start as u32)
            .collect();
        let first = x.index_select(&Tensor::new(firsts, x.device())?, 0)?;
        let hidden = self.linear("pre_classifier", &first)?.relu()?;
        let place = self.config.n_layers as u64 + 1;
        let hidden = drop(&hidden, self.config.seq_classif_dropout, [place, 0])?;
        Ok(self.linear("classifier", &hidden)?)
    }

    /// The mean cross-entropy of the batch's labels, a scalar.
    ///
    /// # Errors
    /// As for [`DistilBert::forward`].
    pub fn loss(&self, batch: &Batch, mode: Dropout) -> Result<Tensor, TrainError> {
        Ok(candle_nn::loss::cross_entropy(
            &self.forward(batch, mode)?,
            &batch.labels,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny(dtype: DType) -> (DistilBert, Batch) {
        let mut config = ModelConfig::small(12);
        (
            config.dim,
            config.hidden_dim,
            config.n_heads,
            config.max_position_embeddings,
        ) = (8, 12, 2, 10);
        config.initializer_range = 0.5;
        let model = DistilBert::new(config, 5, dtype, &Device::Cpu).unwrap();
        let sequences: [(&[u32], u32); 3] =
            [(&[2, 5, 6, 3], 1), (&[2, 3], 0), (&[2, 7, 5, 5, 11, 3], 0)];
        (model, Batch::new(sequences, &Device::Cpu).unwrap())
    }

    /// Central differences in f64 through the composed ops, dropout included. The tolerance is that
    /// of the derivative of candle's `gelu_erf`, whose constants have six digits.
    #[test]
    fn gradients_are_those_of_finite_differences() {
        let (model, batch) = tiny(DType::F64);
        let loss = || {
            model
                .loss(&batch, Dropout::Seeded(3))
                .unwrap()
                .to_dtype(DType::F64)
                .unwrap()
                .to_scalar::<f64>()
                .unwrap()
        };
        let grads = model
            .loss(&batch, Dropout::Seeded(3))
            .unwrap()
            .backward()
            .unwrap();
        let step = 1e-5;
        for (name, var) in model.parameters() {
            let grad = grads
                .get(&var)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f64>()
                .unwrap();
            let start = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let count = start.len();
            for index in [0, count / 3, count / 2, count - 1] {
                let moved = |by: f64| {
                    let mut values = start.clone();
                    values[index] += by;
                    var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap())
                        .unwrap();
                    loss()
                };
                let difference = (moved(step) - moved(-step)) / (2.0 * step);
                moved(0.0);
                let error = (difference - grad[index]).abs();
                assert!(
                    error < 1e-6 + 1e-5 * difference.abs(),
                    "{name}[{index}]: {} vs {difference}",
                    grad[index]
                );
            }
        }
    }

    /// The fused loops in f32 against the composed ops in f64, through the whole model.
    #[test]
    fn fused_and_composed_models_agree() {
        let (fused, batch) = tiny(DType::F32);
        let (composed, _) = tiny(DType::F64);
        for mode in [Dropout::Off, Dropout::Seeded(8)] {
            let (ours, theirs) = (
                fused.loss(&batch, mode).unwrap(),
                composed.loss(&batch, mode).unwrap(),
            );
            let (grads, expected) = (ours.backward().unwrap(), theirs.backward().unwrap());
            let theirs = theirs.to_scalar::<f64>().unwrap();
            assert!((f64::from(ours.to_scalar::<f32>().unwrap()) - theirs).abs() < 1e-5);
            for ((name, ours), (_, theirs)) in
                fused.parameters().into_iter().zip(composed.parameters())
            {
                let ours = grads.get(&ours).unwrap().to_dtype(DType::F64).unwrap();
                let worst = (ours - expected.get(&theirs).unwrap())
                    .unwrap()
                    .abs()
                    .unwrap();
                let worst = worst
                    .flatten_all()
                    .unwrap()
                    .max(0)
                    .unwrap()
                    .to_scalar::<f64>()
                    .unwrap();
                assert!(worst < 1e-5, "{name}: {worst}");
            }
        }
    }

    #[test]
    fn sequences_longer_than_the_positions_are_refused() {
        let (model, _) = tiny(DType::F32);
        let long = vec![2u32; 11];
        let batch = Batch::new([(long.as_slice(), 0)], &Device::Cpu).unwrap();
        let message = model.forward(&batch, Dropout::Off).unwrap_err().to_string();
        assert!(
            message.contains("11 tokens") && message.contains("10 positions"),
            "{message}"
        );
    }
}
