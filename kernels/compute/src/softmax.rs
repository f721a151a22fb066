//! Softmax and its logarithm over rows.

mod reference;
#[cfg(test)]
mod tests;

pub use reference::softmax_reference;

use crate::cpu::Cpu;
use crate::error::{KernelError, equal};
use crate::lanes::{self, LANES};
use crate::math;
use crate::matrix::{Matrix, MatrixMut};
use crate::simd::{Simd, ladder};

/// What is computed of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Softmax {
    /// `e^(x - max) / Σ e^(x - max)`.
    Probabilities,
    /// `x - max - ln Σ e^(x - max)`.
    Logarithms,
}

/// Writes the softmax of each row of `input` to `out`. A row with a NaN or a +∞ becomes NaN, and so does one of −∞ alone.
///
/// # Errors
/// If the sizes differ or a slice is too short.
///
/// ```
/// use lessons_compute::{cpu::Cpu, matrix::{Matrix, MatrixMut}, softmax::{Softmax, softmax}};
///
/// let mut out = [0.0; 2];
/// let to = &mut MatrixMut::dense(&mut out, 1, 2);
/// softmax(Cpu::best(), Softmax::Probabilities, Matrix::dense(&[3.0, 3.0], 1, 2), to)?;
/// assert_eq!(out, [0.5, 0.5]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn softmax(
    cpu: Cpu<'_>,
    kind: Softmax,
    input: Matrix<'_>,
    out: &mut MatrixMut<'_>,
) -> Result<(), KernelError> {
    input.check("the input")?;
    out.check("the output")?;
    equal("the number of rows of the output", input.rows, out.rows)?;
    equal(
        "the number of columns of the output",
        input.columns,
        out.columns,
    )?;
    out.for_each_row(cpu, 8, |row, out| {
        let input = input.row(row);
        match kind {
            Softmax::Probabilities => {
                let scale = 1.0 / exponentials(cpu.verified(), input, out);
                multiply(cpu.verified(), scale, out);
            }
            Softmax::Logarithms => logarithms(cpu.verified(), input, out),
        }
    });
    Ok(())
}

ladder! {
    /// Writes `e^(x - max)` to `out` and returns the sum.
    fn exponentials(input: &[f32], out: &mut [f32]) -> f32 = exponentials_body;
    fn multiply(factor: f32, row: &mut [f32]) = multiply_body;
    fn logarithms(input: &[f32], out: &mut [f32]) = logarithms_body;
}

#[inline(always)]
fn exponentials_body<S: Simd>(input: &[f32], out: &mut [f32]) -> f32 {
    out.copy_from_slice(input);
    exponentials_in_place_body::<S>(out)
}

#[inline(always)]
pub(crate) fn exponentials_in_place_body<S: Simd>(row: &mut [f32]) -> f32 {
    let max = lanes::max(row);
    let mut sums = [0.0; LANES];
    let (blocks, rest) = row.as_chunks_mut::<LANES>();
    for block in blocks {
        for (x, sum) in block.iter_mut().zip(&mut sums) {
            *x = math::exp::<S>(*x - max);
            *sum += *x;
        }
    }
    if !rest.is_empty() {
        // e^-∞ adds nothing.
        let mut block = [f32::NEG_INFINITY; LANES];
        block[..rest.len()].copy_from_slice(rest);
        for (x, sum) in block.iter_mut().zip(&mut sums) {
            *x = math::exp::<S>(*x - max);
            *sum += *x;
        }
        rest.copy_from_slice(&block[..rest.len()]);
    }
    lanes::total(sums)
}

#[inline(always)]
fn multiply_body<S: Simd>(factor: f32, row: &mut [f32]) {
    row.iter_mut().for_each(|x| *x *= factor);
}

#[inline(always)]
fn logarithms_body<S: Simd>(input: &[f32], out: &mut [f32]) {
    let sum = exponentials_body::<S>(input, out);
    let (max, log) = (lanes::max(input), math::log::<S>(sum));
    for (to, x) in out.iter_mut().zip(input) {
        *to = (x - max) - log;
    }
}
