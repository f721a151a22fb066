//! The slow reference, in f64.

use super::Conv2d;
use crate::error::KernelError;

/// Computes the convolution and the bias of [`conv2d`](super::conv2d), in f64, rounded once.
///
/// # Errors
/// If [`Conv2d::output`] fails.
///
/// # Panics
/// If a slice is too short.
pub fn conv2d_reference(
    conv: &Conv2d,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) -> Result<(), KernelError> {
    let [rows, columns] = conv.output()?;
    let [height, width] = conv.input;
    let [from, to] = conv.channels.map(|channels| channels / conv.groups);
    let mut position = 0;
    for image in 0..conv.batch {
        for channel in 0..conv.channels[1] {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let mut sum = bias.map_or(0.0, |bias| f64::from(bias[channel]));
                for c in 0..from {
                    let plane = image * conv.channels[0] + channel / to * from + c;
                    for (i, j) in
                        (0..conv.kernel[0]).flat_map(|i| (0..conv.kernel[1]).map(move |j| (i, j)))
                    {
                        let row = (y * conv.stride[0] + i * conv.dilation[0])
                            .checked_sub(conv.padding[0][0]);
                        let column = (x * conv.stride[1] + j * conv.dilation[1])
                            .checked_sub(conv.padding[0][1]);
                        let (Some(row), Some(column)) = (row, column) else {
                            continue;
                        };
                        if row < height && column < width {
                            let w =
                                ((channel * from + c) * conv.kernel[0] + i) * conv.kernel[1] + j;
                            sum += f64::from(weight[w])
                                * f64::from(input[(plane * height + row) * width + column]);
                        }
                    }
                }
                out[position] = sum as f32;
                position += 1;
            }
        }
    }
    Ok(())
}
