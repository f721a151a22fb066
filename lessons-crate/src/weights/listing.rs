//! What a weights file holds, read from its header alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ::safetensors::tensor::Metadata;
use serde::Serialize;

use super::{Weights, WeightsError};

/// Headers above this are refused, as the safetensors format asks for.
const LARGEST_HEADER: u64 = 100_000_000;

/// A tensor as a file's header describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TensorInfo {
    pub name: String,
    pub shape: Vec<usize>,
    /// `f32`, `bf16`, `i64`, …; all that the format knows, also what a graph cannot hold.
    pub dtype: String,
    /// Bytes that its data takes in the file.
    pub bytes: u64,
}

impl TensorInfo {
    pub fn elements(&self) -> u64 {
        self.shape.iter().map(|dim| *dim as u64).product()
    }
}

/// The tensors of a weights file, without their data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Free text that the writer of the file left, such as the framework.
    pub metadata: BTreeMap<String, String>,
    /// Sorted by name.
    pub tensors: Vec<TensorInfo>,
}

impl Listing {
    /// Lists a weights file. However large the file is, only its header is read.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged: what [`Weights::open`] says of it.
    pub fn open(path: impl AsRef<Path>) -> crate::Result<Listing> {
        let path = path.as_ref();
        let header = header(path).map_err(|error| WeightsError::unreadable(path, &error))?;
        match header {
            Some(metadata) => Ok(Listing::of(&metadata)),
            // The reader of whole files knows best what is wrong with this one.
            None => Weights::open(path).and_then(|_| {
                let what = format!("{}: its header cannot be read", path.display());
                Err(WeightsError::new(what).into())
            }),
        }
    }

    fn of(metadata: &Metadata) -> Listing {
        let mut tensors: Vec<TensorInfo> = metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| TensorInfo {
                name,
                shape: info.shape.clone(),
                dtype: format!("{:?}", info.dtype).to_lowercase(),
                bytes: (info.data_offsets.1 - info.data_offsets.0) as u64,
            })
            .collect();
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let metadata = metadata.metadata().iter().flatten();
        Listing {
            metadata: metadata
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            tensors,
        }
    }
}

/// The header of a safetensors file, or `None` if it is damaged or does not fit the file's length.
fn header(path: &Path) -> std::io::Result<Option<Metadata>> {
    let mut file = File::open(path)?;
    let total = file.metadata()?.len();
    let mut prefix = [0; 8];
    if total < 8 {
        return Ok(None);
    }
    file.read_exact(&mut prefix)?;
    let length = u64::from_le_bytes(prefix);
    if length > LARGEST_HEADER.min(total - 8) {
        return Ok(None);
    }
    let mut json = Vec::new();
    file.take(length).read_to_end(&mut json)?;
    let metadata = serde_json::from_slice(&json).ok();
    Ok(metadata.filter(|metadata: &Metadata| 8 + length + metadata.data_len() as u64 == total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn weights() -> Weights {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        [
            ("b", tensor(&[1.0, 2.0])),
            (
                "a",
                tensor(&[3.0]).to_dtype(candle_core::DType::F16).unwrap(),
            ),
        ]
        .into()
    }

    #[test]
    fn the_listing_is_what_the_file_holds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.safetensors");
        weights().save(&path).unwrap();
        let listed = Listing::open(&path).unwrap().tensors;
        let read = Weights::open(&path).unwrap();
        assert_eq!(listed.len(), read.len());
        for (info, (name, tensor)) in listed.iter().zip(read.iter()) {
            assert_eq!(
                (info.name.as_str(), info.shape.as_slice()),
                (name, tensor.dims())
            );
            assert_eq!(info.dtype, tensor.dtype().as_str());
            assert_eq!(info.elements(), tensor.elem_count() as u64);
            assert_eq!(
                info.bytes,
                (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64
            );
        }
    }

    #[test]
    fn damage_is_told_as_the_reader_tells_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.safetensors");
        weights().save(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = Listing::open(&path).unwrap_err().to_string();
            assert_eq!(error, Weights::open(&path).unwrap_err().to_string());
        }
    }
}
