//! Attention in its separate steps.

use candle_core::Tensor;

use super::{matmul, norm};
use crate::engine::error::RunError;
use crate::graph::ops::{Attention, Heads, Softmax};

/// Scores, scale, mask, softmax, and the weighted sum of the values, one after the other.
pub fn attention(op: &Attention, inputs: &[&Tensor], shape: &[usize]) -> Result<Tensor, RunError> {
    let q = apart(op, inputs[0])?;
    let k = apart(op, inputs[1])?.t()?;
    let v = apart(op, inputs[2])?;
    let scores_shape = [&q.dims()[..q.rank() - 1], &[k.dims()[k.rank() - 1]]].concat();
    let mut scores = (matmul::matmul(&q, &k, &scores_shape)? * op.scale)?;
    if let (true, Some(mask)) = (op.mask, inputs.get(3)) {
        scores = scores.broadcast_add(mask)?;
    }
    let weights = norm::softmax(&Softmax { axis: -1 }, &scores)?;
    let result_shape = [&q.dims()[..q.rank() - 1], &[v.dims()[v.rank() - 1]]].concat();
    let result = matmul::matmul(&weights, &v, &result_shape)?;
    Ok(match op.heads {
        Heads::Apart => result,
        Heads::Joined(_) => {
            let rank = result.rank();
            result.transpose(rank - 3, rank - 2)?.reshape(shape)?
        }
    })
}

/// `[.., seq, heads * size]` as `[.., heads, seq, size]`.
fn apart(op: &Attention, x: &Tensor) -> Result<Tensor, RunError> {
    let Heads::Joined(heads) = op.heads else {
        return Ok(x.clone());
    };
    let (outer, width) = x.dims().split_at(x.rank() - 1);
    let rank = x.rank();
    Ok(x.reshape([outer, &[heads, width[0] / heads]].concat())?
        .transpose(rank - 2, rank - 1)?)
}
