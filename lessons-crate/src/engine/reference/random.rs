//! Random numbers by counting: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
//! numbers: as easy as 1, 2, 3", 2011).

use std::f64::consts::TAU;

use candle_core::Tensor;

use super::Context;
use super::elements::Elements;
use crate::engine::error::RunError;
use crate::graph::ops::{Distribution, Random};

/// # Errors
/// When the numbers cannot be moved to the device.
pub fn random(op: &Random, shape: &[usize], context: &Context<'_>) -> Result<Tensor, RunError> {
    let count = shape.iter().product::<usize>();
    let values = (0..count.div_ceil(4)).flat_map(|block| {
        let bits = philox(block as u64, op.seed);
        match op.distribution {
            Distribution::Uniform => bits.map(uniform),
            Distribution::Normal => {
                let [a, b, c, d] = bits;
                let ([a, b], [c, d]) = (normal(a, b), normal(c, d));
                [a, b, c, d]
            }
        }
    });
    let values = Elements::Floats(values.take(count).collect());
    values.tensor(
        shape,
        context.dtype(crate::graph::DType::F32),
        context.device,
    )
}

/// The upper 24 bits as a number from 0 up to 1: exact in `f32` too.
fn uniform(bits: u32) -> f64 {
    f64::from(bits >> 8) / f64::from(1u32 << 24)
}

/// Two independent normal numbers of two uniform ones: a random angle, and a length that is never
/// infinite, since its logarithm is of a number above 0.
fn normal(a: u32, b: u32) -> [f64; 2] {
    let length = (-2.0 * (1.0 - uniform(a)).ln()).sqrt();
    let (sine, cosine) = (TAU * uniform(b)).sin_cos();
    [length * cosine, length * sine]
}

/// 128 bits of the given number under a key: ten rounds of two multiplications each.
fn philox(counter: u64, key: u64) -> [u32; 4] {
    let half = |x: u64| [x as u32, (x >> 32) as u32];
    let ([c0, c1], key) = (half(counter), half(key));
    rounds([c0, c1, 0, 0], key)
}

fn rounds(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    // The golden ratio, and the square root of 3 less 1, in 32 bits.
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let wide = |x: u32, by: u32| {
            let product = u64::from(x) * u64::from(by);
            ((product >> 32) as u32, product as u32)
        };
        let (high0, low0) = wide(counter[0], MULTIPLIERS[0]);
        let (high1, low1) = wide(counter[2], MULTIPLIERS[1]);
        counter = [
            high1 ^ counter[1] ^ key[0],
            low1,
            high0 ^ counter[3] ^ key[1],
            low0,
        ];
        for (key, step) in key.iter_mut().zip(WEYL) {
            *key = key.wrapping_add(step);
        }
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with the authors' library.
    #[test]
    fn philox_gives_the_published_answers() {
        let answers = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in answers {
            assert_eq!(rounds(counter, key), expected);
        }
    }

    #[test]
    fn numbers_are_distributed_as_their_names_say() {
        let moments = |numbers: &[f64]| {
            let mean = |power: i32| {
                numbers.iter().map(|x| x.powi(power)).sum::<f64>() / numbers.len() as f64
            };
            [mean(1), mean(2), mean(3), mean(4)]
        };
        let blocks = || (0..100_000u64).map(|block| philox(block, 42));
        let uniforms: Vec<f64> = blocks().flat_map(|bits| bits.map(uniform)).collect();
        assert!(uniforms.iter().all(|x| (0.0..1.0).contains(x)));
        for (got, exact) in moments(&uniforms)
            .into_iter()
            .zip([0.5, 1.0 / 3.0, 0.25, 0.2])
        {
            assert!((got - exact).abs() < 0.003, "{got} for {exact}");
        }
        let normals: Vec<f64> = blocks()
            .flat_map(|[a, b, c, d]| [normal(a, b), normal(c, d)].concat())
            .collect();
        assert!(normals.iter().all(|x| x.is_finite()));
        for (got, exact) in moments(&normals).into_iter().zip([0.0, 1.0, 0.0, 3.0]) {
            assert!((got - exact).abs() < 0.05, "{got} for {exact}");
        }
        assert!(normal(u32::MAX, 0)[0].is_finite());
    }
}
