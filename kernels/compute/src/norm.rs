//! Normalization of rows: LayerNorm and RMSNorm, with the addition of a residual in the same pass.

mod reference;
#[cfg(test)]
mod tests;

pub use reference::normalize_reference;

use crate::cpu::Cpu;
use crate::error::{KernelError, equal};
use crate::lanes;
use crate::matrix::{Matrix, MatrixMut};
use crate::simd::{Simd, ladder};

/// How rows are normalized.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    pub kind: NormKind,
    /// Added to the variance, or to the mean square, before its root is taken.
    pub epsilon: f32,
    /// A factor for each column.
    pub scale: Option<&'a [f32]>,
    /// A number for each column, added last.
    pub bias: Option<&'a [f32]>,
}

/// By what a row is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormKind {
    /// `(x - mean) / √(variance + ε)` (Ba, Kiros and Hinton, 2016); the variance has the number of columns as divisor.
    Layer,
    /// `x / √(mean square + ε)` (Zhang and Sennrich, 2019).
    Rms,
}

/// Writes `norm(input + residual)`, row by row, to `out`. The variance is that of the distances from the mean, in a second
/// pass over a row that is in the cache, so large means cost no digits.
///
/// # Errors
/// If the sizes differ or a slice is too short.
///
/// ```
/// use lessons_compute::cpu::Cpu;
/// use lessons_compute::matrix::{Matrix, MatrixMut};
/// use lessons_compute::norm::{Norm, NormKind, normalize};
///
/// let norm = Norm { kind: NormKind::Layer, epsilon: 0.0, scale: Some(&[1.0, 2.0]), bias: None };
/// let mut out = [0.0; 2];
/// let to = &mut MatrixMut::dense(&mut out, 1, 2);
/// normalize(Cpu::best(), &norm, Matrix::dense(&[3.0, 5.0], 1, 2), None, to)?;
/// assert_eq!(out, [-1.0, 2.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn normalize(
    cpu: Cpu<'_>,
    norm: &Norm<'_>,
    input: Matrix<'_>,
    residual: Option<Matrix<'_>>,
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
    if let Some(residual) = &residual {
        residual.check("the residual")?;
        equal(
            "the number of rows of the residual",
            input.rows,
            residual.rows,
        )?;
        equal(
            "the number of columns of the residual",
            input.columns,
            residual.columns,
        )?;
    }
    for (what, data) in [
        ("the length of the scale", norm.scale),
        ("the length of the bias", norm.bias),
    ] {
        if let Some(data) = data {
            equal(what, input.columns, data.len())?;
        }
    }
    out.for_each_row(cpu, 2, |row, out| {
        let residual = residual.as_ref().map(|residual| residual.row(row));
        normalize_row(cpu.verified(), norm, input.row(row), residual, out);
    });
    Ok(())
}

ladder! {
    fn normalize_row(norm: &Norm<'_>, input: &[f32], residual: Option<&[f32]>, out: &mut [f32]) = normalize_row_body;
}

#[inline(always)]
fn normalize_row_body<S: Simd>(
    norm: &Norm<'_>,
    input: &[f32],
    residual: Option<&[f32]>,
    out: &mut [f32],
) {
    match residual {
        None => out.copy_from_slice(input),
        Some(residual) => {
            for ((to, x), r) in out.iter_mut().zip(input).zip(residual) {
                *to = x + r;
            }
        }
    }
    let columns = out.len() as f32;
    let mean = match norm.kind {
        NormKind::Layer => lanes::sum(out) / columns,
        NormKind::Rms => 0.0,
    };
    let variance = lanes::square_sum(out, mean) / columns;
    let factor = 1.0 / (variance + norm.epsilon).sqrt();
    match (norm.scale, norm.bias) {
        (None, None) => out.iter_mut().for_each(|x| *x = (*x - mean) * factor),
        (Some(scale), None) => {
            for (x, scale) in out.iter_mut().zip(scale) {
                *x = (*x - mean) * factor * scale;
            }
        }
        (None, Some(bias)) => {
            for (x, bias) in out.iter_mut().zip(bias) {
                *x = (*x - mean) * factor + bias;
            }
        }
        (Some(scale), Some(bias)) => {
            for ((x, scale), bias) in out.iter_mut().zip(scale).zip(bias) {
                *x = S::mul_add((*x - mean) * factor, *scale, *bias);
            }
        }
    }
}
