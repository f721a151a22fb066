//! Times products of matrices against the machine's peak, taking turns with the `gemm` crate:
//! `cargo run --release -p lessons-compute --example gemm [THREADS]`.

use std::hint::black_box;
use std::time::Instant;

use lessons_compute::cpu::Cpu;
use lessons_compute::gemm::{Epilogue, PackedMatrix, gemm};
use lessons_compute::matrix::{Matrix, MatrixMut};
use lessons_compute::pool::Pool;
use lessons_compute::roofline::fma_peak;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let all = Pool::global().threads();
    let most = std::env::args()
        .nth(1)
        .map_or(Ok(all), |threads| threads.parse())?;
    for threads in [1, most] {
        let pool = Pool::new(threads);
        let cpu = Cpu::with_pool(&pool);
        println!(
            "{} thread(s), {}: FMA peak {:.0} GFLOP/s",
            threads,
            cpu.isa().name(),
            fma_peak(cpu, 20) / 1e9
        );
        println!(
            "{:>5} {:>5} {:>5} {:>10} {:>8} {:>6} {:>8}",
            "rows", "depth", "cols", "µs", "GFLOP/s", "peak", "GB/s"
        );
        for (m, k, n) in [
            (1, 768, 3072),
            (4, 768, 3072),
            (8, 768, 3072),
            (16, 768, 3072),
            (32, 768, 768),
            (64, 768, 3072),
            (128, 768, 768),
            (128, 768, 2304),
            (128, 768, 3072),
            (128, 3072, 768),
            (512, 768, 768),
            (512, 1024, 1024),
            (1024, 768, 3072),
            (1024, 3072, 768),
            (2048, 8, 128),
            (2048, 128, 64),
            (2048, 64, 1),
        ] {
            row(cpu, m, k, n)?;
        }
    }
    Ok(())
}

fn row(cpu: Cpu<'_>, m: usize, k: usize, n: usize) -> Result<(), Box<dyn std::error::Error>> {
    let a = vec![0.5f32; m * k];
    // Several weights, so that those of products of few rows come from memory, as in a model.
    let copies = (100_000_000 / (k * n * 4)).clamp(1, 12);
    let weight = vec![0.25f32; k * n];
    let weights = (0..copies)
        .map(|_| PackedMatrix::new(cpu, &weight, [k, n], [n, 1]))
        .collect::<Result<Vec<_>, _>>()?;
    let mut c = vec![0.0f32; m * n];
    let (mut best, mut peak) = (f64::INFINITY, 0.0f64);
    let flops = 2.0 * (m * k * n) as f64;
    let turns = ((2e10 / flops) as usize / copies).clamp(3, 400);
    for turn in 0..turns {
        for weights in &weights {
            let start = Instant::now();
            gemm(
                cpu,
                Matrix::dense(black_box(&a), m, k),
                weights,
                &mut MatrixMut::dense(&mut c, m, n),
                &Epilogue::default(),
            )?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        if turn % 4 == 0 {
            peak = peak.max(fma_peak(cpu, 1));
        }
    }
    println!(
        "{m:>5} {k:>5} {n:>5} {:>10.1} {:>8.1} {:>5.0}% {:>8.1}",
        best * 1e6,
        flops / best / 1e9,
        100.0 * flops / best / peak,
        (k * n * 4) as f64 / best / 1e9
    );
    Ok(())
}
