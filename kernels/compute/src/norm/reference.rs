//! The slow reference, in f64.

use super::{Norm, NormKind};
use crate::matrix::{Matrix, MatrixMut};

/// Computes what [`normalize`](super::normalize) computes, in f64, rounded once.
///
/// # Panics
/// If a slice is too short.
pub fn normalize_reference(
    norm: &Norm<'_>,
    input: Matrix<'_>,
    residual: Option<Matrix<'_>>,
    out: &mut MatrixMut<'_>,
) {
    let columns = input.columns as f64;
    for i in 0..input.rows {
        let row: Vec<f64> = (0..input.columns)
            .map(|j| {
                let residual = residual.map_or(0.0, |residual| f64::from(residual.row(i)[j]));
                f64::from(input.row(i)[j]) + residual
            })
            .collect();
        let mean = match norm.kind {
            NormKind::Layer => row.iter().sum::<f64>() / columns,
            NormKind::Rms => 0.0,
        };
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / columns;
        let root = (variance + f64::from(norm.epsilon)).sqrt();
        for (j, x) in row.iter().enumerate() {
            let scale = norm.scale.map_or(1.0, |scale| f64::from(scale[j]));
            let bias = norm.bias.map_or(0.0, |bias| f64::from(bias[j]));
            out.data[i * out.stride + j] = ((x - mean) / root * scale + bias) as f32;
        }
    }
}
