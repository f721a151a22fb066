//! A tensor's elements as plain numbers, for ops that candle lacks: wide enough for every dtype.

use candle_core::{DType, Device, Tensor};

use crate::engine::error::RunError;

/// Row-major elements: floats as `f64`, all others as `i64`.
#[derive(Debug, Clone)]
pub enum Elements {
    Floats(Vec<f64>),
    Ints(Vec<i64>),
}

impl Elements {
    /// The elements of a tensor.
    ///
    /// # Errors
    /// When they cannot be read from their device.
    pub fn of(x: &Tensor) -> Result<Elements, RunError> {
        let flat = x.to_device(&Device::Cpu)?.flatten_all()?;
        Ok(match x.dtype().is_float() {
            true => Elements::Floats(flat.to_dtype(DType::F64)?.to_vec1()?),
            false => Elements::Ints(flat.to_dtype(DType::I64)?.to_vec1()?),
        })
    }

    /// The tensor of these elements, rounded to its dtype.
    ///
    /// # Errors
    /// When they do not fill the shape.
    pub fn tensor(
        self,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor, RunError> {
        // Rounded here, since not every device has the wide dtypes.
        let tensor = match self {
            Elements::Floats(values) => Tensor::from_vec(values, shape, &Device::Cpu)?,
            Elements::Ints(values) => Tensor::from_vec(values, shape, &Device::Cpu)?,
        };
        Ok(tensor.to_dtype(dtype)?.to_device(device)?)
    }
}

/// The integers of a tensor, as indices are read.
///
/// # Errors
/// When they cannot be read from their device.
pub fn integers(x: &Tensor) -> Result<Vec<i64>, RunError> {
    let here = x.to_device(&Device::Cpu)?;
    Ok(here.flatten_all()?.to_dtype(DType::I64)?.to_vec1()?)
}
