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
        ReduceKind::Prod => product(x, axis)?,
        ReduceKind::ArgMax => x.contiguous()?.argmax_keepdim(axis)?.to_dtype(DType::I64)?,
        ReduceKind::ArgMin => x.contiguous()?.argmin_keepdim(axis)?.to_dtype(DType::I64)?,
    };
    Ok(reduced.reshape(shape)?)
}

/// Element after element, since candle has no products.
fn product(x: &Tensor, axis: usize) -> Result<Tensor, RunError> {
    let mut product = x.narrow(axis, 0, 1)?;
    for at in 1..x.dim(axis)? {
        product = (product * x.narrow(axis, at, 1)?)?;
    }
    Ok(product)
}

/// Sums of nothing are 0 and products 1; there is no largest element of nothing.
fn empty(op: &Reduce, x: &Tensor, axis: usize, shape: &[usize]) -> Result<Tensor, RunError> {
    let dtype = if op.kind.is_arg() {
        DType::I64
    } else {
        x.dtype()
    };
    let number = match shape.contains(&0) {
        true => Some(0.0),
        false => op.kind.of_nothing(),
    };
    if let Some(number) = number {
        let tensor = Tensor::full(number as f32, shape, x.device())?;
        return Ok(tensor.to_dtype(dtype)?);
    }
    Err(RunError::new(format!(
        "axis {axis} is empty in this run, so there is nothing to reduce"
    )))
}
