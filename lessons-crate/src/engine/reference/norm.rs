//! Softmax and layer normalization.

use candle_core::{D, Tensor};

use super::axis_in;
use crate::engine::error::RunError;
use crate::graph::ops::{AddLayerNorm, LayerNorm, RmsNorm, Softmax};

pub fn softmax(op: &Softmax, x: &Tensor) -> Result<Tensor, RunError> {
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let axis = axis_in(x.rank(), op.axis)?;
    let largest = x.contiguous()?.max_keepdim(axis)?;
    let powers = x.broadcast_sub(&largest)?.exp()?;
    Ok(powers.broadcast_div(&powers.sum_keepdim(axis)?)?)
}

pub fn layer_norm(op: &LayerNorm, inputs: &[&Tensor]) -> Result<Tensor, RunError> {
    let x = inputs[0];
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centered.broadcast_div(&(variance + op.epsilon)?.sqrt()?)?;
    match inputs[1..] {
        [scale, shift] => Ok(normal.broadcast_mul(scale)?.broadcast_add(shift)?),
        _ => Ok(normal),
    }
}

pub fn rms_norm(op: &RmsNorm, x: &Tensor, scale: &Tensor) -> Result<Tensor, RunError> {
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = x.broadcast_div(&(mean_square + op.epsilon)?.sqrt()?)?;
    Ok(normal.broadcast_mul(scale)?)
}

pub fn add_layer_norm(op: &AddLayerNorm, inputs: &[&Tensor]) -> Result<Tensor, RunError> {
    let sum = inputs[0].broadcast_add(inputs[1])?;
    let norm = LayerNorm {
        epsilon: op.epsilon,
        affine: true,
    };
    layer_norm(&norm, &[&sum, inputs[2], inputs[3]])
}
