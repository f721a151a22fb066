//! Powers.

/// a to the power of b, within 1 ulp; special cases as IEEE 754's `pow`: `pow(x, 0) = pow(1, y) = 1`, also for NaN.
///
/// 2^(b log₂|a|) in f64: the logarithm needs some 35 good bits, because b multiplies its error.
///
/// ```
/// use lessons_compute::math::pow;
/// assert_eq!(pow(-2.0, 3.0), -8.0);
/// assert_eq!(pow(9.0, 0.5), 3.0);
/// ```
#[inline(always)]
pub fn pow(a: f32, b: f32) -> f32 {
    let magnitude = a.abs();
    let (a64, b64) = (f64::from(magnitude), f64::from(b));
    let log = if magnitude == 0.0 {
        f64::NEG_INFINITY
    } else {
        log2(a64)
    };
    let log = if magnitude == f32::INFINITY {
        f64::INFINITY
    } else {
        log
    };
    let power = exp2(b64 * log) as f32;

    let (integer, odd) = parity(b64);
    let negative = a < 0.0;
    let outside = negative && !integer && magnitude != f32::INFINITY;
    let power = if outside { f32::NAN } else { power };
    let flips = odd && a.is_sign_negative();
    let power = if flips { -power } else { power };
    let power = if a.is_nan() || b.is_nan() {
        f32::NAN
    } else {
        power
    };
    let one = a == 1.0 || b == 0.0 || (a == -1.0 && b.abs() == f32::INFINITY);
    if one { 1.0 } else { power }
}

/// Whether a number is an integer, and an odd one. Beyond 2²⁵ every f32 is even.
#[inline(always)]
fn parity(x: f64) -> (bool, bool) {
    const EVEN: f64 = 33_554_432.0; // 2²⁵
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²
    let x = if x > EVEN { EVEN } else { x };
    let x = if x < -EVEN { -EVEN } else { x };
    let rounded = x + ROUND;
    let integer = rounded - ROUND == x;
    (integer, integer && rounded.to_bits() & 1 == 1)
}

/// log₂ of a positive, finite, normal f64, within 2⁻⁴³ of its value: 2/ln 2 · artanh((m - 1) / (m + 1)) for the significand m.
#[inline(always)]
fn log2(x: f64) -> f64 {
    const LEAST: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const EXPONENT: u64 = 0xfff0_0000_0000_0000;
    const INTEGER: u64 = 0x4330_0000_0000_0000; // The exponent of 2⁵²: the bits below are an integer.
    const BIAS: u64 = 1023 << 52;
    // Counted from √½, as for the natural logarithm, and kept positive by the bias.
    let shifted = x.to_bits().wrapping_sub(LEAST).wrapping_add(BIAS);
    let k = f64::from_bits((shifted >> 52) | INTEGER) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits(
        x.to_bits()
            .wrapping_sub((shifted & EXPONENT).wrapping_sub(BIAS)),
    );
    let s = (m - 1.0) / (m + 1.0);
    let c = [
        2.885390081777849,
        0.961796694115116,
        0.5770779418334604,
        0.41220930763650176,
        0.3199033680352285,
        0.2829343032999339,
    ];
    s * polynomial(s * s, c) + k
}

/// 2ˣ within 2⁻³⁴ of its value, within the range of f32; beyond it, something that is 0 or ∞ as f32.
#[inline(always)]
fn exp2(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²
    let x = if x > 200.0 { 200.0 } else { x };
    let x = if x < -200.0 { -200.0 } else { x };
    let rounded = x + ROUND;
    let c = [
        0.9999999999616217,
        0.6931471807286952,
        0.2402265119874964,
        0.05550410352911574,
        0.009618027173475098,
        0.0013333922783129526,
        0.00015469317078477412,
        1.520191974328259e-05,
    ];
    let scale = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    polynomial(x - (rounded - ROUND), c) * scale
}

#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut sum = c[N - 1];
    for c in c[..N - 1].iter().rev() {
        sum = sum * x + c;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::test::{assert_within, everywhere};

    #[test]
    fn pow_is_within_1_ulp() {
        let exponents = [
            0.0,
            -0.0,
            1.0,
            2.0,
            3.0,
            -1.0,
            0.5,
            -0.5,
            1.0 / 3.0,
            7.25,
            -13.0,
            100.1,
            16_777_217.0,
        ];
        let special = [
            1e10,
            -1e10,
            3e38,
            1e-30,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
        ];
        for b in exponents.into_iter().chain(special) {
            assert_within(1, everywhere(), |a| pow(a, b), |a| a.powf(f64::from(b)));
        }
        for a in [
            1.0,
            -1.0,
            0.0,
            -0.0,
            2.0,
            0.999,
            1.001,
            1e-40,
            -3.0,
            f32::INFINITY,
            f32::NAN,
        ] {
            assert_within(1, everywhere(), |b| pow(a, b), |b| f64::from(a).powf(b));
        }
    }

    #[test]
    fn signs_of_zeros_and_infinities_are_kept() {
        assert!(pow(-0.0, 3.0).is_sign_negative());
        assert!(pow(-0.0, 2.0).is_sign_positive());
        assert_eq!(pow(-0.0, -1.0), f32::NEG_INFINITY);
        assert_eq!(pow(f32::NEG_INFINITY, 3.0), f32::NEG_INFINITY);
    }
}
