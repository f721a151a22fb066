//! Layer normalization over the last dimension (Ba, Kiros, Hinton, 2016).

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{elements, fused, values};

/// Rows that one task works on; fixed, so that sums add up in the same order on any machine.
const ROWS: usize = 32;

/// `(x - mean) / sqrt(variance + eps) * weight + bias`, mean and variance (that of the population)
/// over each row: `x` `[rows, dim]`, `weight` and `bias` `[dim]`.
///
/// # Errors
/// Shapes that do not fit.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    if fused(x) {
        x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps })
    } else {
        composed(x, weight, bias, eps)
    }
}

fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centered.sqr()?.mean_keepdim(D::Minus1)?;
    let normal = centered.broadcast_div(&(variance + eps)?.sqrt()?)?;
    normal.broadcast_mul(weight)?.broadcast_add(bias)
}

struct LayerNorm {
    eps: f64,
}

impl LayerNorm {
    /// Mean and 1 / standard deviation of a row.
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f32;
        let mean = row.iter().sum::<f32>() / count;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
        (mean, 1.0 / (variance + self.eps as f32).sqrt())
    }
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = elements(x, x_layout)?;
        let (weight, bias) = (
            elements(weight, weight_layout)?,
            elements(bias, bias_layout)?,
        );
        let dim = weight.len();
        if x_layout.dims().last() != Some(&dim) || bias.len() != dim {
            candle_core::bail!(
                "layer norm: x is {:?}, weight [{dim}], bias [{}]",
                x_layout.dims(),
                bias.len()
            );
        }
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(ROWS * dim)
            .zip(x.par_chunks(ROWS * dim))
            .for_each(|(y, x)| {
                for (y, x) in y.chunks_mut(dim).zip(x.chunks(dim)) {
                    let (mean, scale) = self.moments(x);
                    for (((y, &x), &weight), &bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                        *y = (x - mean) * scale * weight + bias;
                    }
                }
            });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    /// With `n` the normalized row and `g = grad * weight`:
    /// `dx = (g - mean(g) - n * mean(g * n)) / deviation`, `dweight = Σ grad * n`, `dbias = Σ grad`.
    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (shape, device) = (x.shape(), x.device());
        let (x, w, mut d) = (values(x)?, values(weight)?, values(grad)?);
        let dim = w.len();
        let sums: Vec<(Vec<f32>, Vec<f32>)> = d
            .par_chunks_mut(ROWS * dim)
            .zip(x.par_chunks(ROWS * dim))
            .map(|(d, x)| {
                let (mut dw, mut db) = (vec![0f32; dim], vec![0f32; dim]);
                for (d, x) in d.chunks_mut(dim).zip(x.chunks(dim)) {
                    let (mean, scale) = self.moments(x);
                    let (mut mean_g, mut mean_gn) = (0f32, 0f32);
                    for i in 0..dim {
                        let n = (x[i] - mean) * scale;
                        dw[i] += d[i] * n;
                        db[i] += d[i];
                        d[i] *= w[i];
                        mean_g += d[i];
                        mean_gn += d[i] * n;
                    }
                    mean_g /= dim as f32;
                    mean_gn /= dim as f32;
                    for (d, &x) in d.iter_mut().zip(x) {
                        *d = scale * (*d - mean_g - (x - mean) * scale * mean_gn);
                    }
                }
                (dw, db)
            })
            .collect();
        let (mut dw, mut db) = (vec![0f32; dim], vec![0f32; dim]);
        for (part_w, part_b) in sums {
            dw.iter_mut()
                .zip(part_w)
                .for_each(|(sum, part)| *sum += part);
            db.iter_mut()
                .zip(part_b)
                .for_each(|(sum, part)| *sum += part);
        }
        Ok((
            Some(Tensor::from_vec(d, shape, device)?),
            Some(Tensor::from_vec(dw, weight.shape(), device)?),
            Some(Tensor::from_vec(db, bias.shape(), device)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_against_reference, normal};
    use super::*;

    #[test]
    fn the_loop_agrees_with_the_composed_form() {
        for rows in [1, 31, 100] {
            let (x, weight, bias) = (normal(&[rows, 48], 1), normal(&[48], 2), normal(&[48], 3));
            let inputs = [x.clone(), weight.clone(), bias.clone()];
            check_against_reference(
                &inputs,
                1e-5,
                || layer_norm(&x, &weight, &bias, 1e-12),
                || composed(&x, &weight, &bias, 1e-12),
            );
        }
    }

    #[test]
    fn another_width_is_refused() {
        let (x, weight, bias) = (normal(&[2, 8], 1), normal(&[4], 2), normal(&[4], 3));
        assert!(layer_norm(&x, &weight, &bias, 1e-12).is_err());
    }
}
