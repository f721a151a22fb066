//! What the kernel covers around some pixels, as a panel.

use super::Conv2d;

/// Which pixels of the output a panel is for.
pub(super) struct Panel<'a> {
    pub conv: &'a Conv2d,
    /// Of the output.
    pub columns: usize,
    /// The number of the first pixel, and how many there are.
    pub first: usize,
    pub count: usize,
    /// Of the panel: what is behind the pixels is filled with zeros.
    pub width: usize,
}

impl Panel<'_> {
    /// Writes row after row: for each channel of `input` and each place in the kernel, the number that lies there for each
    /// pixel, 0 in the padding.
    pub fn fill(&self, input: &[f32], to: &mut [f32]) {
        let [height, width] = self.conv.input;
        let [kernel_rows, kernel_columns] = self.conv.kernel;
        let places = kernel_rows * kernel_columns;
        let rows = to.chunks_exact_mut(self.width).take(self.conv.depth());
        for (k, to) in rows.enumerate() {
            let (channel, place) = (k / places, k % places);
            let plane = &input[channel * height * width..][..height * width];
            let (to, behind) = to.split_at_mut(self.count);
            behind.fill(0.0);
            self.fill_row(plane, place / kernel_columns, place % kernel_columns, to);
        }
    }

    /// One place of the kernel, in one channel.
    fn fill_row(&self, plane: &[f32], down: usize, right: usize, to: &mut [f32]) {
        let [height, width] = self.conv.input;
        let ([step_y, step_x], [dilate_y, dilate_x]) = (self.conv.stride, self.conv.dilation);
        let [[top, left], _] = self.conv.padding;
        let (mut y, mut x, mut done) = (self.first / self.columns, self.first % self.columns, 0);
        while done < to.len() {
            let count = (self.columns - x).min(to.len() - done);
            let to = &mut to[done..][..count];
            match (y * step_y + down * dilate_y).checked_sub(top) {
                Some(row) if row < height => {
                    let row = &plane[row * width..][..width];
                    // The pixel at `x + i` reads column `(x + i) * step_x + offset - left`.
                    let offset = right * dilate_x;
                    let before = left
                        .saturating_sub(offset)
                        .div_ceil(step_x)
                        .saturating_sub(x)
                        .min(count);
                    let inside = (width + left)
                        .saturating_sub(offset)
                        .div_ceil(step_x)
                        .saturating_sub(x)
                        .clamp(before, count);
                    to[..before].fill(0.0);
                    to[inside..].fill(0.0);
                    if before < inside {
                        let from = &row[(x + before) * step_x + offset - left..];
                        let to = &mut to[before..inside];
                        if step_x == 1 {
                            to.copy_from_slice(&from[..to.len()]);
                        } else {
                            for (to, from) in to.iter_mut().zip(from.iter().step_by(step_x)) {
                                *to = *from;
                            }
                        }
                    }
                }
                _ => to.fill(0.0),
            }
            done += count;
            (x, y) = (0, y + 1);
        }
    }
}
