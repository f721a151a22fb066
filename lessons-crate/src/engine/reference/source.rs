//! Constants and ranges.

use candle_core::{DType, Tensor};

use super::Context;
use crate::engine::error::RunError;
use crate::graph::ops::{Constant, Values};

pub fn constant(op: &Constant, context: &Context<'_>) -> Result<Tensor, RunError> {
    let shape = op.shape.as_slice();
    let tensor = match &op.values {
        Values::Floats(values) => Tensor::from_slice(values, shape, context.device)?,
        Values::Ints(values) => Tensor::from_slice(values, shape, context.device)?,
    };
    Ok(tensor.to_dtype(context.dtype(op.dtype))?)
}

pub fn range(end: usize, context: &Context<'_>) -> Result<Tensor, RunError> {
    let end =
        i64::try_from(end).map_err(|_| RunError::new(format!("{end} does not fit an i64")))?;
    Ok(
        Tensor::from_vec((0..end).collect::<Vec<i64>>(), end as usize, context.device)?
            .to_dtype(DType::I64)?,
    )
}
