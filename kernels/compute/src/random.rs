//! Random numbers by counting: Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
//! 2011). A number depends on the seed and on its place alone, so any thread can make any part.

use std::f64::consts::TAU;

use crate::cpu::Cpu;
use crate::pool::SharedMut;

/// How the numbers are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// From 0 up to 1: multiples of 2⁻²⁴.
    Uniform,
    /// Mean 0 and variance 1, by the method of Box and Muller (1958).
    Normal,
}

/// Numbers that are worth a task; whole blocks of four.
const TASK: usize = 1 << 13;

/// Fills `out` with the numbers of a seed. Allocates nothing.
///
/// ```
/// use lessons_compute::cpu::Cpu;
/// use lessons_compute::random::{Distribution, random};
///
/// let mut numbers = [0.0; 1000];
/// random(Cpu::best(), Distribution::Uniform, 7, &mut numbers);
/// let mean = numbers.iter().sum::<f32>() / 1000.0;
/// assert!((mean - 0.5).abs() < 0.05);
/// ```
pub fn random(cpu: Cpu<'_>, distribution: Distribution, seed: u64, out: &mut [f32]) {
    let len = out.len();
    let to = SharedMut::new(out);
    cpu.pool().for_ranges(len, TASK, |range, _| {
        // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
        let to = unsafe { to.part(range.start, range.len()) };
        for (block, to) in (range.start as u64 / 4..).zip(to.chunks_mut(4)) {
            let bits = philox(block, seed);
            let numbers = match distribution {
                Distribution::Uniform => bits.map(uniform),
                Distribution::Normal => {
                    let [a, b, c, d] = bits;
                    let ([a, b], [c, d]) = (normal(a, b), normal(c, d));
                    [a, b, c, d]
                }
            };
            for (to, x) in to.iter_mut().zip(numbers) {
                *to = x as f32;
            }
        }
    });
}

/// The upper 24 bits as a number from 0 up to 1.
fn uniform(bits: u32) -> f64 {
    f64::from(bits >> 8) / f64::from(1u32 << 24)
}

/// Two independent normal numbers of two uniform ones.
fn normal(a: u32, b: u32) -> [f64; 2] {
    let length = (-2.0 * (1.0 - uniform(a)).ln()).sqrt();
    let (sine, cosine) = (TAU * uniform(b)).sin_cos();
    [length * cosine, length * sine]
}

/// 128 bits of a counter under a key.
fn philox(counter: u64, key: u64) -> [u32; 4] {
    rounds(
        [counter as u32, (counter >> 32) as u32, 0, 0],
        [key as u32, (key >> 32) as u32],
    )
}

fn rounds([mut a, mut b, mut c, mut d]: [u32; 4], [mut left, mut right]: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(a) * 0xD251_1F53;
        let second = u64::from(c) * 0xCD9E_8D57;
        (a, b, c, d) = (
            (second >> 32) as u32 ^ b ^ left,
            second as u32,
            (first >> 32) as u32 ^ d ^ right,
            first as u32,
        );
        // The golden ratio, and the square root of 3 less 1, in 32 bits.
        left = left.wrapping_add(0x9E37_79B9);
        right = right.wrapping_add(0xBB67_AE85);
    }
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::on_every_cpu;

    /// The known answers that come with the authors' library.
    #[test]
    fn philox_gives_the_published_answers() {
        let zeros = rounds([0; 4], [0; 2]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = rounds([u32::MAX; 4], [u32::MAX; 2]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let pi = rounds(
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
        );
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn a_number_depends_on_seed_and_place_alone() {
        for distribution in [Distribution::Uniform, Distribution::Normal] {
            let mut long = vec![0.0; 3 * TASK + 5];
            let pool = crate::pool::Pool::new(1);
            random(Cpu::with_pool(&pool), distribution, 11, &mut long);
            assert!(long.iter().all(|x| x.is_finite()));
            on_every_cpu(|cpu| {
                for len in [0, 1, 3, 4, 5, TASK + 1, long.len()] {
                    let mut out = vec![7.0; len];
                    random(cpu, distribution, 11, &mut out);
                    assert_eq!(out, long[..len]);
                }
            });
        }
    }

    #[test]
    fn numbers_are_distributed_as_their_names_say() {
        let moments = |distribution| {
            let mut numbers = vec![0.0; 400_000];
            random(Cpu::best(), distribution, 42, &mut numbers);
            let mean = |power: i32| {
                numbers
                    .iter()
                    .map(|x| f64::from(*x).powi(power))
                    .sum::<f64>()
                    / 400_000.0
            };
            [mean(1), mean(2), mean(3), mean(4)]
        };
        let close = |got: [f64; 4], exact: [f64; 4], by: f64| {
            got.iter()
                .zip(exact)
                .all(|(got, exact)| (got - exact).abs() < by)
        };
        assert!(close(
            moments(Distribution::Uniform),
            [0.5, 1.0 / 3.0, 0.25, 0.2],
            0.003
        ));
        assert!(close(
            moments(Distribution::Normal),
            [0.0, 1.0, 0.0, 3.0],
            0.05
        ));
    }
}
