//! A linear layer, `x · weightᵀ + bias`.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{elements, fused, values};

const ROWS: usize = 64;

/// `x` `[rows, in]`, `weight` `[out, in]`, `bias` `[out]` → `[rows, out]`.
///
/// # Errors
/// Shapes that do not fit.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let product = x.matmul(&weight.t()?)?;
    if fused(&product) {
        product.apply_op2(bias, AddBias)
    } else {
        product.broadcast_add(bias)
    }
}

/// Adds a row to each row; its own op for the backward pass, where candle's sum over the first
/// dimension visits the elements one by one through their strides.
struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, bias) = (elements(x, x_layout)?, elements(bias, bias_layout)?);
        if x_layout.dims().last() != Some(&bias.len()) {
            candle_core::bail!(
                "linear: the product is {:?}, the bias [{}]",
                x_layout.dims(),
                bias.len()
            );
        }
        let y = x
            .chunks(bias.len())
            .flat_map(|row| row.iter().zip(bias).map(|(x, b)| x + b));
        Ok((CpuStorage::F32(y.collect()), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        bias: &Tensor,
        _res: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let d = values(grad)?;
        let dim = bias.elem_count();
        let parts: Vec<Vec<f32>> = d
            .par_chunks(ROWS * dim)
            .map(|rows| {
                let mut sum = vec![0f32; dim];
                for row in rows.chunks(dim) {
                    sum.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
                }
                sum
            })
            .collect();
        let mut sum = vec![0f32; dim];
        for part in parts {
            sum.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
        Ok((
            Some(grad.clone()),
            Some(Tensor::from_vec(sum, bias.shape(), bias.device())?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_against_reference, normal};
    use super::*;

    #[test]
    fn the_loop_agrees_with_candles_ops() {
        let (x, weight, bias) = (
            normal(&[150, 24], 1),
            normal(&[40, 24], 2),
            normal(&[40], 3),
        );
        check_against_reference(
            &[x.clone(), weight.clone(), bias.clone()],
            1e-5,
            || linear(&x, &weight, &bias),
            || x.matmul(&weight.t()?)?.broadcast_add(&bias),
        );
    }
}
