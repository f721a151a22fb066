//! The slow reference, in f64.

use super::Softmax;
use crate::matrix::{Matrix, MatrixMut};

/// Computes what [`softmax`](super::softmax) computes, in f64, rounded once.
///
/// # Panics
/// If a slice is too short.
pub fn softmax_reference(kind: Softmax, input: Matrix<'_>, out: &mut MatrixMut<'_>) {
    for i in 0..input.rows {
        let row = input.row(i);
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let shifted = || row.iter().map(|&x| f64::from(x) - f64::from(max));
        let sum: f64 = shifted().map(f64::exp).sum();
        for (j, x) in shifted().enumerate() {
            out.data[i * out.stride + j] = match kind {
                Softmax::Probabilities => x.exp() / sum,
                Softmax::Logarithms => x - sum.ln(),
            } as f32;
        }
    }
}
