//! The error function, and the tail of the normal distribution.

use super::{MulAdd, exp, polynomial};

/// erf(x) within 2 ulp.
///
/// An odd polynomial near 0; elsewhere 1 - e^-q with a polynomial q fitted to -ln(1 - erf).
///
/// ```
/// use lessons_compute::math::{Unfused, erf};
/// assert_eq!(erf::<Unfused>(f32::NEG_INFINITY), -1.0);
/// ```
#[inline(always)]
pub fn erf<M: MulAdd>(x: f32) -> f32 {
    let magnitude = x.abs();
    let square = x * x;
    let near = polynomial::<M, 7>(
        square,
        [
            0.128_379_17,
            -0.376_126_32,
            0.112_837_054,
            -0.026_861_154,
            0.005_207_193,
            -0.000_822_576_9,
            8.759_300_5e-5,
        ],
    );
    let near = M::mul_add(near, magnitude, magnitude);
    // Beyond 4 the result is 1. A comparison with NaN is false, so NaN stays.
    let clamped = if magnitude > 4.0 { 4.0 } else { magnitude };
    let far = polynomial::<M, 8>(
        clamped,
        [
            -0.000_169_213_51,
            1.129_488_5,
            0.633_400_7,
            0.108_220_63,
            -0.025_080_813,
            0.004_156_344_6,
            -0.000_431_415_28,
            2.083_078_3e-5,
        ],
    );
    let far = 1.0 - exp::<M>(-far);
    (if magnitude < 0.9 { near } else { far }).copysign(x)
}

/// The probability that a standard normal variable is above `y ≥ 0`, `erfc(y / √2) / 2`, within 6 ulp.
///
/// As Shepherd and Laframboise (1981): what is left after e^(-y²/2) and 1 / (1 + 3/2 y) is a polynomial in
/// (y - 4) / (y + 4). So it has small relative errors far out in the tail, where 1 - erf has lost all digits.
///
/// ```
/// use lessons_compute::math::{Unfused, normal_tail};
/// assert_eq!(normal_tail::<Unfused>(0.0), 0.5);
/// ```
#[inline(always)]
pub fn normal_tail<M: MulAdd>(y: f32) -> f32 {
    let y = if y > 14.6 { 14.6 } else { y };
    // One division for both quotients: it takes as long as all that is multiplied here.
    let (up, down) = (y + 4.0, M::mul_add(y, 1.5, 1.0));
    let inverse = 1.0 / (up * down);
    let u = (y - 4.0) * down * inverse;
    let rest = polynomial::<M, 11>(
        u,
        [
            0.6608745,
            -0.059856355,
            -0.041190032,
            0.07875408,
            -0.06373025,
            0.031153271,
            -0.0077540083,
            -0.0007658897,
            0.0011253601,
            -7.804371e-05,
            -0.00011849619,
        ],
    );
    // e^(-y²/2): the error of the rounded square goes into the result to first order.
    let bell = exp::<M>(-0.5 * (y * y));
    let bell = M::mul_add(bell, -0.5 * M::square_error(y), bell);
    bell * (rest * (up * inverse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};
    use crate::math::{Fused, Unfused};

    #[test]
    fn erf_is_within_2_ulp() {
        let sample = || everywhere().chain((-100_000..100_000).map(|i| i as f32 / 20_000.0));
        assert_within(2, sample(), erf::<Fused>, libm::erf);
        assert_within(2, sample(), erf::<Unfused>, libm::erf);
    }

    #[test]
    fn normal_tail_is_within_6_ulp() {
        let reference = |y: f64| libm::erfc(y * std::f64::consts::FRAC_1_SQRT_2) / 2.0;
        let sample = || {
            everywhere()
                .map(f32::abs)
                .chain((0..200_000).map(|i| i as f32 / 13_000.0))
        };
        assert_within(6, sample(), normal_tail::<Fused>, reference);
        assert_within(6, sample(), normal_tail::<Unfused>, reference);
    }
}
