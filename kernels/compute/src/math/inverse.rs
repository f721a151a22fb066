//! Inverse functions of the cosine and of the hyperbolic tangent.

use std::f32::consts::{FRAC_PI_2, PI};

use super::{MulAdd, log1p, polynomial};

/// arccos(x) within 3 ulp, between 0 and π; NaN where |x| > 1.
///
/// arcsin(t) = t + t³ P(t²) for |t| ≤ ½. There arccos(x) = π/2 − arcsin(x); beyond it
/// arccos(x) = 2 arcsin(√((1 − x) / 2)), whose difference is exact, and arccos(−x) = π − arccos(x). π in two parts.
///
/// ```
/// use lessons_compute::math::{Unfused, acos};
/// assert_eq!(acos::<Unfused>(1.0), 0.0);
/// assert_eq!(acos::<Unfused>(-1.0), std::f32::consts::PI);
/// assert!(acos::<Unfused>(1.5).is_nan());
/// ```
#[inline(always)]
pub fn acos<M: MulAdd>(x: f32) -> f32 {
    const PI_LOW: f32 = -8.742_278e-8;
    let magnitude = x.abs();
    let middle = magnitude <= 0.5;
    let square = if middle {
        x * x
    } else {
        (1.0 - magnitude) * 0.5
    };
    let t = if middle { x } else { square.sqrt() };
    let tail = polynomial::<M, 5>(
        square,
        [
            0.166_667_52,
            0.074_953_094,
            0.045_469_154,
            0.024_184_743,
            0.042_158_388,
        ],
    );
    let asin = M::mul_add(tail * square, t, t);
    let twice = 2.0 * asin;
    let outer = if x > 0.0 {
        twice
    } else {
        PI - (twice - PI_LOW)
    };
    let inner = FRAC_PI_2 - (asin - 0.5 * PI_LOW);
    if middle { inner } else { outer }
}

/// artanh(x) within 4 ulp: ½ ln(1 + 2|x| / (1 − |x|)) with the sign of x; ±∞ at ±1, NaN beyond.
///
/// ```
/// use lessons_compute::math::{Unfused, atanh};
/// assert_eq!(atanh::<Unfused>(1.0), f32::INFINITY);
/// assert_eq!(atanh::<Unfused>(-1e-30), -1e-30);
/// ```
#[inline(always)]
pub fn atanh<M: MulAdd>(x: f32) -> f32 {
    let magnitude = x.abs();
    let half = 0.5 * log1p::<M>(2.0 * magnitude / (1.0 - magnitude));
    half.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};
    use crate::math::{Fused, Unfused};

    /// Dense between -1 and 1, and next to the ends.
    fn sample() -> impl Iterator<Item = f32> {
        let dense = (-200_000..=200_000).map(|i| i as f32 / 200_000.0);
        let ends = (0..200_000u32).map(|i| f32::from_bits(0x3f80_0000 - i));
        everywhere().chain(dense).chain(ends.flat_map(|x| [x, -x]))
    }

    #[test]
    fn acos_is_within_3_ulp() {
        assert_within(3, sample(), acos::<Fused>, f64::acos);
        assert_within(3, sample(), acos::<Unfused>, f64::acos);
    }

    #[test]
    fn atanh_is_within_4_ulp() {
        assert_within(4, sample(), atanh::<Fused>, f64::atanh);
        assert_within(4, sample(), atanh::<Unfused>, f64::atanh);
    }
}
