//! Softmax and layer normalization.

use candle_core::{D, Tensor};

use crate::engine::error::RunError;
use crate::graph::ops::{LayerNorm, Softmax};

pub fn softmax(op: &Softmax, x: &Tensor) -> Result<Tensor, RunError> {
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let axis = if op.axis < 0 {
        (op.axis + x.rank() as i32) as usize
    } else {
        op.axis as usize
    };
    let largest = x.contiguous()?.max_keepdim(axis)?;
    let powers = x.broadcast_sub(&largest)?.exp()?;
    Ok(powers.broadcast_div(&powers.sum_keepdim(axis)?)?)
}

pub fn layer_norm(op: &LayerNorm, inputs: &[&Tensor]) -> Result<Tensor, RunError> {
    let (x, scale, shift) = (inputs[0], inputs[1], inputs[2]);
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centered.broadcast_div(&(variance + op.epsilon)?.sqrt()?)?;
    Ok(normal.broadcast_mul(scale)?.broadcast_add(shift)?)
}
