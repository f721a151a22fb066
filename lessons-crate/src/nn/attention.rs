//! Scaled dot-product attention with several heads.

use crate::graph::{Dim, Value};

/// What attention computes.
#[derive(Debug, Clone, Copy)]
pub struct Attended {
    /// The attended values, heads joined: `[batch, seq, width]`.
    pub output: Value,
    /// How much each position looks at each other: `[batch, heads, seq, seq]`, rows sum to 1.
    pub weights: Value,
}

/// `softmax(Q·Kᵀ / √d + mask) · V` per head (Vaswani et al., 2017), for queries, keys and values of
/// shape `[batch, seq, width]`; `d` is `width / heads`. The mask is added to the scores and must
/// broadcast to `[batch, heads, seq, seq]`: 0 where a position may be seen, a large negative number
/// where not.
#[track_caller]
pub fn attention(
    queries: Value,
    keys: Value,
    values: Value,
    mask: Value,
    heads: usize,
) -> Attended {
    let shape = queries.shape();
    let [batch, seq, width] = <[Dim; 3]>::try_from(shape.to_vec())
        .unwrap_or_else(|_| ["batch", "seq", "width"].map(Dim::from));
    let size = width
        .div_exact(&Dim::from(heads))
        .unwrap_or_else(|| Dim::from(-1));
    let split = |x: Value| {
        x.reshape((&batch, &seq, heads, &size))
            .permute([0, 2, 1, 3])
    };
    let root = size.known().map_or(1.0, |size| (size as f64).sqrt());
    let scores = (split(queries) / root).matmul(split(keys).t());
    let weights = (scores + mask).softmax(-1);
    let output = weights
        .matmul(split(values))
        .permute([0, 2, 1, 3])
        .reshape((&batch, &seq, &width));
    Attended { output, weights }
}
