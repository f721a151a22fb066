//! Pooling of images: the largest number or the mean of each window.

mod reference;

pub use reference::pool2d_reference;

use crate::conv::Conv2d;
use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::math;
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};

/// What is computed of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// The largest number, NaN if one is. Padding does not count; a window of padding alone is −∞.
    Max,
    /// The sum divided by the size of the kernel: padding counts as zeros.
    Mean,
    /// The sum divided by the count of numbers that are no padding; NaN without any.
    MeanInside,
}

/// Pools the windows of `window` over `input`, `(batch, channels, height, width)`, into `out`, `(batch, channels, output)`,
/// both without gaps. Of `window`, the numbers of input channels and of groups must be that of output channels: each channel
/// is pooled by itself. Allocates nothing.
///
/// # Errors
/// If a slice is too short; if a stride, dilation or size of the kernel is 0; if the numbers of channels differ.
///
/// ```
/// use lessons_compute::{conv::Conv2d, cpu::Cpu, pooling::{Pooling, pool2d}};
///
/// let window = Conv2d {
///     batch: 1,
///     channels: [1, 1],
///     groups: 1,
///     input: [2, 4],
///     kernel: [2, 2],
///     stride: [2, 2],
///     dilation: [1, 1],
///     padding: [[0, 0], [0, 0]],
/// };
/// let mut out = [0.0; 2];
/// pool2d(Cpu::best(), Pooling::Max, &window, &[1.0, 2.0, 5.0, 6.0, 3.0, 4.0, 7.0, 8.0], &mut out)?;
/// assert_eq!(out, [4.0, 8.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn pool2d(
    cpu: Cpu<'_>,
    kind: Pooling,
    window: &Conv2d,
    input: &[f32],
    out: &mut [f32],
) -> Result<(), KernelError> {
    let [rows, columns] = window.output()?;
    let channels = window.channels[1];
    equal("the number of input channels", channels, window.channels[0])?;
    equal("the number of groups", channels, window.groups)?;
    let [height, width] = window.input;
    let needed = product("the input", &[window.batch, channels, height, width])?;
    long_enough("the input", needed, input.len())?;
    let needed = product("the output", &[window.batch, channels, rows, columns])?;
    long_enough("the output", needed, out.len())?;
    if needed == 0 {
        return Ok(());
    }
    let out = SharedMut::new(out);
    let area = window.kernel[0].saturating_mul(window.kernel[1]);
    let grain = (1usize << 15).div_ceil(area.saturating_mul(columns));
    cpu.pool()
        .for_ranges(window.batch * channels * rows, grain, |range, _| {
            // SAFETY: each task has other rows, and `out` is borrowed until all have ended.
            let to = unsafe { out.part(range.start * columns, range.len() * columns) };
            pool_rows(
                cpu.verified(),
                kind,
                window,
                input,
                [rows, columns, range.start],
                to,
            );
        });
    Ok(())
}

ladder! {
    /// Rows of the output from number `first` on, counted through all channels, of which each has `rows` of `columns`.
    fn pool_rows(kind: Pooling, window: &Conv2d, input: &[f32], sizes: [usize; 3], to: &mut [f32]) = pool_rows_body;
}

#[inline(always)]
fn pool_rows_body<S: Simd>(
    kind: Pooling,
    window: &Conv2d,
    input: &[f32],
    [rows, columns, first]: [usize; 3],
    to: &mut [f32],
) {
    to.fill(match kind {
        Pooling::Max => f32::NEG_INFINITY,
        Pooling::Mean | Pooling::MeanInside => 0.0,
    });
    let [height, width] = window.input;
    let (left, step) = (window.padding[0][1], window.stride[1]);
    for j in 0..window.kernel[1] {
        // Window `x` has, at this place of the kernel, column `x * step + offset - left`.
        let offset = j * window.dilation[1];
        let bound = |at: usize| at.saturating_sub(offset).div_ceil(step);
        let (start, end) = (bound(left), bound(width + left).min(columns));
        if start >= end {
            continue;
        }
        let column = start * step + offset - left;
        let (mut channel, mut y) = (first / rows, first % rows);
        for to in to.chunks_exact_mut(columns) {
            let plane = &input[channel * height * width..][..height * width];
            for i in 0..window.kernel[0] {
                let padded = y * window.stride[0] + i * window.dilation[0];
                let Some(row) = padded.checked_sub(window.padding[0][0]) else {
                    continue;
                };
                if row < height {
                    let from = &plane[row * width..][column..width];
                    join_row(kind, step, from, &mut to[start..end]);
                }
            }
            y += 1;
            if y == rows {
                (y, channel) = (0, channel + 1);
            }
        }
    }
    let area = (window.kernel[0] * window.kernel[1]) as f32;
    match kind {
        Pooling::Max => {}
        Pooling::Mean => to.iter_mut().for_each(|x| *x /= area),
        Pooling::MeanInside => {
            for (row, to) in to.chunks_exact_mut(columns).enumerate() {
                let ys = inside(window, 0, (first + row) % rows * window.stride[0], height);
                for (x, to) in to.iter_mut().enumerate() {
                    let xs = inside(window, 1, x * window.stride[1], width);
                    *to /= (ys.len() * xs.len()) as f32;
                }
            }
        }
    }
}

