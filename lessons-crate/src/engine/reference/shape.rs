//! Ops that move elements and compute nothing.

use std::ops::Range;

use candle_core::Tensor;

use super::{Context, axis_in};
use crate::engine::error::RunError;
use crate::graph::Bindings;
use crate::graph::ops::{Concat, Permute, Slice};

type Run = Result<Tensor, RunError>;

pub fn reshape(x: &Tensor, shape: &[usize]) -> Run {
    Ok(x.reshape(shape)?)
}

pub fn permute(op: &Permute, x: &Tensor) -> Run {
    Ok(x.permute(op.axes.as_slice())?)
}

pub fn broadcast(x: &Tensor, shape: &[usize]) -> Run {
    Ok(x.broadcast_as(shape)?)
}

pub fn slice(op: &Slice, x: &Tensor, context: &Context<'_>) -> Run {
    let (axis, range) = slice_range(op, x.dims(), context.bindings)?;
    Ok(x.narrow(axis, range.start, range.len())?)
}

/// The axis of a slice, and the elements along it that it takes.
///
/// # Errors
/// When they do not lie within the axis.
pub fn slice_range(
    op: &Slice,
    dims: &[usize],
    bindings: &Bindings,
) -> Result<(usize, Range<usize>), RunError> {
    let axis = axis_in(dims.len(), op.axis)?;
    let size = dims[axis];
    let ends = (op.start.bind(bindings), op.end.bind(bindings));
    match ends {
        (Some(start), Some(end)) if start <= end && end <= size => Ok((axis, start..end)),
        _ => {
            let text = |end: Option<usize>| {
                end.map_or("a negative number".to_owned(), |end| end.to_string())
            };
            Err(RunError::new(format!(
                "{}..{} is {}..{} in this run, which does not lie within axis {} of size {size}",
                op.start,
                op.end,
                text(ends.0),
                text(ends.1),
                op.axis
            )))
        }
    }
}

pub fn concat(op: &Concat, inputs: &[&Tensor]) -> Run {
    Ok(Tensor::cat(inputs, axis_in(inputs[0].rank(), op.axis)?)?)
}
