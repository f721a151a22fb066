//! Sine and cosine of arguments that are not too large.

use std::f32::consts::FRAC_2_PI;

use super::{MulAdd, polynomial};

/// Up to here [`sin`] and [`cos`] are accurate; use the standard library's beyond.
pub const TRIGONOMETRY_MAX: f32 = 1e5;

/// Adds the nearest integer to the low bits of the sum, as in the exponential function.
const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³

/// sin(x) within 2 ulp for |x| ≤ [`TRIGONOMETRY_MAX`]; NaN for ±∞.
///
/// ```
/// use lessons_compute::math::{Unfused, sin};
/// assert_eq!(sin::<Unfused>(0.5), 0.5f32.sin());
/// ```
#[inline(always)]
pub fn sin<M: MulAdd>(x: f32) -> f32 {
    let sign = x.to_bits() & 0x8000_0000;
    let (quarters, r) = reduce(x.abs());
    f32::from_bits(quadrant::<M>(quarters, r).to_bits() ^ sign)
}

/// cos(x) within 2 ulp for |x| ≤ [`TRIGONOMETRY_MAX`]; NaN for ±∞.
///
/// ```
/// use lessons_compute::math::{Unfused, cos};
/// assert_eq!(cos::<Unfused>(0.0), 1.0);
/// ```
#[inline(always)]
pub fn cos<M: MulAdd>(x: f32) -> f32 {
    let (quarters, r) = reduce(x.abs());
    quadrant::<M>(quarters.wrapping_add(1), r)
}

/// `x = quarters · π/2 + r` with |r| ≤ π/4 or hardly more. In f64 the product of a number of quarters (17 bits) and the first
/// 33 bits of π/2 is exact, so r keeps all its digits where x is next to a multiple of π/2.
#[inline(always)]
fn reduce(x: f32) -> (u32, f32) {
    const HIGH: f64 = 1.570_796_326_734_125_6;
    const LOW: f64 = 6.077_100_506_506_192e-11;
    let rounded = x * FRAC_2_PI + ROUND;
    let n = f64::from(rounded - ROUND);
    (
        rounded.to_bits(),
        ((f64::from(x) - n * HIGH) - n * LOW) as f32,
    )
}

/// sin(quarters · π/2 + r).
#[inline(always)]
fn quadrant<M: MulAdd>(quarters: u32, r: f32) -> f32 {
    let square = r * r;
    let s = [-0.166_666_54, 0.008_332_104, -0.000_195_074_46];
    let c = [0.041_666_646, -0.001_388_729_4, 2.442_941_5e-5];
    let sin = M::mul_add(polynomial::<M, 3>(square, s), square * r, r);
    let cos = M::mul_add(
        polynomial::<M, 3>(square, c),
        square * square,
        M::mul_add(square, -0.5, 1.0),
    );
    let value = if quarters & 1 == 0 { sin } else { cos };
    f32::from_bits(value.to_bits() ^ ((quarters & 2) << 30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};
    use crate::math::{Fused, Unfused};

    fn sample() -> impl Iterator<Item = f32> {
        let multiples = (0..70_000).map(|n| (f64::from(n) * std::f64::consts::FRAC_PI_2) as f32);
        let near = multiples.flat_map(|x| [x.next_down(), x, x.next_up()]);
        let dense = (-300_000..300_000).map(|i| i as f32 / 3.0);
        everywhere()
            .chain(near)
            .chain(dense)
            .filter(|x| !x.is_finite() || x.abs() <= TRIGONOMETRY_MAX)
    }

    #[test]
    fn sin_is_within_2_ulp() {
        assert_within(2, sample(), sin::<Fused>, f64::sin);
        assert_within(2, sample(), sin::<Unfused>, f64::sin);
        assert!(sin::<Unfused>(-0.0).is_sign_negative());
    }

    #[test]
    fn cos_is_within_2_ulp() {
        assert_within(2, sample(), cos::<Fused>, f64::cos);
        assert_within(2, sample(), cos::<Unfused>, f64::cos);
    }
}
