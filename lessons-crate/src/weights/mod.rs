//! Named tensors: read from files, checked against graphs.

mod check;
mod dtypes;
mod error;
mod listing;
mod safetensors;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use check::Check;
pub use dtypes::to_candle;
pub use error::WeightsError;
pub use listing::{Listing, TensorInfo};

use crate::graph::{Graph, NodeId};

/// Tensors by name, as a weights file holds them.
///
/// ```
/// use lessons::prelude::*;
///
/// let mut weights = Weights::new();
/// weights.insert("fc.weight", Tensor::new(&[[1f32, 2.0]], &Cpu)?);
/// assert_eq!(weights.get("fc.weight").unwrap().dims(), [1, 2]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// No weights at all, for graphs without any.
    pub fn new() -> Weights {
        Weights::default()
    }

    /// Reads a weights file. Its format is told by its content; safetensors is known.
    ///
    /// The file is copied into memory, so that one that changes or is cut short later can do no
    /// harm.
    ///
    /// # Errors
    /// When the file cannot be read, or its content is not what its header says.
    pub fn open(path: impl AsRef<Path>) -> crate::Result<Weights> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| WeightsError::unreadable(path, &error))?;
        Ok(safetensors::read(&bytes).map_err(|error| error.of(path.display()))?)
    }

    /// Reads a weights file that is in memory.
    ///
    /// # Errors
    /// When the content is not what its header says.
    pub fn from_bytes(bytes: &[u8]) -> crate::Result<Weights> {
        Ok(safetensors::read(bytes)?)
    }

    /// Writes the weights as a safetensors file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> crate::Result<()> {
        let tensors: HashMap<String, Tensor> = self.tensors.clone().into_iter().collect();
        candle_core::safetensors::save(&tensors, path.as_ref())
            .map_err(|error| WeightsError::new(format!("{}: {error}", path.as_ref().display())))?;
        Ok(())
    }

    /// Random weights for a graph: floats between -1/√n and 1/√n, where n is the last dim, and
    /// zeros for other dtypes. The same seed gives the same weights on every machine.
    ///
    /// # Errors
    /// When candle cannot make a tensor.
    pub fn random(graph: &Graph, seed: u64) -> crate::Result<Weights> {
        let mut generator = StdRng::seed_from_u64(seed);
        let mut weights = Weights::new();
        for (name, node) in graph.weights() {
            let shape = node.ty.shape.known().unwrap_or_default();
            let bound = 1.0 / (shape.last().copied().unwrap_or(1).max(1) as f32).sqrt();
            let elements = shape.iter().product();
            let values: Vec<f32> = (0..elements)
                .map(|_| generator.random_range(-bound..bound))
                .collect();
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
            let tensor = if node.ty.dtype.is_float() {
                tensor
            } else {
                tensor.zeros_like()?
            };
            weights.insert(name, tensor.to_dtype(to_candle(node.ty.dtype))?);
        }
        Ok(weights)
    }

    pub fn insert(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.tensors.remove(name)
    }

    /// All tensors, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Compares the weights with what a graph declares, strictly: it must be the same set.
    ///
    /// # Errors
    /// All that is missing, unexpected, or of the wrong shape or dtype, in one list.
    pub fn check(&self, graph: &Graph) -> crate::Result<()> {
        Ok(Check::of(self, graph).strict()?)
    }

    /// The tensors that a graph asks for, on a device. Floats of another width are converted.
    pub(crate) fn for_graph(
        &self,
        graph: &Graph,
        device: &Device,
    ) -> crate::Result<HashMap<NodeId, Tensor>> {
        Check::of(self, graph).lenient()?;
        let mut tensors = HashMap::new();
        for (name, node) in graph.weights() {
            if let Some(tensor) = self.get(name) {
                let tensor = tensor
                    .to_dtype(to_candle(node.ty.dtype))?
                    .to_device(device)?;
                tensors.insert(node.id, tensor.contiguous()?);
            }
        }
        Ok(tensors)
    }
}

impl<N: Into<String>> FromIterator<(N, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(tensors: I) -> Weights {
        Weights {
            tensors: tensors
                .into_iter()
                .map(|(name, tensor)| (name.into(), tensor))
                .collect(),
        }
    }
}

impl<N: Into<String>, const COUNT: usize> From<[(N, Tensor); COUNT]> for Weights {
    fn from(tensors: [(N, Tensor); COUNT]) -> Weights {
        tensors.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
