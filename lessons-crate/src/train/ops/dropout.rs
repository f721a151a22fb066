//! Dropout (Srivastava et al., 2014) with masks that are a function of a seed.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::{elements, fused, values};
use crate::train::random::at;

/// Which elements are kept: element `index` is dropped with probability `p` (in steps of 1/65536),
/// and what is kept is scaled by `1 / (1 - p)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mask {
    seed: u64,
    threshold: u64,
    scale: f32,
}

impl Mask {
    /// The mask of a seed; `p` in `[0, 1)`.
    pub fn new(seed: u64, p: f64) -> Self {
        let threshold = (p * 65536.0).round().clamp(0.0, 65535.0) as u64;
        Self {
            seed,
            threshold,
            scale: (65536.0 / (65536 - threshold) as f64) as f32,
        }
    }

    /// Whether everything is kept.
    pub fn keeps_all(&self) -> bool {
        self.threshold == 0
    }

    /// The factors of the elements from `first` on: 0 or the scale. `first` is a multiple of 4.
    pub fn fill(&self, first: usize, factors: &mut [f32]) {
        debug_assert!(first.is_multiple_of(4));
        for (block, factors) in factors.chunks_mut(4).enumerate() {
            let bits = at(self.seed, (first / 4 + block) as u64);
            for (lane, factor) in factors.iter_mut().enumerate() {
                let kept = (bits >> (16 * lane)) & 0xffff >= self.threshold;
                *factor = if kept { self.scale } else { 0.0 };
            }
        }
    }

    /// The first `count` factors.
    pub fn factors(&self, count: usize) -> Vec<f32> {
        let mut factors = vec![0.0; count];
        self.fill(0, &mut factors);
        factors
    }
}

/// Drops elements of `x` (any shape) and scales the others.
///
/// # Errors
/// Those of candle's ops.
pub fn dropout(x: &Tensor, mask: Mask) -> Result<Tensor> {
    if mask.keeps_all() {
        Ok(x.clone())
    } else if fused(x) {
        x.contiguous()?.apply_op1(Dropout(mask))
    } else {
        composed(x, mask)
    }
}

fn composed(x: &Tensor, mask: Mask) -> Result<Tensor> {
    let factors = Tensor::from_vec(mask.factors(x.elem_count()), x.shape(), x.device())?;
    x * factors.to_dtype(x.dtype())?
}

struct Dropout(Mask);

impl Dropout {
    fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut y = self.0.factors(x.len());
        y.iter_mut().zip(x).for_each(|(y, x)| *y *= x);
        y
    }
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((
            CpuStorage::F32(self.apply(elements(storage, layout)?)),
            layout.shape().clone(),
        ))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(Tensor::from_vec(
            self.apply(&values(grad)?),
            arg.shape(),
            arg.device(),
        )?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_against_reference, normal};
    use super::*;

    #[test]
    fn the_loop_agrees_with_the_composed_form() {
        let x = normal(&[33, 7], 1);
        let mask = Mask::new(5, 0.25);
        check_against_reference(
            std::slice::from_ref(&x),
            0.0,
            || dropout(&x, mask),
            || composed(&x, mask),
        );
    }

    #[test]
    fn the_share_dropped_is_p_and_the_mean_stays() {
        let factors = Mask::new(11, 0.3).factors(100_000);
        let dropped = factors.iter().filter(|&&factor| factor == 0.0).count() as f64 / 1e5;
        let mean = factors.iter().map(|&factor| f64::from(factor)).sum::<f64>() / 1e5;
        assert!((dropped - 0.3).abs() < 0.01, "{dropped}");
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!(Mask::new(11, 0.0).keeps_all());
    }

    #[test]
    fn a_part_of_a_mask_is_the_masks_part() {
        let mask = Mask::new(3, 0.5);
        let mut part = vec![0.0; 9];
        mask.fill(16, &mut part);
        assert_eq!(part, mask.factors(25)[16..]);
    }
}
