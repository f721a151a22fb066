//! Ops that move elements and compute nothing.

use candle_core::Tensor;

use super::Context;
use crate::engine::error::RunError;
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
    let axis = if op.axis < 0 {
        (op.axis + x.rank() as i32) as usize
    } else {
        op.axis as usize
    };
    let size = x.dim(axis)?;
    let ends = (
        op.start.bind(context.bindings),
        op.end.bind(context.bindings),
    );
    match ends {
        (Some(start), Some(end)) if start <= end && end <= size => {
            Ok(x.narrow(axis, start, end - start)?)
        }
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
    let rank = inputs[0].rank() as i32;
    let axis = if op.axis < 0 {
        (op.axis + rank) as usize
    } else {
        op.axis as usize
    };
    Ok(Tensor::cat(inputs, axis)?)
}
