//! Matrix products.

use candle_core::Tensor;

use super::elementwise;
use crate::engine::error::RunError;
use crate::graph::ops::{Epilogue, EpilogueStep, Linear};

pub fn matmul(a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let inner = a.dims().last().copied().unwrap_or(0);
    if inner == 0 || shape.contains(&0) {
        return Ok(Tensor::zeros(shape, a.dtype(), a.device())?);
    }
    Ok(a.contiguous()?.broadcast_matmul(&b.contiguous()?)?)
}

pub fn linear(op: &Linear, inputs: &[&Tensor], shape: &[usize]) -> Result<Tensor, RunError> {
    let product = matmul(inputs[0], inputs[1], shape)?;
    epilogue(&op.epilogue, product, &inputs[2..])
}

/// A product, then bias, activation and residual one after the other.
pub fn epilogue(op: &Epilogue, product: Tensor, operands: &[&Tensor]) -> Result<Tensor, RunError> {
    let mut rest = operands.iter();
    let mut y = product;
    if op.bias
        && let Some(bias) = rest.next()
    {
        y = y.broadcast_add(bias)?;
    }
    for step in op.steps.iter() {
        y = match (step, rest.as_slice()) {
            (EpilogueStep::Activation(function), _) => elementwise::unary(function, &y)?,
            (EpilogueStep::Residual, []) => y,
            (EpilogueStep::Residual, [residual, ..]) => {
                rest.next();
                y.broadcast_add(residual)?
            }
        };
    }
    Ok(y)
}