/// Joins every `step`th number to the windows that have it at the same place.
#[inline(always)]
fn join_row(kind: Pooling, step: usize, from: &[f32], to: &mut [f32]) {
    match step {
        1 => join_steps::<1>(kind, from, to),
        2 => join_steps::<2>(kind, from, to),
        _ => {
            let pairs = to.iter_mut().zip(from.iter().step_by(step));
            match kind {
                Pooling::Max => pairs.for_each(|(to, from)| *to = math::max(*to, *from)),
                Pooling::Mean | Pooling::MeanInside => pairs.for_each(|(to, from)| *to += from),
            }
        }
    }
}

/// As [`join_row`], of a step that the compiler knows.
#[inline(always)]
fn join_steps<const STEP: usize>(kind: Pooling, from: &[f32], to: &mut [f32]) {
    let (whole, rest) = from.as_chunks::<STEP>();
    let (to, last) = to.split_at_mut(to.len().min(whole.len()));
    let ends = last.iter_mut().zip(rest);
    let pairs = to.iter_mut().zip(whole);
    match kind {
        Pooling::Max => {
            pairs.for_each(|(to, from)| *to = math::max(*to, from[0]));
            ends.for_each(|(to, from)| *to = math::max(*to, *from));
        }
        Pooling::Mean | Pooling::MeanInside => {
            pairs.for_each(|(to, from)| *to += from[0]);
            ends.for_each(|(to, from)| *to += from);
        }
    }
}

/// The places of the kernel, along an axis, that lie inside the input when its first is at `first`, counted with the padding.
fn inside(window: &Conv2d, axis: usize, first: usize, size: usize) -> std::ops::Range<usize> {
    let (padding, step) = (window.padding[0][axis], window.dilation[axis]);
    let place = |at: usize| {
        at.saturating_sub(first)
            .div_ceil(step)
            .min(window.kernel[axis])
    };
    let start = place(padding);
    start..place(padding + size).max(start)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test::{assert_close, number, on_every_cpu};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn pooling_agrees_with_the_reference(
            batch in 0..3usize, channels in 0..4usize, input in [0..9usize, 0..15usize], kernel in [1..4usize, 1..4usize],
            stride in [1..4usize, 1..4usize], dilation in [1..3usize, 1..3usize],
            padding in [[0..4usize, 0..4usize], [0..4usize, 0..4usize]], few in prop::collection::vec(number(), 1..60),
        ) {
            let window = Conv2d { batch, channels: [channels; 2], groups: channels, input, kernel, stride, dilation, padding };
            let special: Vec<f32> = (0..batch * channels * input[0] * input[1]).map(|i| few[i % few.len()]).collect();
            let plain: Vec<f32> = special.iter().map(|x| if x.abs() < 100.0 { *x } else { 1.0 }).collect();
            for (kind, data) in [(Pooling::Max, &special), (Pooling::Mean, &plain), (Pooling::MeanInside, &plain)] {
                let expected = pool2d_reference(kind, &window, data).unwrap();
                on_every_cpu(|cpu| {
                    let mut got = vec![7.0; expected.len()];
                    pool2d(cpu, kind, &window, data, &mut got).unwrap();
                    assert_close(&got, &expected, 1e-6, 1e-4, cpu.isa().name());
                });
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let window = Conv2d {
            batch: 1,
            channels: [2, 2],
            groups: 2,
            input: [2, 2],
            kernel: [2, 2],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [[0, 0], [0, 0]],
        };
        let run = |window: &Conv2d, input: usize, out: usize| {
            let (input, mut out) = (vec![0.0; input], vec![0.0; out]);
            pool2d(Cpu::best(), Pooling::Max, window, &input, &mut out)
        };
        assert!(run(&window, 8, 2).is_ok());
        assert!(run(&window, 7, 2).is_err());
        assert!(run(&window, 8, 1).is_err());
        let groups = Conv2d {
            groups: 1,
            ..window
        };
        assert!(run(&groups, 8, 2).is_err());
        let kernel = Conv2d {
            kernel: [0, 1],
            ..window
        };
        assert!(run(&kernel, 8, 2).is_err());
    }
}
