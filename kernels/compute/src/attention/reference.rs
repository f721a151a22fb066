//! The slow reference, in f64.

use super::{Attention, Heads, HeadsMut, Mask};

/// Computes what [`attention`](super::attention) computes, in f64, rounded once.
///
/// # Panics
/// If a slice is too short.
pub fn attention_reference(
    attention: &Attention<'_>,
    [queries, keys, values]: [Heads<'_>; 3],
    out: HeadsMut<'_>,
) {
    let vector = |heads: &Heads<'_>, token: usize, head: usize| -> Vec<f64> {
        let from = &heads.data[token * heads.token + head * heads.head..][..attention.size];
        from.iter().map(|&x| f64::from(x)).collect()
    };
    for sequence in 0..attention.longest().0 {
        let (query_tokens, key_tokens) = attention.sequence(sequence);
        for head in 0..attention.heads {
            for (i, query) in query_tokens.clone().enumerate() {
                let q = vector(&queries, query, head);
                let seen = |j: usize| match attention.mask {
                    Mask::Causal => j + query_tokens.len() <= i + key_tokens.len(),
                    Mask::Lengths(lengths) => j < lengths[sequence],
                    _ => true,
                };
                let added = |j: usize| {
                    let at = |s: [usize; 4]| sequence * s[0] + head * s[1] + i * s[2] + j * s[3];
                    match attention.mask {
                        Mask::Additive { data, strides } => f64::from(data[at(strides)]),
                        Mask::Boolean { data, strides } if !data[at(strides)] => f64::NEG_INFINITY,
                        _ => 0.0,
                    }
                };
                let scores: Vec<(usize, f64)> = key_tokens
                    .clone()
                    .enumerate()
                    .filter(|&(j, _)| seen(j))
                    .map(|(j, key)| {
                        let k = vector(&keys, key, head);
                        let dot: f64 = q.iter().zip(k).map(|(q, k)| q * k).sum();
                        (key, dot * f64::from(attention.scale) + added(j))
                    })
                    .collect();
                let max = scores
                    .iter()
                    .map(|&(_, x)| x)
                    .fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scores.iter().map(|&(_, x)| (x - max).exp()).sum();
                let mut result = vec![0.0; attention.size];
                for (key, score) in scores {
                    for (to, v) in result.iter_mut().zip(vector(&values, key, head)) {
                        *to += (score - max).exp() / sum * v;
                    }
                }
                let to = &mut out.data[query * out.token + head * out.head..][..attention.size];
                to.iter_mut().zip(result).for_each(|(to, x)| *to = x as f32);
            }
        }
    }
}
