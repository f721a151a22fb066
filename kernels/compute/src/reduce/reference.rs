//! The slow reference, in f64.

use super::Reduce;

/// Computes what [`reduce`](super::reduce) computes, in f64, one number after the other, rounded once.
///
/// # Panics
/// If a slice is too short.
pub fn reduce_reference(
    kind: Reduce,
    input: &[f32],
    [outer, middle, inner]: [usize; 3],
    out: &mut [f32],
) {
    for (i, j) in (0..outer).flat_map(|i| (0..inner).map(move |j| (i, j))) {
        let numbers = (0..middle).map(|k| f64::from(input[(i * middle + k) * inner + j]));
        let result = match kind {
            Reduce::Sum => numbers.sum(),
            Reduce::Mean => numbers.sum::<f64>() / middle as f64,
            Reduce::Product => numbers.product(),
            Reduce::Max => numbers.fold(
                f64::NEG_INFINITY,
                |a, b| {
                    if a > b || a.is_nan() { a } else { b }
                },
            ),
            Reduce::Min => numbers.fold(
                f64::INFINITY,
                |a, b| {
                    if a < b || a.is_nan() { a } else { b }
                },
            ),
        };
        out[i * inner + j] = result as f32;
    }
}
