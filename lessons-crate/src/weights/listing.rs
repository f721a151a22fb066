//! What a weights file holds, read from its header alone.

use std::collections::BTreeMap;
use std::path::Path;

use ::safetensors::tensor::Metadata;
use serde::Serialize;

use super::WeightsError;
use super::file::WeightsFile;

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
    /// When the file cannot be read, or is damaged: what [`Weights::open`](super::Weights::open) says of it.
    pub fn open(path: impl AsRef<Path>) -> crate::Result<Listing> {
        let path = path.as_ref();
        let unreadable = |error: std::io::Error| WeightsError::unreadable(path, &error);
        let file = WeightsFile::open(path).map_err(unreadable)?;
        Ok(Listing::of(&file.header()?.metadata))
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

#[cfg(test)]
mod tests {
    use super::super::Weights;
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
        for (info, (name, weight)) in listed.iter().zip(read.iter()) {
            assert_eq!(
                (info.name.as_str(), info.shape.as_slice()),
                (name, weight.dims())
            );
            assert_eq!(info.dtype, weight.dtype().as_str());
            assert_eq!(info.elements(), weight.elem_count() as u64);
            assert_eq!(info.bytes, weight.bytes() as u64);
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
