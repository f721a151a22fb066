//! Reductions.

use candle_core::{DType, Tensor};

use super::axis_in;
use crate::engine::error::RunError;
use crate::graph::ops::{Reduce, ReduceKind};

pub fn reduce(op: &Reduce, x: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let axis = axis_in(x.rank(), op.axis)?;
    if x.elem_count() == 0 {
        return empty(op, x, axis, shape);
    }
    let reduced = match op.kind {
        ReduceKind::Sum => x.sum_keepdim(axis)?,
        ReduceKind::Mean => x.mean_keepdim(axis)?,
        ReduceKind::Max => x.contiguous()?.max_keepdim(axis)?,
        ReduceKind::Min => x.contiguous()?.min_keepdim(axis)?,
        ReduceKind::ArgMax => x.contiguous()?.argmax_keepdim(axis)?.to_dtype(DType::I64)?,
    };
    Ok(reduced.reshape(shape)?)
}

/// Sums of nothing are 0; there is no largest element of nothing.
fn empty(op: &Reduce, x: &Tensor, axis: usize, shape: &[usize]) -> Result<Tensor, RunError> {
    let dtype = if op.kind == ReduceKind::ArgMax {
        DType::I64
    } else {
        x.dtype()
    };
    if shape.contains(&0) || op.kind == ReduceKind::Sum {
        return Ok(Tensor::zeros(shape, dtype, x.device())?);
    }
    Err(RunError::new(format!(
        "axis {axis} is empty in this run, so there is nothing to reduce"
    )))
}
