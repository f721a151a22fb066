//! The safetensors format: an 8-byte little-endian header length, a JSON header, the data.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use super::file::WeightsFile;
use super::weight::{Stored, Weight};
use super::{Weights, WeightsError};

/// Bytes before the header: its length.
const PREFIX: usize = 8;

/// Headers above this are refused, as the format asks for.
const LARGEST_HEADER: u64 = 100_000_000;

/// What a file says of its tensors.
pub struct Header {
    pub metadata: Metadata,
    /// Where the data begins, in bytes from the file's beginning.
    data: u64,
}

/// Reads the header of a file or buffer of `total` bytes. Lengths, offsets, shapes and dtypes are
/// checked, so that every tensor lies within the data.
pub fn header(source: &mut impl Read, total: u64) -> Result<Header, WeightsError> {
    let length = header_length(source, total)?;
    let mut head = length.to_le_bytes().to_vec();
    let read = source.take(length).read_to_end(&mut head);
    read.map_err(|error| WeightsError::new(format!("the header cannot be read: {error}")))?;
    // It also wants the data, which is not there: by then everything else is as it should be.
    match SafeTensors::read_metadata(&head) {
        Ok(_) | Err(SafeTensorError::MetadataIncompleteBuffer) => {}
        Err(error) => return Err(damaged(&error)),
    }
    let metadata: Metadata = serde_json::from_slice(&head[PREFIX..])
        .map_err(|error| damaged(&SafeTensorError::InvalidHeaderDeserialization(error)))?;
    let data = PREFIX as u64 + length;
    match data.checked_add(metadata.data_len() as u64) == Some(total) {
        true => Ok(Header { metadata, data }),
        false => Err(damaged(&SafeTensorError::MetadataIncompleteBuffer)),
    }
}

/// Says what is wrong with the header's length before anything of that length is read.
fn header_length(source: &mut impl Read, total: u64) -> Result<u64, WeightsError> {
    let mut prefix = [0; PREFIX];
    if total < PREFIX as u64 || source.read_exact(&mut prefix).is_err() {
        return Err(WeightsError::new(format!(
            "the file has {total} bytes, and a safetensors file has at least {PREFIX}"
        )));
    }
    let (length, rest) = (u64::from_le_bytes(prefix), total - PREFIX as u64);
    if length > rest {
        return Err(WeightsError::new(format!(
            "the header says it is {length} bytes long, and the file has only {rest} after it: it is cut short, or no safetensors file",
        ))
        .help("get the file again; of the formats for weights only safetensors is read"));
    }
    match length > LARGEST_HEADER {
        true => Err(damaged(&SafeTensorError::HeaderTooLarge)),
        false => Ok(length),
    }
}

/// Opens a file, of which only the header is read now.
pub fn open(path: &Path) -> Result<Weights, WeightsError> {
    let unreadable = |error: std::io::Error| WeightsError::unreadable(path, &error);
    let file = WeightsFile::open(path).map_err(unreadable)?;
    let header = file.header()?;
    let file = Arc::new(file);
    let mut weights = Weights::new();
    for (name, info) in header.metadata.tensors() {
        let (start, end) = info.data_offsets;
        let dtype = dtype(&name, info.dtype).map_err(|error| error.of(path.display()))?;
        let stored = Stored {
            name: name.as_str().into(),
            file: Arc::clone(&file),
            dtype,
            dims: info.shape.clone(),
            offset: header.data + start as u64,
            bytes: end - start,
        };
        weights.tensors.insert(name, Weight::stored(stored));
    }
    Ok(weights)
}

/// Reads all tensors of a file that is in memory.
pub fn read(bytes: &[u8]) -> Result<Weights, WeightsError> {
    let header = header(&mut &*bytes, bytes.len() as u64)?;
    let data = bytes.get(header.data as usize..).unwrap_or_default();
    let mut weights = Weights::new();
    for (name, info) in header.metadata.tensors() {
        let tensor = tensor(&name, info, data)?;
        weights.insert(&name, tensor);
    }
    Ok(weights)
}

fn tensor(name: &str, info: &TensorInfo, data: &[u8]) -> Result<Tensor, WeightsError> {
    let dtype = dtype(name, info.dtype)?;
    let (start, end) = info.data_offsets;
    let data = data.get(start..end).unwrap_or_default();
    Tensor::from_raw_buffer(data, dtype, &info.shape, &Device::Cpu)
        .map_err(|error| WeightsError::new(format!("`{name}` cannot be read: {error}")))
}

/// candle has no bool: a byte of 0 or 1 is its u8.
fn dtype(name: &str, dtype: Dtype) -> Result<DType, WeightsError> {
    match dtype {
        Dtype::BOOL => Ok(DType::U8),
        dtype => DType::try_from(dtype).map_err(|_| {
            WeightsError::new(format!("`{name}` holds {dtype:?}, which is not supported"))
        }),
    }
}

fn damaged(error: &SafeTensorError) -> WeightsError {
    let what = format!("this safetensors file is damaged: {}", explain(error));
    WeightsError::new(what).help("get the file again; `sha256sum` shows whether it came whole")
}

fn explain(error: &SafeTensorError) -> String {
    use SafeTensorError as E;
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
