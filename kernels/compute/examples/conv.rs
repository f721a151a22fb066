//! Times convolutions and pools against the machine's peak:
//! `cargo run --release -p lessons-compute --example conv [THREADS]`.

use std::hint::black_box;
use std::time::Instant;

use lessons_compute::conv::{
    Conv2d, PackedFilter, Pooled, conv2d, conv2d_packed, packed_workspace, workspace,
};
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
            "{:>5} {:>9} {:>4} {:>6} | {:>8} {:>9} | {:>9} {:>8} {:>5} | {:>9}",
            "batch",
            "channels",
            "size",
            "kernel",
            "pool µs",
            "plain µs",
            "packed µs",
            "GFLOP/s",
            "peak",
            "pooled µs"
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

/// The convolution of the same size with bias and ReLU, and the largest of each 2x2 window of its result: with weights as they
/// are, packed, and packed with the pool in the same kernel.
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
    let filter = PackedFilter::new(cpu, &weight, [to, from, kernel, kernel], 1)?;
    let halves = Pooled {
        kind: Pooling::Max,
        kernel: [2; 2],
        stride: [2; 2],
    };
    let needed = workspace(cpu, &conv).max(packed_workspace(cpu, &conv, None));
    let needed = needed.max(packed_workspace(cpu, &conv, Some(&halves)));
    let mut scratch = vec![0.0f32; needed];
    let then = [Then::Unary(UnaryOp::Relu)];
    let bias = Some(&bias[..]);
    let flops = 2.0 * (to * pixels * from * kernel * kernel) as f64;
    let (mut best, mut peak) = ([f64::INFINITY; 4], 0.0f64);
    for _ in 0..((5e9 / flops) as usize).clamp(5, 400) {
        let mut now = Instant::now();
        let mut lap = |best: &mut f64| {
            *best = best.min(now.elapsed().as_secs_f64());
            now = Instant::now();
        };
        let (input, out) = (black_box(&input), &mut out);
        conv2d(cpu, &conv, input, &weight, bias, &then, out, &mut scratch)?;
        lap(&mut best[0]);
        pool2d(cpu, Pooling::Max, &window, black_box(out), &mut pooled)?;
        lap(&mut best[1]);
        conv2d_packed(
            cpu,
            &conv,
            None,
            input,
            &filter,
            bias,
            &then,
            out,
            &mut scratch,
        )?;
        lap(&mut best[2]);
        let pool = Some(&halves);
        conv2d_packed(
            cpu,
            &conv,
            pool,
            input,
            &filter,
            bias,
            &then,
            &mut pooled,
            &mut scratch,
        )?;
        lap(&mut best[3]);
        peak = peak.max(fma_peak(cpu, 1));
    }
    println!(
        "{batch:>5} {:>9} {size:>4} {kernel:>6} | {:>8.1} {:>9.1} | {:>9.1} {:>8.1} {:>4.0}% | {:>9.1}",
        format!("{from}→{to}"),
        best[1] * 1e6,
        best[0] * 1e6,
        best[2] * 1e6,
        flops / best[2] / 1e9,
        100.0 * flops / best[2] / peak,
        best[3] * 1e6,
    );
    Ok(())
}
