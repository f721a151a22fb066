//! Times convolutions and pools against the machine's peak:
//! `cargo run --release -p lessons-compute --example conv [THREADS]`.

use std::hint::black_box;
use std::time::Instant;

use lessons_compute::conv::{Conv2d, conv2d, workspace};
use lessons_compute::cpu::Cpu;
use lessons_compute::elementwise::UnaryOp;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::Then;
use lessons_compute::pool::Pool;
use lessons_compute::pooling::{Pooling, pool2d};
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
            "{threads} thread(s), {}: FMA peak {:.0} GFLOP/s",
            cpu.isa().name(),
            fma_peak(cpu, 20) / 1e9
        );
        println!(
            "{:>5} {:>9} {:>4} {:>6} {:>10} {:>10} {:>8} {:>6}",
            "batch", "channels", "size", "kernel", "pool µs", "conv µs", "GFLOP/s", "peak"
        );
        for (batch, channels, size, kernel) in [
            (256, [1, 32], 28, 3),
            (256, [32, 64], 14, 3),
            (1, [1, 32], 28, 3),
            (1, [32, 64], 14, 3),
            (1, [3, 64], 112, 7),
            (1, [64, 64], 56, 1),
            (1, [64, 64], 56, 3),
            (1, [128, 128], 28, 3),
            (1, [256, 256], 14, 3),
            (1, [512, 512], 7, 3),
        ] {
            row(cpu, batch, channels, size, kernel)?;
        }
    }
    Ok(())
}

/// The convolution of the same size with bias and ReLU, and the largest of each 2x2 window of its result.
fn row(
    cpu: Cpu<'_>,
    batch: usize,
    [from, to]: [usize; 2],
    size: usize,
    kernel: usize,
) -> Result<(), KernelError> {
    let conv = Conv2d {
        batch,
        channels: [from, to],
        groups: 1,
        input: [size; 2],
        kernel: [kernel; 2],
        stride: [1; 2],
        dilation: [1; 2],
        padding: [[kernel / 2; 2]; 2],
    };
    let window = Conv2d {
        channels: [to; 2],
        groups: to,
        kernel: [2; 2],
        stride: [2; 2],
        padding: [[0; 2]; 2],
        ..conv
    };
    let pixels = batch * size * size;
    let input = vec![0.5f32; from * pixels];
    let weight = vec![0.25f32; to * from * kernel * kernel];
    let bias = vec![0.125f32; to];
    let mut out = vec![0.0f32; to * pixels];
    let mut pooled = vec![0.0f32; to * pixels.div_ceil(4)];
    let mut scratch = vec![0.0f32; workspace(cpu, &conv)];
    let then = [Then::Unary(UnaryOp::Relu)];
    let flops = 2.0 * (to * pixels * from * kernel * kernel) as f64;
    let (mut best, mut peak) = ([f64::INFINITY; 2], 0.0f64);
    for _ in 0..((5e9 / flops) as usize).clamp(5, 400) {
        let start = Instant::now();
        conv2d(
            cpu,
            &conv,
            black_box(&input),
            &weight,
            Some(&bias),
            &then,
            &mut out,
            &mut scratch,
        )?;
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        pool2d(cpu, Pooling::Max, &window, black_box(&out), &mut pooled)?;
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        peak = peak.max(fma_peak(cpu, 1));
    }
    println!(
        "{batch:>5} {:>9} {size:>4} {kernel:>6} {:>10.1} {:>10.1} {:>8.1} {:>5.0}%",
        format!("{from}→{to}"),
        best[1] * 1e6,
        best[0] * 1e6,
        flops / best[0] / 1e9,
        100.0 * flops / best[0] / peak,
    );
    Ok(())
}
