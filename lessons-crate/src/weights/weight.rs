//! One tensor of a set of weights.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::WeightsError;
use super::file::WeightsFile;

/// A tensor in memory, or one in a file, of which nothing is read before it is asked for.
///
/// ```
/// use lessons::prelude::*;
///
/// let weights = Weights::from([("fc.weight", Tensor::new(&[[1f32, 2.0]], &Cpu)?)]);
/// let sizes = weights.iter().map(|(name, weight)| (name, weight.dims().to_vec()));
/// assert_eq!(sizes.collect::<Vec<_>>(), [("fc.weight", vec![1, 2])]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Weight(Place);

#[derive(Debug, Clone)]
enum Place {
    Memory(Tensor),
    File(Stored),
}

/// Where in a file a tensor is.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub name: Arc<str>,
    pub file: Arc<WeightsFile>,
    pub dtype: DType,
    pub dims: Vec<usize>,
    /// Of its first byte in the file.
    pub offset: u64,
    pub bytes: usize,
}

impl Weight {
    pub(super) fn stored(stored: Stored) -> Weight {
        Weight(Place::File(stored))
    }

    /// The size of each dimension.
    pub fn dims(&self) -> &[usize] {
        match &self.0 {
            Place::Memory(tensor) => tensor.dims(),
            Place::File(stored) => &stored.dims,
        }
    }

    pub fn dtype(&self) -> DType {
        match &self.0 {
            Place::Memory(tensor) => tensor.dtype(),
            Place::File(stored) => stored.dtype,
        }
    }

    /// The number of elements.
    pub fn elem_count(&self) -> usize {
        self.dims().iter().product()
    }

    /// What its elements take, in bytes.
    pub fn bytes(&self) -> usize {
        self.elem_count() * self.dtype().size_in_bytes()
    }

    /// The tensor. One in a file is read anew at each call, and kept by the caller alone.
    ///
    /// # Errors
    /// When the file cannot be read, or has changed since it was opened.
    pub fn tensor(&self) -> Result<Tensor, WeightsError> {
        match &self.0 {
            Place::Memory(tensor) => Ok(tensor.clone()),
            Place::File(stored) => stored.read(),
        }
    }
}

impl From<Tensor> for Weight {
    fn from(tensor: Tensor) -> Weight {
        Weight(Place::Memory(tensor))
    }
}

impl Stored {
    fn read(&self) -> Result<Tensor, WeightsError> {
        let dims = self.dims.as_slice();
        let tensor = match self.dtype {
            // Most weights are f32, and large: they come into their place at once.
            DType::F32 => Tensor::from_vec(
                self.file
                    .numbers(self.offset, self.bytes / size_of::<f32>())?,
                dims,
                &Device::Cpu,
            ),
            dtype => {
                let bytes = self.file.bytes(self.offset, self.bytes)?;
                Tensor::from_raw_buffer(&bytes, dtype, dims, &Device::Cpu)
            }
        };
        tensor
            .map_err(|error| WeightsError::new(format!("`{}` cannot be read: {error}", self.name)))
    }
}
