//! Scaled dot-product attention of many sequences that lie one after another
//! (Vaswani et al., 2017): `softmax(q · kᵀ / √head_dim) · v` in each head of each sequence.
//!
//! The loop keeps one row of probabilities and computes it again in the backward pass, so nothing
//! of size `length²` is ever stored; sequences are independent and run in parallel.

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{Mask, elements, fused, values};
use crate::train::random::stream;

/// What attention knows beside its three inputs.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Where each sequence begins, and where the last one ends.
    pub starts: Vec<usize>,
    /// Number of heads; divides the width.
    pub heads: usize,
    /// Seed of the dropout of probabilities.
    pub seed: u64,
    /// Probability with which a probability is dropped.
    pub dropout: f64,
}

/// Attention of each sequence to itself: `q`, `k`, `v` `[tokens, dim]` → `[tokens, dim]`.
///
/// # Errors
/// Shapes that do not fit each other or the starts.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, options: Attention) -> Result<Tensor> {
    let (tokens, dim) = q.dims2()?;
    if k.dims() != q.dims() || v.dims() != q.dims() {
        candle_core::bail!(
            "attention: q is {:?}, k {:?}, v {:?}",
            q.dims(),
            k.dims(),
            v.dims()
        );
    }
    if options.starts.last() != Some(&tokens) || !dim.is_multiple_of(options.heads) {
        candle_core::bail!(
            "attention: {tokens} tokens of width {dim}, sequences end at {:?}, {} heads",
            options.starts.last(),
            options.heads
        );
    }
    if fused(q) {
        q.contiguous()?
            .apply_op3(&k.contiguous()?, &v.contiguous()?, options)
    } else {
        composed(q, k, v, &options)
    }
}

fn composed(q: &Tensor, k: &Tensor, v: &Tensor, options: &Attention) -> Result<Tensor> {
    let (heads, dim) = (options.heads, q.dim(1)?);
    let scale = 1.0 / ((dim / heads) as f64).sqrt();
    let mut outputs = Vec::with_capacity(options.starts.len() - 1);
    for (sequence, bounds) in options.starts.windows(2).enumerate() {
        let len = bounds[1] - bounds[0];
        let split = |x: &Tensor| {
            x.narrow(0, bounds[0], len)?
                .reshape((len, heads, dim / heads))?
                .transpose(0, 1)?
                .contiguous()
        };
        let scores = (split(q)?.matmul(&split(k)?.t()?)? * scale)?;
        let mut probabilities = candle_nn::ops::softmax(&scores, D::Minus1)?;
        if options.dropout > 0.0 {
            let mut factors = vec![0.0; heads * len * len];
            for (row, factors) in factors.chunks_mut(len).enumerate() {
                options.mask(sequence).fill(row * padded(len), factors);
            }
            let factors = Tensor::from_vec(factors, (heads, len, len), q.device())?;
            probabilities = (probabilities * factors.to_dtype(q.dtype())?)?;
        }
        let context = probabilities.matmul(&split(v)?)?;
        outputs.push(context.transpose(0, 1)?.reshape((len, dim))?);
    }
    Tensor::cat(&outputs, 0)
}

/// Length of a mask's row: masks are drawn in fours.
fn padded(len: usize) -> usize {
    len.next_multiple_of(4)
}

impl Attention {
    fn mask(&self, sequence: usize) -> Mask {
        Mask::new(stream(self.seed, &[sequence as u64]), self.dropout)
    }

    /// `work(sequence, begin, end)` of each sequence, in parallel; results in order.
    fn each_sequence<T: Send>(&self, work: impl Fn(usize, usize, usize) -> T + Sync) -> Vec<T> {
        (0..self.starts.len() - 1)
            .into_par_iter()
            .map(|sequence| work(sequence, self.starts[sequence], self.starts[sequence + 1]))
            .collect()
    }
}

/// One row of probabilities and its dropout factors.
struct Row {
    probabilities: Vec<f32>,
    factors: Vec<f32>,
}

impl Row {
    fn new(len: usize) -> Self {
        Self {
            probabilities: vec![0.0; len],
            factors: vec![1.0; len],
        }
    }

    /// `q` is the row's query, `[head_dim]`; `k` gives the keys, one for each position.
    fn fill<'a>(
        &mut self,
        q: &[f32],
        k: impl Iterator<Item = &'a [f32]>,
        scale: f32,
        mask: Mask,
        first: usize,
    ) {
        let mut max = f32::NEG_INFINITY;
        for (p, k) in self.probabilities.iter_mut().zip(k) {
            *p = dot(q, k) * scale;
            max = max.max(*p);
        }
        let mut sum = 0.0;
        for p in &mut self.probabilities {
            *p = (*p - max).exp();
            sum += *p;
        }
        for p in &mut self.probabilities {
            *p /= sum;
        }
        if !mask.keeps_all() {
            mask.fill(first, &mut self.factors);
        }
    }
}

