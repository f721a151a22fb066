//! GELU by the error function: `x * Φ(x)`, Φ the normal distribution's cumulative function
//! (Hendrycks and Gimpel, 2016). Not the tanh approximation: DistilBERT uses the exact form.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{elements, fused, values};

const CHUNK: usize = 4096;

/// `x * Φ(x)`, element by element; any shape.
///
/// # Errors
/// Those of candle's ops.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if fused(x) {
        x.contiguous()?.apply_op1(Gelu)
    } else {
        x.gelu_erf()
    }
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = elements(storage, layout)?;
        let mut y = vec![0f32; x.len()];
        y.par_chunks_mut(CHUNK)
            .zip(x.par_chunks(CHUNK))
            .for_each(|(y, x)| {
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = x * cumulative_and_density(x).0;
                }
            });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let x = values(arg)?;
        let mut d = values(grad)?;
        d.par_chunks_mut(CHUNK)
            .zip(x.par_chunks(CHUNK))
            .for_each(|(d, x)| {
                for (d, &x) in d.iter_mut().zip(x) {
                    let (cumulative, density) = cumulative_and_density(x);
                    *d *= cumulative + x * density;
                }
            });
        Ok(Some(Tensor::from_vec(d, arg.shape(), arg.device())?))
    }
}

/// Φ(x) and its derivative. The error function is formula 7.1.26 of Abramowitz and Stegun, whose
/// absolute error stays below 1.5e-7; the exponential in it is the density's.
#[inline]
fn cumulative_and_density(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let exponential = (-z * z).exp();
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_6
            + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152_1 + t * 1.061_405_4))));
    let upper = 0.5 * series * exponential;
    let cumulative = if x >= 0.0 { 1.0 - upper } else { upper };
    (cumulative, exponential * 0.398_942_3)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_against_reference, normal};
    use super::*;

    #[test]
    fn the_loop_agrees_with_candles_gelu_erf() {
        let x = normal(&[37, 131], 4);
        let wide = (x.as_tensor() * 3.0).unwrap();
        let x = candle_core::Var::from_tensor(&wide).unwrap();
        check_against_reference(std::slice::from_ref(&x), 2e-6, || gelu(&x), || x.gelu_erf());
    }
}
