//! What the tests of several kernels share.

use proptest::prelude::*;

use crate::cpu::Cpu;
use crate::isa::Isa;
use crate::pool::Pool;

/// Runs `body` on every instruction set of the machine, with one thread and with three.
pub(crate) fn on_every_cpu(body: impl Fn(Cpu<'_>)) {
    for threads in [1, 3] {
        let pool = Pool::new(threads);
        for isa in Isa::available() {
            body(Cpu::new(isa, &pool).expect("it is available"));
        }
    }
}

/// Fails unless all pairs are equal, both NaN, or differ by at most `relative` of the expected number or by `absolute`.
pub(crate) fn assert_close(
    got: &[f32],
    expected: &[f32],
    relative: f32,
    absolute: f32,
    name: &str,
) {
    assert_eq!(got.len(), expected.len());
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        let allowed = (relative * expected.abs()).max(absolute);
        assert!(
            same || (got - expected).abs() <= allowed,
            "{name}: element {i} is {got:e} instead of {expected:e}"
        );
    }
}

/// Mostly ordinary numbers; some large ones, zeros, subnormal ones, infinities and NaN.
pub(crate) fn number() -> impl Strategy<Value = f32> {
    let special = [
        0.0,
        -0.0,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE / 8.0,
        f32::from_bits(1),
        -1e30,
        1e4,
        -90.0,
    ];
    prop_oneof![
        150 => -4.0f32..4.0,
        10 => -60.0f32..60.0,
        1 => prop::sample::select(special.to_vec()),
    ]
}

/// Numbers between -1 and 1, the same for the same seed.
pub(crate) fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed;
    let next = || {
        // Knuth's linear congruential generator of MMIX.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(len).collect()
}
