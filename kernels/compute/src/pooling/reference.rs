//! The slow reference, in f64.

use super::Pooling;
use crate::conv::Conv2d;
use crate::error::KernelError;

/// The slow reference of [`pool2d`]: every place of every window, in f64.
///
/// # Errors
/// If [`Conv2d::output`] fails.
///
/// # Panics
/// If the input is too short.
pub fn pool2d_reference(
    kind: Pooling,
    window: &Conv2d,
    input: &[f32],
) -> Result<Vec<f32>, KernelError> {
    let [rows, columns] = window.output()?;
    let [height, width] = window.input;
    let mut out = Vec::new();
    for plane in 0..window.batch * window.channels[0] {
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let (mut sum, mut count, mut max) = (0.0f64, 0, f64::NEG_INFINITY);
            for i in 0..window.kernel[0] {
                for j in 0..window.kernel[1] {
                    let at = |axis: usize, first: usize, place: usize| {
                        (first * window.stride[axis] + place * window.dilation[axis])
                            .checked_sub(window.padding[0][axis])
                    };
                    let (Some(row), Some(column)) = (at(0, y, i), at(1, x, j)) else {
                        continue;
                    };
                    if row < height && column < width {
                        let value = f64::from(input[(plane * height + row) * width + column]);
                        sum += value;
                        count += 1;
                        max = if value > max || value.is_nan() {
                            value
                        } else {
                            max
                        };
                    }
                }
            }
            out.push(match kind {
                Pooling::Max => max,
                Pooling::Mean => sum / (window.kernel[0] * window.kernel[1]) as f64,
                Pooling::MeanInside => sum / f64::from(count),
            } as f32);
        }
    }
    Ok(out)
}
