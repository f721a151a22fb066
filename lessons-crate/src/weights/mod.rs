//! Named tensors: read from files, checked against graphs.

mod check;
mod dtypes;
mod error;
mod file;
mod for_graph;
mod listing;
mod safetensors;
mod weight;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use check::Check;
pub use dtypes::to_candle;
pub use error::WeightsError;
pub(crate) use for_graph::ForGraph;
pub use listing::{Listing, TensorInfo};
pub use weight::Weight;

use crate::graph::Graph;
use crate::nearest::nearest;

/// Tensors by name, as a weights file holds them.
///
/// ```
/// use lessons::prelude::*;
///
/// let mut weights = Weights::new();
/// weights.insert("fc.weight", Tensor::new(&[[1f32, 2.0]], &Cpu)?);
/// assert_eq!(weights.get("fc.weight")?.dims(), [1, 2]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Weight>,
}

impl Weights {
    /// No weights at all, for graphs without any.
    pub fn new() -> Weights {
        Weights::default()
    }

    /// Opens a weights file. Its format is told by its content; safetensors is known.
    ///
    /// Only the header is read, and checked against the file's length: a tensor is read when it is asked
    /// for, and a model's are when it is loaded. So a set of weights takes no memory beside the model's.
    /// The file has to stay as it is meanwhile: one that has changed is an error.
    ///
    /// # Errors
    /// When the file cannot be read, or its header is not what its length allows.
    pub fn open(path: impl AsRef<Path>) -> crate::Result<Weights> {
        Ok(safetensors::open(path.as_ref())?)
    }

    /// Reads a weights file that is in memory.
    ///
    /// # Errors
    /// When the content is not what its header says.
    pub fn from_bytes(bytes: &[u8]) -> crate::Result<Weights> {
        Ok(safetensors::read(bytes)?)
    }

    /// Writes the weights as a safetensors file. It takes its place when it is whole, also that of the
    /// file that these weights are read from.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> crate::Result<()> {
        let path = path.as_ref();
        let unwritable = |error: &dyn std::fmt::Display| {
            WeightsError::new(format!("{} cannot be written: {error}", path.display()))
        };
        let mut tensors = HashMap::new();
        for (name, weight) in self.iter() {
            tensors.insert(name, weight.tensor()?);
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let whole = tempfile::Builder::new()
            .prefix(".weights-")
            .make_in(folder, |path| {
                candle_core::safetensors::save(&tensors, path).map_err(std::io::Error::other)
            })
            .map_err(|error| unwritable(&error))?;
        whole.persist(path).map_err(|error| unwritable(&error))?;
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

    /// Puts a tensor in, in the place of one that has its name.
    pub fn insert(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor.into());
    }

    /// A tensor by its name. One of a file is read now.
    ///
    /// # Errors
    /// When there is none of this name, or its file cannot be read.
    pub fn get(&self, name: &str) -> crate::Result<Tensor> {
        match self.tensors.get(name) {
            Some(weight) => Ok(weight.tensor()?),
            None => Err(self.unknown(name).into()),
        }
    }

    fn unknown(&self, name: &str) -> WeightsError {
        let error = WeightsError::new(format!("there is no `{name}` among these weights"));
        match nearest(name, self.tensors.keys().map(String::as_str)) {
            Some(like) => error.help(format!("did you mean `{like}`?")),
            None => error.help("`weights.iter()` has all names"),
        }
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Option<Weight> {
        self.tensors.remove(name)
    }

    /// All tensors, sorted by name. Nothing is read from files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Weight)> {
        let tensors = self.tensors.iter();
        tensors.map(|(name, weight)| (name.as_str(), weight))
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
}

impl<N: Into<String>> FromIterator<(N, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(tensors: I) -> Weights {
        Weights {
            tensors: tensors
                .into_iter()
                .map(|(name, tensor)| (name.into(), tensor.into()))
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
