//! What this machine can do at most, measured: the limits that a kernel's speed is to be seen against.

use std::hint::black_box;
use std::time::Instant;

use crate::cpu::Cpu;
use crate::lanes;
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};

/// Fused multiply-adds on f32 in registers, in FLOP/s (two for each), all threads together: the best of `runs` runs of about
/// a millisecond.
///
/// ```
/// use lessons_compute::{cpu::Cpu, roofline::fma_peak};
/// assert!(fma_peak(Cpu::best(), 3) > 1e8);
/// ```
pub fn fma_peak(cpu: Cpu<'_>, runs: usize) -> f64 {
    const STEPS: usize = 50_000;
    let threads = cpu.pool().threads();
    let lanes = match cpu.isa() {
        crate::isa::Isa::Avx512 => 16,
        crate::isa::Isa::Avx2 => 8,
        _ => 4,
    };
    let flops = (2 * lanes * CHAINS * STEPS * threads) as f64;
    best(runs, flops, || {
        cpu.pool().for_parts(threads, 1, |parts, _| {
            for _ in parts {
                black_box(multiply_adds(cpu.verified(), black_box(STEPS)));
            }
        });
    })
}

/// The speed of reading `bytes` again and again, in bytes/s, all threads together: that of the cache in which they fit, or of
/// memory. The best of `runs` runs.
pub fn read_bandwidth(cpu: Cpu<'_>, bytes: usize, runs: usize) -> f64 {
    let data = vec![1.0f32; bytes / 4];
    let repeats = (1 << 24) / bytes.max(1) + 1;
    best(runs, (data.len() * 4 * repeats) as f64, || {
        cpu.pool().for_parts(data.len(), 1024, |range, _| {
            for _ in 0..repeats {
                black_box(sum(cpu.verified(), black_box(&data[range.clone()])));
            }
        });
    })
}

/// The speed of copying `bytes` to as many others, in bytes/s, read and written ones both counted, all threads together. The
/// best of `runs` runs.
pub fn copy_bandwidth(cpu: Cpu<'_>, bytes: usize, runs: usize) -> f64 {
    let data = vec![1.0f32; bytes / 4];
    let mut copy = vec![0.0f32; bytes / 4];
    let repeats = (1 << 24) / bytes.max(1) + 1;
    best(runs, (2 * data.len() * 4 * repeats) as f64, || {
        let to = SharedMut::new(black_box(&mut copy));
        cpu.pool().for_parts(data.len(), 1024, |range, _| {
            for _ in 0..repeats {
                // SAFETY: parts do not overlap, and `copy` is borrowed until all have ended.
                let to = unsafe { to.part(range.start, range.len()) };
                to.copy_from_slice(black_box(&data[range.clone()]));
                black_box(to);
            }
        });
    })
}

/// The speed of `a = b + c * s` over vectors of `bytes` each (STREAM's triad, McCalpin 1995), in bytes/s, those of all three
/// counted, all threads together. The best of `runs` runs.
pub fn triad_bandwidth(cpu: Cpu<'_>, bytes: usize, runs: usize) -> f64 {
    let (b, c) = (vec![1.0f32; bytes / 4], vec![2.0f32; bytes / 4]);
    let mut a = vec![0.0f32; bytes / 4];
    let repeats = (1 << 24) / bytes.max(1) + 1;
    best(runs, (3 * a.len() * 4 * repeats) as f64, || {
        let a = SharedMut::new(black_box(&mut a));
        cpu.pool().for_parts(b.len(), 1024, |range, _| {
            for _ in 0..repeats {
                // SAFETY: parts do not overlap, and `a` is borrowed until all have ended.
                let a = unsafe { a.part(range.start, range.len()) };
                let (b, c) = (black_box(&b[range.clone()]), black_box(&c[range.clone()]));
                triad(cpu.verified(), a, b, c);
                black_box(a);
            }
        });
    })
}

/// The highest rate, in units/s, of a run that does `units`.
fn best(runs: usize, units: f64, mut run: impl FnMut()) -> f64 {
    (0..runs.max(1)).fold(0.0, |best: f64, _| {
        let start = Instant::now();
        run();
        best.max(units / start.elapsed().as_secs_f64())
    })
}

/// As many independent sums as hide the latency of the operation: 4 cycles, two a cycle, and some to spare.
const CHAINS: usize = 12;

ladder! {
    fn multiply_adds(steps: usize) -> f32 = multiply_adds_body;
    fn sum(data: &[f32]) -> f32 = sum_body;
    fn triad(a: &mut [f32], b: &[f32], c: &[f32]) = triad_body;
}

#[inline(always)]
fn multiply_adds_body<S: Simd>(steps: usize) -> f32 {
    let mut out = [0.0; 16];
    // SAFETY: this runs where `S` is there, and `out` has room for the widest vector.
    unsafe {
        let (a, b) = (S::splat(black_box(0.5)), S::splat(black_box(1.0)));
        let mut sums = [S::splat(black_box(0.0)); CHAINS];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = S::fma(*sum, a, b);
            }
        }
        for &sum in &sums {
            S::store(out.as_mut_ptr(), sum);
            black_box(&mut out);
        }
    }
    out[0]
}

#[inline(always)]
fn sum_body<S: Simd>(data: &[f32]) -> f32 {
    lanes::sum(data)
}

#[inline(always)]
fn triad_body<S: Simd>(a: &mut [f32], b: &[f32], c: &[f32]) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a = b + 0.5 * c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use crate::pool::Pool;

    #[test]
    fn the_triad_adds_and_multiplies_on_every_instruction_set() {
        let (b, c): (Vec<f32>, Vec<f32>) = (0u16..37)
            .map(|n| (f32::from(n), 1.5 * f32::from(n)))
            .unzip();
        for isa in Isa::available() {
            let mut a = vec![0.0; 37];
            triad(isa.verify().expect("it is available"), &mut a, &b, &c);
            for (n, a) in (0u16..).zip(a) {
                assert_eq!(a, 1.75 * f32::from(n));
            }
        }
    }

    #[test]
    fn rates_are_plausible_on_every_instruction_set() {
        let pool = Pool::new(1);
        for isa in Isa::available() {
            let cpu = Cpu::new(isa, &pool).expect("it is available");
            assert!((1e7..1e13).contains(&fma_peak(cpu, 1)));
            assert!((1e7..1e13).contains(&read_bandwidth(cpu, 1 << 16, 1)));
            assert!((1e7..1e13).contains(&copy_bandwidth(cpu, 1 << 16, 1)));
            assert!((1e7..1e13).contains(&triad_bandwidth(cpu, 1 << 16, 1)));
        }
    }
}
