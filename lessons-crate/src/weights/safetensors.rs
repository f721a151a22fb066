//! The safetensors format: an 8-byte little-endian header length, a JSON header, the data.

use candle_core::Tensor;
use safetensors::{Dtype, SafeTensors};

use super::{Weights, WeightsError};

/// Reads all tensors. Lengths, offsets, shapes and dtypes are checked before any data is touched.
pub fn read(bytes: &[u8]) -> Result<Weights, WeightsError> {
    check_length(bytes)?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        WeightsError::new(format!(
            "this safetensors file is damaged: {}",
            explain(&error)
        ))
        .help("get the file again; `sha256sum` shows whether it came whole")
    })?;
    let mut weights = Weights::new();
    for (name, view) in file.tensors() {
        weights.insert(&name, tensor(&name, &view)?);
    }
    Ok(weights)
}

/// Says what is wrong with the header's length before the reader says only that something is.
fn check_length(bytes: &[u8]) -> Result<(), WeightsError> {
    let total = bytes.len();
    let Some(prefix) = bytes.first_chunk::<8>() else {
        return Err(WeightsError::new(format!(
            "the file has {total} bytes, and a safetensors file has at least 8"
        )));
    };
    let header = u64::from_le_bytes(*prefix);
    if header > total as u64 - 8 {
        return Err(WeightsError::new(format!(
            "the header says it is {header} bytes long, and the file has only {} after it: it is cut short, or no safetensors file",
            total - 8
        ))
        .help("get the file again; of the formats for weights only safetensors is read"));
    }
    Ok(())
}

fn explain(error: &safetensors::SafeTensorError) -> String {
    use safetensors::SafeTensorError as E;
    match error {
        E::InvalidHeader(_) | E::InvalidHeaderDeserialization(_) => {
            format!("its header is not the JSON that the format asks for ({error})")
        }
        E::MetadataIncompleteBuffer => "the tensors in its header do not cover its data exactly: it is cut short, or its offsets are wrong".to_owned(),
        E::InvalidOffset(name) => format!("the offsets of `{name}` overlap another tensor or leave a gap"),
        E::TensorInvalidInfo => "a tensor's shape, dtype and offsets contradict each other".to_owned(),
        E::ValidationOverflow => "a tensor's shape has more elements than a number can hold".to_owned(),
        other => other.to_string(),
    }
}

fn tensor(name: &str, view: &safetensors::tensor::TensorView<'_>) -> Result<Tensor, WeightsError> {
    // candle has no bool: a byte of 0 or 1 is its u8.
    let dtype = match view.dtype() {
        Dtype::BOOL => candle_core::DType::U8,
        dtype => candle_core::DType::try_from(dtype).map_err(|_| {
            WeightsError::new(format!("`{name}` holds {dtype:?}, which is not supported"))
        })?,
    };
    Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &candle_core::Device::Cpu)
        .map_err(|error| WeightsError::new(format!("`{name}` cannot be read: {error}")))
}
