//! Matrix products.

use candle_core::Tensor;

use crate::engine::error::RunError;

pub fn matmul(a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let inner = a.dims().last().copied().unwrap_or(0);
    if inner == 0 || shape.contains(&0) {
        return Ok(Tensor::zeros(shape, a.dtype(), a.device())?);
    }
    Ok(a.contiguous()?.broadcast_matmul(&b.contiguous()?)?)
}
