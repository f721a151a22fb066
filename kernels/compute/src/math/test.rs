//! What the tests of the functions share: where they look, and how they compare.

/// A few thousand numbers of every exponent and both signs, subnormals among them, and all that is special.
pub(crate) fn everywhere() -> impl Iterator<Item = f32> {
    let special = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        1.0,
        -1.0,
    ];
    // Steps of a prime number of ulps through all finite bit patterns.
    let positive = (1..0x7f80_0000u32).step_by(20_011).map(f32::from_bits);
    let smallest = (1..40).map(f32::from_bits);
    special
        .into_iter()
        .chain(positive.chain(smallest).flat_map(|x| [x, -x]))
}

/// How many steps from one f32 to the next lie between `a` and `b`: 0 for two zeros or two NaNs, `u32::MAX` for one NaN.
pub(crate) fn ulps(a: f32, b: f32) -> u32 {
    let ordinal = |x: f32| {
        let magnitude = i64::from(x.to_bits() & 0x7fff_ffff);
        if x.is_sign_negative() {
            -magnitude
        } else {
            magnitude
        }
    };
    match (a.is_nan(), b.is_nan()) {
        (true, true) => 0,
        (false, false) => (ordinal(a) - ordinal(b)).unsigned_abs() as u32,
        _ => u32::MAX,
    }
}

/// Holds `function` to `reference`, rounded to f32, within `allowed` ulps over the sample.
pub(crate) fn assert_within(
    allowed: u32,
    sample: impl Iterator<Item = f32>,
    function: impl Fn(f32) -> f32,
    reference: impl Fn(f64) -> f64,
) {
    let error = |x: f32| ulps(function(x), reference(f64::from(x)) as f32);
    let Some((worst, x)) = sample
        .map(|x| (error(x), x))
        .max_by_key(|&(error, _)| error)
    else {
        return;
    };
    let expected = reference(f64::from(x)) as f32;
    assert!(
        worst <= allowed,
        "{worst} ulp at {x:e}: {:e} instead of {expected:e}",
        function(x)
    );
}
