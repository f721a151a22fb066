//! Division without a fraction: quotient and remainder, rounded as in Python.

/// What is left of a after [`floor_div`] times b is taken from it: between 0 and b, with b's sign. NaN where b is 0 or a
/// infinite.
///
/// ```
/// use lessons_compute::math::modulo;
/// assert_eq!([modulo(7.5, 2.0), modulo(-7.5, 2.0), modulo(7.5, -2.0)], [1.5, 0.5, -0.5]);
/// ```
#[inline(always)]
pub fn modulo(a: f32, b: f32) -> f32 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}

/// The largest integer that is not above a / b, rounded to f32; a / b where b is 0.
///
/// It is found by way of the exact remainder, so that it is right also where a / b rounds up to an integer.
///
/// ```
/// use lessons_compute::math::floor_div;
/// assert_eq!([floor_div(7.5, 2.0), floor_div(-7.5, 2.0)], [3.0, -4.0]);
/// assert_eq!(floor_div(1.0, 0.0), f32::INFINITY);
/// ```
#[inline(always)]
pub fn floor_div(a: f32, b: f32) -> f32 {
    let rest = a % b;
    let toward_zero = (a - rest) / b;
    let below = rest != 0.0 && (rest < 0.0) != (b < 0.0);
    // An integer but for the rounding of the two operations.
    let whole = toward_zero.round_ties_even() - if below { 1.0 } else { 0.0 };
    if b == 0.0 { a / b } else { whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_next_to_an_integer_are_not_rounded_up() {
        // 1 / 0.1f32 is 10 when it is rounded, and a little below it.
        let tenth = 0.1f32;
        assert_eq!(floor_div(1.0, tenth), 9.0);
        assert!(modulo(1.0, tenth) < tenth);
        assert_eq!(
            9.0f64 * f64::from(tenth) + f64::from(modulo(1.0, tenth)),
            1.0
        );
    }

    #[test]
    fn signs_zeros_and_infinities_are_those_of_python() {
        let cases = [
            (7.0, 3.0, 2.0, 1.0),
            (-7.0, 3.0, -3.0, 2.0),
            (7.0, -3.0, -3.0, -2.0),
            (-7.0, -3.0, 2.0, -1.0),
            (6.0, 3.0, 2.0, 0.0),
            (-1.0, f32::INFINITY, -1.0, f32::INFINITY),
            (1.0, f32::INFINITY, 0.0, 1.0),
        ];
        for (a, b, quotient, rest) in cases {
            assert_eq!(
                (floor_div(a, b), modulo(a, b)),
                (quotient, rest),
                "{a} by {b}"
            );
        }
        assert!(modulo(1.0, 0.0).is_nan() && modulo(f32::INFINITY, 2.0).is_nan());
        assert!(floor_div(0.0, 0.0).is_nan() && floor_div(f32::NAN, 1.0).is_nan());
        assert_eq!(floor_div(-2.0, 0.0), f32::NEG_INFINITY);
    }
}
