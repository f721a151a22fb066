//! Sums, means, extremes and products of an array along some of its axes.

mod reference;
#[cfg(test)]
mod tests;

pub use reference::reduce_reference;

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::lanes::LANES;
use crate::math;
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};

/// What is computed of many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// 0 of none.
    Sum,
    /// NaN of none.
    Mean,
    /// The largest, NaN if one is; −∞ of none.
    Max,
    /// The smallest, NaN if one is; ∞ of none.
    Min,
    /// 1 of none.
    Product,
}

/// Numbers that are reduced side by side: output columns of one task.
const COLUMNS: usize = 512;

/// Numbers that are worth a task.
const TASK: usize = 1 << 15;

/// Reduces the middle axis of `input`, `(outer, middle, inner)` without gaps, to `out`, `(outer, inner)`. Neighboring axes are
/// one: the sum over all is `[1, n, 1]`, over rows `[rows, columns, 1]`, over columns `[1, rows, columns]`. Sums are kept as
/// partial sums in an order that depends on the sizes alone. Allocates nothing.
///
/// # Errors
/// If `input` or `out` is too short.
///
/// ```
/// use lessons_compute::{cpu::Cpu, reduce::{Reduce, reduce}};
///
/// let mut sums = [0.0; 2];
/// reduce(Cpu::best(), Reduce::Sum, &[1.0, 2.0, 3.0, 4.0], [2, 2, 1], &mut sums)?;
/// assert_eq!(sums, [3.0, 7.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn reduce(
    cpu: Cpu<'_>,
    kind: Reduce,
    input: &[f32],
    [outer, middle, inner]: [usize; 3],
    out: &mut [f32],
) -> Result<(), KernelError> {
    let needed = product("the input", &[outer, middle, inner])?;
    long_enough("the input", needed, input.len())?;
    let results = product("the output", &[outer, inner])?;
    equal("the length of the output", results, out.len())?;
    if results == 0 {
        return Ok(());
    }
    let to = SharedMut::new(out);
    if inner == 1 {
        cpu.pool()
            .for_ranges(outer, TASK.div_ceil(middle.max(1)), |range, _| {
                // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
                let to = unsafe { to.part(range.start, range.len()) };
                for (i, to) in range.zip(to) {
                    *to = row(cpu.verified(), kind, &input[i * middle..][..middle]);
                }
            });
        return Ok(());
    }
    let pieces = inner.div_ceil(COLUMNS);
    let grain = TASK.div_ceil(middle.max(1).saturating_mul(inner.min(COLUMNS)));
    cpu.pool().for_ranges(outer * pieces, grain, |range, _| {
        for task in range {
            let (i, first) = (task / pieces, task % pieces * COLUMNS);
            let width = COLUMNS.min(inner - first);
            // SAFETY: as above.
            let to = unsafe { to.part(i * inner + first, width) };
            let from = &input[(i * middle * inner + first).min(input.len())..];
            columns(cpu.verified(), kind, from, middle, inner, to);
        }
    });
    Ok(())
}

/// An operation that many numbers are joined by. Types, because closures are not always inlined and then not vectorized.
trait Fold {
    const START: f32;
    fn join(a: f32, b: f32) -> f32;
}

macro_rules! fold {
    ($name:ident, $start:expr, |$a:ident, $b:ident| $value:expr) => {
        struct $name;

        impl Fold for $name {
            const START: f32 = $start;

            #[inline(always)]
            fn join($a: f32, $b: f32) -> f32 {
                $value
            }
        }
    };
}
fold!(Sum, 0.0, |a, b| a + b);
fold!(Max, f32::NEG_INFINITY, |a, b| math::max(a, b));
fold!(Min, f32::INFINITY, |a, b| math::min(a, b));
fold!(Product, 1.0, |a, b| a * b);

ladder! {
    fn row(kind: Reduce, row: &[f32]) -> f32 = row_body;
    fn columns(kind: Reduce, from: &[f32], rows: usize, stride: usize, to: &mut [f32]) = columns_body;
}

/// So many rows are added up, and the sums of these then: the error grows with their number and with the number of groups, not
/// with the product of both.
const GROUP: usize = 512;

/// A long row is cut into pieces for the same reason.
const PIECE: usize = LANES * 64;

#[inline(always)]
fn row_body<S: Simd>(kind: Reduce, row: &[f32]) -> f32 {
    match kind {
        Reduce::Sum => fold_row::<Sum>(row),
        Reduce::Mean => fold_row::<Sum>(row) / row.len() as f32,
        Reduce::Max => fold_row::<Max>(row),
        Reduce::Min => fold_row::<Min>(row),
        Reduce::Product => fold_row::<Product>(row),
    }
}

#[inline(always)]
fn fold_row<F: Fold>(row: &[f32]) -> f32 {
    let mut result = F::START;
    for piece in row.chunks(PIECE) {
        let mut lanes = [F::START; LANES];
        let (blocks, rest) = piece.as_chunks::<LANES>();
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane = F::join(*lane, x);
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane = F::join(*lane, x);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = F::join(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        result = F::join(result, lanes[0]);
    }
    result
}

#[inline(always)]
fn columns_body<S: Simd>(kind: Reduce, from: &[f32], rows: usize, stride: usize, to: &mut [f32]) {
    match kind {
        Reduce::Sum | Reduce::Mean => fold_columns::<Sum>(from, rows, stride, to),
        Reduce::Max => fold_columns::<Max>(from, rows, stride, to),
        Reduce::Min => fold_columns::<Min>(from, rows, stride, to),
        Reduce::Product => fold_columns::<Product>(from, rows, stride, to),
    }
    if kind == Reduce::Mean {
        to.iter_mut().for_each(|x| *x /= rows as f32);
    }
}

#[inline(always)]
fn fold_columns<F: Fold>(from: &[f32], rows: usize, stride: usize, to: &mut [f32]) {
    let width = to.len();
    let mut partial = [F::START; COLUMNS];
    let partial = &mut partial[..width];
    to.fill(F::START);
    for group in (0..rows).step_by(GROUP) {
        partial.fill(F::START);
        for i in group..rows.min(group + GROUP) {
            for (sum, &x) in partial.iter_mut().zip(&from[i * stride..][..width]) {
                *sum = F::join(*sum, x);
            }
        }
        for (to, &sum) in to.iter_mut().zip(&*partial) {
            *to = F::join(*to, sum);
        }
    }
}
