//! What becomes of the sums of a strip: neighboring numbers of one row of the output, for one panel's channels.

use super::tile::{MAX_PIXELS, max_pixels};
use super::{Job, Pooled};
use crate::elementwise::{BLOCK, Values, binary, unary};
use crate::gemm::{MAX_OPERANDS, Operand, Then};
use crate::isa::Isa;
use crate::pooling::Pooling;
use crate::simd::Simd;

/// How many windows of the pool, or numbers where there is none, one tile of sums covers at most.
pub(super) fn windows_of_tile(isa: Isa, pool: &Pooled) -> usize {
    (max_pixels(isa) - pool.kernel[1]) / pool.stride[1] + 1
}

/// How many of them a strip has at most.
pub(super) fn windows(isa: Isa, pool: &Pooled) -> usize {
    let of_tile = windows_of_tile(isa, pool);
    of_tile * (max_pixels(isa) / of_tile).max(1)
}

/// Numbers of memory for the sums of a strip, twice: steps read one copy and write the other. Of either, more rows are read
/// than there are windows: whole vectors of them.
pub(super) fn memory(panel: usize, pool: &Pooled) -> usize {
    let pixels = MAX_PIXELS * pool.stride[1] + 2;
    2 * pool.kernel[0] * pixels * panel
}

/// What a pool makes of sums: `kernel[0]` rows of `pixels` pixels of `row` channels each. Where the result is.
#[inline(always)]
pub(super) fn pool<'s, S: Simd>(
    job: &Job<'_>,
    pool: &Pooled,
    [pixels, row]: [usize; 2],
    sums: &'s mut [f32],
    spare: &'s mut [f32],
) -> &'s [f32] {
    let all = pool.kernel[0] * pixels * row;
    let (mut from, mut to) = (sums, spare);
    if !job.late {
        steps(job, all, &mut from, &mut to);
    }
    let windows = (pixels - pool.kernel[1]) / pool.stride[1] + 1;
    assert!(all <= from.len() && windows * row <= to.len() && row % S::LANES == 0);
    // SAFETY: this runs where `S` is there. All windows lie within the sums, whose length was just checked, and so was that
    // of the result.
    unsafe {
        let (from, to) = (from.as_ptr(), to.as_mut_ptr());
        match (pool.kind, pool.kernel) {
            // The most frequent one by far: four loads without a loop.
            (Pooling::Max, [2, 2]) => {
                for window in 0..windows {
                    let first = from.add(window * pool.stride[1] * row);
                    for lane in (0..row).step_by(S::LANES) {
                        let at = |pixel: usize| first.add(pixel * row + lane);
                        let upper = S::max(S::load(at(0)), S::load(at(1)));
                        let lower = S::max(S::load(at(pixels)), S::load(at(pixels + 1)));
                        S::store(to.add(window * row + lane), S::max(upper, lower));
                    }
                }
            }
            _ => {
                for at in (0..windows * row).step_by(S::LANES) {
                    let (window, lane) = (at / row, at % row);
                    let first = from.add(window * pool.stride[1] * row + lane);
                    let mut value = S::load(first);
                    for i in 0..pool.kernel[0] {
                        for j in usize::from(i == 0)..pool.kernel[1] {
                            let next = S::load(first.add((i * pixels + j) * row));
                            value = match pool.kind {
                                Pooling::Max => S::max(value, next),
                                Pooling::Mean | Pooling::MeanInside => S::add(value, next),
                            };
                        }
                    }
                    if pool.kind != Pooling::Max {
                        let area = (pool.kernel[0] * pool.kernel[1]) as f32;
                        value = S::div(value, S::splat(area));
                    }
                    S::store(to.add(at), value);
                }
            }
        }
    }
    std::mem::swap(&mut from, &mut to);
    if job.late {
        steps(job, windows * row, &mut from, &mut to);
    }
    from
}

/// Does the steps before a pool, which read no operands but scalars.
fn steps<'s>(job: &Job<'_>, len: usize, from: &mut &'s mut [f32], to: &mut &'s mut [f32]) {
    let scalar = |operand: &Operand<'_>| match *operand {
        Operand::Scalar(value) => Values::Scalar(value),
        _ => unreachable!("steps before a pool read no operands"),
    };
    for then in job.then {
        let (values, out) = (Values::Slice(&from[..len]), &mut to[..len]);
        match then {
            Then::Unary(op) => unary(job.isa, *op, out, values),
            Then::Binary(op, operand) => binary(job.isa, *op, out, values, scalar(operand)),
            Then::Program(program, operands) => {
                let mut inputs = [values; MAX_OPERANDS + 1];
                for (input, operand) in inputs[1..].iter_mut().zip(*operands) {
                    *input = scalar(operand);
                }
                for (from, to) in from[..len].chunks(BLOCK).zip(to[..len].chunks_mut(BLOCK)) {
                    inputs[0] = Values::Slice(from);
                    program.run_block_of(job.isa, &inputs[..operands.len() + 1], to);
                }
            }
        }
        std::mem::swap(from, to);
    }
}
