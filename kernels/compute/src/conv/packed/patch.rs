//! A copy of what the windows of a block cover, with the padding.

use super::Conv2d;
use crate::simd::Simd;

/// How a patch lies in memory: row after row, in each channel after channel, so that the channels that are summed up follow one
/// another. Columns that are a stride apart lie side by side, so that
/// neighboring windows always read neighboring numbers: a row is one part for each remainder of a column by the stride.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patch {
    channels: usize,
    /// Rows of the input that it covers.
    rows: usize,
    /// The remainders that the kernel meets.
    remainders: usize,
    /// Columns of each.
    columns: usize,
    /// From the first to the last number of a window, and one.
    reach: [usize; 2],
}

impl Patch {
    /// For windows of a convolution: so many rows of so many.
    pub fn new(conv: &Conv2d, windows: [usize; 2]) -> Patch {
        let reach = [0, 1].map(|axis| (conv.kernel[axis] - 1) * conv.dilation[axis] + 1);
        Patch {
            channels: conv.channels[0] / conv.groups,
            rows: (windows[0] - 1) * conv.stride[0] + reach[0],
            remainders: conv.stride[1].min(reach[1]),
            columns: windows[1] + (reach[1] - 1) / conv.stride[1],
            reach,
        }
    }

    /// From one channel to the next.
    pub fn channel(&self) -> usize {
        self.remainders.saturating_mul(self.columns)
    }

    /// From one row to the next.
    pub fn row(&self) -> usize {
        self.channels.saturating_mul(self.channel())
    }

    pub fn len(&self) -> usize {
        self.rows.saturating_mul(self.row())
    }

    /// Where column `j` of the kernel is for the first window of a row, from where its first column is.
    pub fn place(&self, conv: &Conv2d, j: usize) -> usize {
        let column = j * conv.dilation[1];
        column % conv.stride[1] * self.columns + column / conv.stride[1]
    }

    /// Copies what windows cover, the first of which is in row `first[0]` and column `first[1]` of the windows. `input` is the
    /// channels of one group of an image.
    #[inline(always)]
    pub fn fill<S: Simd>(&self, conv: &Conv2d, first: [usize; 2], input: &[f32], to: &mut [f32]) {
        let [height, width] = conv.input;
        let [[top, left], _] = conv.padding;
        let [y, x] = [0, 1].map(|axis| first[axis] * conv.stride[axis]);
        let inside = y >= top && x >= left && y - top + self.rows <= height;
        let last = x + (self.columns - 1) * conv.stride[1] + self.remainders;
        if !inside || last > width + left {
            to[..self.len()].fill(0.0);
        }
        let plane = height * width;
        if plane == 0 || self.channels == 0 {
            return;
        }
        for remainder in 0..self.remainders {
            let start = x + remainder;
            // Columns of the patch that are inside of the image: the first one, and one behind the last one.
            let bound = |at: usize| {
                at.saturating_sub(start)
                    .div_ceil(conv.stride[1])
                    .min(self.columns)
            };
            let columns = bound(left)..bound(width + left);
            let first = start + columns.start * conv.stride[1];
            if columns.is_empty() {
                continue;
            }
            let columns =
                remainder * self.columns + columns.start..remainder * self.columns + columns.end;
            // In the order in which the image lies in memory, since that may be far away.
            for (channel, from) in input.chunks_exact(plane).take(self.channels).enumerate() {
                for r in 0..self.rows {
                    let row = (y + r).wrapping_sub(top);
                    // Rows between those of the windows are not read.
                    if row >= height || r % conv.stride[0] >= self.reach[0] {
                        continue;
                    }
                    let from = &from[row * width..][first - left..width];
                    let to = &mut to[r * self.row() + channel * self.channel()..];
                    copy::<S>(conv.stride[1], from, &mut to[columns.clone()]);
                }
            }
        }
    }
}

/// Copies every `step`th number.
#[inline(always)]
fn copy<S: Simd>(step: usize, from: &[f32], to: &mut [f32]) {
    if step > 1 {
        let numbers = from.iter().step_by(step);
        return to
            .iter_mut()
            .zip(numbers)
            .for_each(|(to, from)| *to = *from);
    }
    for (from, to) in from[..to.len()]
        .chunks(S::LANES)
        .zip(to.chunks_mut(S::LANES))
    {
        // SAFETY: this runs where `S` is there, and both have as many numbers as the vector, or as are asked for.
        unsafe {
            if to.len() == S::LANES {
                S::store(to.as_mut_ptr(), S::load(from.as_ptr()));
            } else {
                S::store_first(
                    to.as_mut_ptr(),
                    S::load_first(from.as_ptr(), to.len()),
                    to.len(),
                );
            }
        }
    }
}
