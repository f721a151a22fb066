//! A training run on disk: weights, optimizer memory and progress in one safetensors file.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{AdamW, TrainError};

/// Where a run stands; everything else is a function of its options and seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What the run was started with; a run with other options cannot go on from here.
    pub fingerprint: String,
    /// Steps done.
    pub step: usize,
    /// Optimizer steps done.
    pub optimizer_steps: i32,
    /// Best dev accuracy so far, from 0 to 1, and the epoch (from 0) that reached it.
    pub best: Option<(f64, usize)>,
    /// Seconds spent.
    pub seconds: f64,
    /// Sum of the losses of this epoch so far.
    pub epoch_loss: f64,
}

/// A tensor to be written: name, shape and little-endian f32 bytes.
pub(super) type F32Bytes = (String, Vec<usize>, Vec<u8>);

const KEY: &str = "checkpoint";

impl Checkpoint {
    /// Writes the state of a run; the file is there whole or not at all.
    pub(super) fn save(&self, path: &Path, optimizer: &AdamW) -> Result<(), TrainError> {
        let mut data: Vec<F32Bytes> = Vec::new();
        for slot in optimizer.slots() {
            let values = slot.var.flatten_all()?.to_vec1::<f32>()?;
            let shape = slot.var.dims().to_vec();
            data.push((slot.name.clone(), shape.clone(), to_bytes(&values)));
            data.push((
                format!("mean.{}", slot.name),
                shape.clone(),
                to_bytes(&slot.mean),
            ));
            data.push((
                format!("square.{}", slot.name),
                shape,
                to_bytes(&slot.square),
            ));
        }
        let progress = serde_json::to_string(self).map_err(|error| damaged(path, error))?;
        write_safetensors(path, &data, HashMap::from([(KEY.to_owned(), progress)]))
    }

    /// Reads a state back into the optimizer's parameters and memory.
    pub(super) fn load(
        path: &Path,
        fingerprint: &str,
        optimizer: &mut AdamW,
    ) -> Result<Self, TrainError> {
        let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
        let (_, header) =
            SafeTensors::read_metadata(&bytes).map_err(|error| damaged(path, error))?;
        let progress = header
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get(KEY));
        let progress =
            progress.ok_or_else(|| damaged(path, "it is not a checkpoint of a training run"))?;
        let checkpoint: Self =
            serde_json::from_str(progress).map_err(|error| damaged(path, error))?;
        if checkpoint.fingerprint != fingerprint {
            return Err(damaged(
                path,
                format!(
                    "it was made by a run with other options ({}); this run has ({fingerprint})",
                    checkpoint.fingerprint
                ),
            ));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(path, error))?;
        let mut state = HashMap::new();
        for slot in optimizer.slots() {
            let mut parts = Vec::new();
            for prefix in ["", "mean.", "square."] {
                let name = format!("{prefix}{}", slot.name);
                let view = tensors
                    .tensor(&name)
                    .map_err(|error| damaged(path, error))?;
                if view.dtype() != Dtype::F32 || view.shape() != slot.var.dims() {
                    return Err(damaged(
                        path,
                        format!("{name} is {:?} {:?}", view.dtype(), view.shape()),
                    ));
                }
                parts.push(from_bytes(view.data()));
            }
            slot.var.set(
                &Tensor::from_slice(&parts[0], slot.var.shape(), &Device::Cpu)?
                    .to_device(slot.var.device())?,
            )?;
            state.insert(
                slot.name.clone(),
                (std::mem::take(&mut parts[1]), std::mem::take(&mut parts[2])),
            );
        }
        optimizer.restore(checkpoint.optimizer_steps, |name| {
            state.remove(name).unwrap_or_default()
        });
        Ok(checkpoint)
    }
}

fn damaged(path: &Path, detail: impl ToString) -> TrainError {
    TrainError::Checkpoint {
        path: path.to_owned(),
        detail: detail.to_string(),
    }
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

/// Writes f32 tensors to a file beside `path`, then puts it in its place.
pub(super) fn write_safetensors(
    path: &Path,
    data: &[F32Bytes],
    metadata: HashMap<String, String>,
) -> Result<(), TrainError> {
    let views = data
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F32, shape.clone(), bytes)?,
            ))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| damaged(path, error))?;
    let bytes =
        safetensors::serialize(views, Some(metadata)).map_err(|error| damaged(path, error))?;
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(TrainError::write(&partial))?;
    std::fs::rename(&partial, path).map_err(TrainError::write(path))
}

/// The weights alone, as f32 bytes.
pub(super) fn weights(optimizer: &AdamW) -> Result<Vec<F32Bytes>, TrainError> {
    optimizer
        .slots()
        .iter()
        .map(|slot| {
            let values = slot.var.flatten_all()?.to_vec1::<f32>()?;
            Ok((
                slot.name.clone(),
                slot.var.dims().to_vec(),
                to_bytes(&values),
            ))
        })
        .collect()
}
