//! The exponential function, and the hyperbolic tangent that is made of it.

use std::f32::consts::LOG2_E;

use super::{MulAdd, polynomial};

/// Added and taken away again, it rounds to the nearest integer, which stands in the low bits of the sum.
const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³

/// eˣ within 1 ulp, subnormal results included.
///
/// Cody and Waite's reduction (1980): x = n ln 2 + r with |r| ≤ ln 2 / 2, then eˣ = 2ⁿ eʳ.
///
/// ```
/// use lessons_compute::math::{Unfused, exp};
/// assert_eq!(exp::<Unfused>(0.0), 1.0);
/// assert_eq!(exp::<Unfused>(f32::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn exp<M: MulAdd>(x: f32) -> f32 {
    // Beyond these the result is 0 or ∞ whatever x is. A comparison with NaN is false, so NaN stays.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let rounded = M::mul_add(x, LOG2_E, ROUND);
    let n = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let r = reduce::<M>(x, rounded - ROUND);
    let tail = polynomial::<M, 5>(
        r,
        [
            0.499_999_94,
            0.166_665_17,
            0.041_668_106,
            0.008_369_131,
            0.001_383_643,
        ],
    );
    // 2ⁿ in two factors: neither overflows, and a subnormal result is rounded once.
    let half = n >> 1;
    (M::mul_add(tail, r * r, r) + 1.0) * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// `x - n · ln 2`. The high part of ln 2 has 9 bits, so its product with n is exact.
#[inline(always)]
fn reduce<M: MulAdd>(x: f32, n: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    M::mul_add(n, -LOW, M::mul_add(n, -HIGH, x))
}

/// 2ⁿ for n from -126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// tanh(x) within 2 ulp.
///
/// An odd polynomial near 0, elsewhere 1 - 2 / (e²ˣ + 1).
///
/// ```
/// use lessons_compute::math::{Unfused, tanh};
/// assert_eq!(tanh::<Unfused>(f32::INFINITY), 1.0);
/// ```
#[inline(always)]
pub fn tanh<M: MulAdd>(x: f32) -> f32 {
    let magnitude = x.abs();
    let square = x * x;
    let c = [
        -0.333_332_8,
        0.133_314_06,
        -0.053_736_515,
        0.020_628_167,
        -0.005_692_296,
    ];
    let near = M::mul_add(polynomial::<M, 5>(square, c), square * magnitude, magnitude);
    let far = 1.0 - 2.0 / (exp::<M>(2.0 * magnitude) + 1.0);
    (if magnitude < 0.625 { near } else { far }).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};
    use crate::math::{Fused, Unfused};

    #[test]
    fn exp_is_within_1_ulp() {
        let edges = [
            88.722_83,
            88.722_84,
            -87.336_54,
            -103.972_08,
            -103.972_09,
            -104.0,
            89.0,
        ];
        let sample = || {
            everywhere()
                .chain(edges)
                .chain((-120_000..100_000).map(|i| i as f32 / 1024.0))
        };
        assert_within(1, sample(), exp::<Fused>, f64::exp);
        assert_within(1, sample(), exp::<Unfused>, f64::exp);
    }

    #[test]
    fn tanh_is_within_2_ulp() {
        let sample = || everywhere().chain((-100_000..100_000).map(|i| i as f32 / 8192.0));
        assert_within(2, sample(), tanh::<Fused>, f64::tanh);
        assert_within(2, sample(), tanh::<Unfused>, f64::tanh);
    }
}