/// Eight sums side by side, so that the compiler may use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a8.zip(b8) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn add_scaled(sum: &mut [f32], factor: f32, x: &[f32]) {
    sum.iter_mut()
        .zip(x)
        .for_each(|(sum, x)| *sum += factor * x);
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (q, k, v) = (
            elements(q, q_layout)?,
            elements(k, k_layout)?,
            elements(v, v_layout)?,
        );
        let dim = q_layout.dims()[1];
        let width = dim / self.heads;
        let scale = 1.0 / (width as f32).sqrt();
        let parts = self.each_sequence(|sequence, begin, end| {
            let len = end - begin;
            let mask = self.mask(sequence);
            let mut output = vec![0f32; len * dim];
            let mut row = Row::new(len);
            for head in 0..self.heads {
                let at = |i: usize| {
                    (begin + i) * dim + head * width..(begin + i) * dim + (head + 1) * width
                };
                for i in 0..len {
                    let first = (head * len + i) * padded(len);
                    row.fill(&q[at(i)], (0..len).map(|j| &k[at(j)]), scale, mask, first);
                    let out = &mut output[i * dim + head * width..][..width];
                    for j in 0..len {
                        add_scaled(out, row.probabilities[j] * row.factors[j], &v[at(j)]);
                    }
                }
            }
            output
        });
        Ok((CpuStorage::F32(parts.concat()), q_layout.shape().clone()))
    }

    /// For each row, with `p` the probabilities, `m` the dropout factors and `d` the gradient of
    /// the output: `dv_j += p_j m_j d`, `dp_j = m_j (d · v_j)`, `ds_j = p_j (dp_j - Σ p dp)`,
    /// `dq = Σ ds_j k_j · scale`, `dk_j += ds_j q · scale`.
    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (shape, device) = (q.shape(), q.device());
        let dim = q.dim(1)?;
        let width = dim / self.heads;
        let scale = 1.0 / (width as f32).sqrt();
        let (q, k, v, d) = (values(q)?, values(k)?, values(v)?, values(grad)?);
        let parts = self.each_sequence(|sequence, begin, end| {
            let len = end - begin;
            let mask = self.mask(sequence);
            let (mut dq, mut dk, mut dv) = (
                vec![0f32; len * dim],
                vec![0f32; len * dim],
                vec![0f32; len * dim],
            );
            let mut row = Row::new(len);
            let mut dp = vec![0f32; len];
            for head in 0..self.heads {
                let local = |i: usize| i * dim + head * width..i * dim + (head + 1) * width;
                let at = |i: usize| local(begin + i);
                for i in 0..len {
                    let first = (head * len + i) * padded(len);
                    row.fill(&q[at(i)], (0..len).map(|j| &k[at(j)]), scale, mask, first);
                    let mut mean = 0.0;
                    for j in 0..len {
                        let (p, m) = (row.probabilities[j], row.factors[j]);
                        add_scaled(&mut dv[local(j)], p * m, &d[at(i)]);
                        dp[j] = m * dot(&d[at(i)], &v[at(j)]);
                        mean += p * dp[j];
                    }
                    for j in 0..len {
                        let ds = row.probabilities[j] * (dp[j] - mean) * scale;
                        add_scaled(&mut dq[local(i)], ds, &k[at(j)]);
                        add_scaled(&mut dk[local(j)], ds, &q[at(i)]);
                    }
                }
            }
            (dq, dk, dv)
        });
        let (mut dq, mut dk, mut dv) = (vec![], vec![], vec![]);
        for (part_q, part_k, part_v) in parts {
            dq.extend(part_q);
            dk.extend(part_k);
            dv.extend(part_v);
        }
        let tensor = |data: Vec<f32>| Tensor::from_vec(data, shape, device).map(Some);
        Ok((tensor(dq)?, tensor(dk)?, tensor(dv)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_against_reference, normal};
    use super::*;

    fn check(starts: &[usize], dim: usize, heads: usize, dropout: f64) {
        let tokens = *starts.last().unwrap();
        let [q, k, v] = [1, 2, 3].map(|seed| normal(&[tokens, dim], seed));
        let options = Attention {
            starts: starts.to_vec(),
            heads,
            seed: 7,
            dropout,
        };
        check_against_reference(
            &[q.clone(), k.clone(), v.clone()],
            1e-5,
            || attention(&q, &k, &v, options.clone()),
            || composed(&q, &k, &v, &options),
        );
    }

    #[test]
    fn the_loop_agrees_with_the_composed_form() {
        check(&[0, 1], 8, 2, 0.0);
        check(&[0, 3, 10, 11, 30], 24, 3, 0.0);
        check(&[0, 5, 12, 25], 20, 2, 0.4);
    }

    #[test]
    fn sequences_do_not_see_each_other() {
        let [q, k, v] = [1, 2, 3].map(|seed| normal(&[9, 8], seed));
        let run = |q: &Tensor, k: &Tensor, v: &Tensor, starts: &[usize]| {
            let options = Attention {
                starts: starts.to_vec(),
                heads: 2,
                seed: 0,
                dropout: 0.0,
            };
            attention(q, k, v, options)
                .unwrap()
                .to_vec2::<f32>()
                .unwrap()
        };
        let together = run(&q, &k, &v, &[0, 4, 9]);
        let part = |x: &Tensor| x.narrow(0, 4, 5).unwrap();
        assert_eq!(together[4..], run(&part(&q), &part(&k), &part(&v), &[0, 5]));
    }
}
