//! The natural logarithm.

use super::{MulAdd, polynomial};

/// ln(x) within 2 ulp, subnormals included; NaN below 0, −∞ at 0.
///
/// x = 2ᵏ (1 + f) with 1 + f between √½ and √2, then ln x = k ln 2 + ln(1 + f), ln 2 in two parts as for the exponential
/// function.
///
/// ```
/// use lessons_compute::math::{Unfused, log};
/// assert_eq!(log::<Unfused>(1.0), 0.0);
/// assert!(log::<Unfused>(-1.0).is_nan());
/// ```
#[inline(always)]
pub fn log<M: MulAdd>(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let bits = (if subnormal { x * 8_388_608.0 } else { x }).to_bits();
    let scale = if subnormal { 23.0 } else { 0.0 };
    // Counted from √½: the exponent goes up by one where the significand passes √2.
    let shifted = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits()) as i32;
    let k = (shifted >> 23) as f32 - scale;
    let f = f32::from_bits(bits.wrapping_sub((shifted & !0x7f_ffff) as u32)) - 1.0;

    let tail = polynomial::<M, 9>(
        f,
        [
            0.333_333_1,
            -0.25,
            0.200_022_64,
            -0.166_686_68,
            0.142_170_61,
            -0.123_918_91,
            0.118_945_77,
            -0.117_673_07,
            0.068_457_21,
        ],
    );
    let square = f * f;
    let low = M::mul_add(tail * f, square, k * -2.121_944_4e-4);
    let sum = M::mul_add(square, -0.5, low) + f;
    let finite = M::mul_add(k, 0.693_359_4, sum);

    let positive = if x == f32::INFINITY { x } else { finite };
    let nonzero = if x > 0.0 { positive } else { f32::NAN };
    if x == 0.0 { f32::NEG_INFINITY } else { nonzero }
}

/// ln(1 + x) within 3 ulp, also where x is too small to change 1; NaN below -1, −∞ at -1.
///
/// With u the rounded 1 + x, it is ln u and what the rounding took away, relative to u.
///
/// ```
/// use lessons_compute::math::{Unfused, log1p};
/// assert_eq!(log1p::<Unfused>(1e-20), 1e-20);
/// assert_eq!(log1p::<Unfused>(-1.0), f32::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn log1p<M: MulAdd>(x: f32) -> f32 {
    let u = 1.0 + x;
    let lost = (x - (u - 1.0)) / u;
    let lost = if u > 0.0 && u < f32::INFINITY {
        lost
    } else {
        0.0
    };
    let sum = log::<M>(u) + lost;
    if u == 1.0 { x } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};
    use crate::math::{Fused, Unfused};

    #[test]
    fn log_is_within_2_ulp() {
        let sample = || everywhere().chain((1..200_000).map(|i| i as f32 / 65_536.0));
        assert_within(2, sample(), log::<Fused>, f64::ln);
        assert_within(2, sample(), log::<Unfused>, f64::ln);
    }

    #[test]
    fn log1p_is_within_3_ulp() {
        let sample = || everywhere().chain((-100_000..400_000).map(|i| i as f32 / 100_000.0));
        assert_within(3, sample(), log1p::<Fused>, f64::ln_1p);
        assert_within(3, sample(), log1p::<Unfused>, f64::ln_1p);
    }
}
