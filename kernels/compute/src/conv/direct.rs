//! Convolutions of few channels whose kernel moves by one: what it covers around neighboring pixels are neighbors too, so that the products
//! read it where it lies, in a copy of the image with its padding.
//!
//! Pixels are counted through rows of the padded image. So there are some behind the end of each row that nobody asked for;
//! they are computed, and left out.

use super::image::copy;
use super::{Conv2d, Job};
use crate::gemm::epilogue::{Place, Scratch, apply};
use crate::gemm::tile::{self, GROUP, MAX_COLUMNS, MAX_ROWS, VECTORS, add_products, opaque};
use crate::simd::Simd;

/// The most numbers that are copied: more would not stay in the second-level cache.
const LARGEST: usize = 1 << 18;

/// The most channels that are copied. Each step of a sum is at another place of the kernel or in another channel, and with
/// more channels those lie on more pages than a processor keeps at hand: panels are faster then.
const CHANNELS: usize = 64;

/// The height and width of a padded image.
fn padded(conv: &Conv2d) -> [usize; 2] {
    let [before, after] = conv.padding;
    [0, 1].map(|axis| {
        let size = conv.input[axis].saturating_add(before[axis]);
        size.saturating_add(after[axis])
    })
}

/// How many numbers of scratch memory a thread needs with panels of a width; `None` where panels of pixels are better: the
/// kernel does not move by one or is a single number, or there are too many channels or numbers.
pub(super) fn memory(conv: &Conv2d, width: usize) -> Option<usize> {
    let [height, columns] = padded(conv);
    let channels = conv.channels[0].checked_div(conv.groups)?;
    let len = channels.checked_mul(height.checked_mul(columns)?)?;
    // The last panel reaches over the end.
    let with_end = (len.checked_add(width)?).next_multiple_of(16);
    let covers = conv.stride == [1, 1] && conv.kernel != [1, 1];
    (covers && channels <= CHANNELS && len <= LARGEST).then_some(with_end)
}

/// Copies the channels of a group into planes with padding.
#[inline(always)]
fn pad(conv: &Conv2d, from: &[f32], to: &mut [f32]) {
    let [height, width] = conv.input;
    if height * width == 0 {
        return to.fill(0.0);
    }
    let ([_, columns], [[top, left], _]) = (padded(conv), conv.padding);
    let planes = to.chunks_exact_mut(padded(conv)[0] * columns);
    for (to, from) in planes.zip(from.chunks_exact(height * width)) {
        to.fill(0.0);
        let rows = to[top * columns..].chunks_exact_mut(columns);
        for (to, from) in rows.zip(from.chunks_exact(width)) {
            let to = &mut to[left..][..width];
            if width <= MAX_COLUMNS {
                copy(to, from);
            } else {
                to.copy_from_slice(from);
            }
        }
    }
}

/// Pixels of a panel that are some of the result.
#[derive(Clone, Copy, Default)]
struct Piece {
    from: usize,
    at: usize,
    count: usize,
}

/// One of `parts` parts of an image, in all output channels of a group.
#[inline(always)]
pub(super) fn image_body<S: Simd>(
    job: &Job<'_>,
    [image, group]: [usize; 2],
    [part, parts]: [usize; 2],
    scratch: &mut [f32],
) {
    let conv = job.conv;
    let [from, to] = conv.channels.map(|channels| channels / conv.groups);
    let plane = conv.input[0] * conv.input[1];
    let [height, stride] = padded(conv);
    let channel = image * conv.channels[0] + group * from;
    let channels = &job.input[channel * plane..][..from * plane];
    pad(conv, channels, &mut scratch[..from * height * stride]);

    let width = VECTORS * S::LANES;
    let [rows, columns] = job.output;
    let total = (rows - 1) * stride + columns;
    let panels = tile::cut(total.div_ceil(width), parts, part);
    let depth = conv.depth();
    let tiles = to.div_ceil(tile::max_rows::<S>());
    let (mut products, mut spare) = (Scratch::ZERO, Scratch::ZERO);
    let zeros = [0.0; MAX_ROWS];
    for number in 0..tiles {
        let tile = tile::cut(to, tiles, number);
        let row = group * to + tile.start;
        let bias = match job.bias {
            Some(bias) => &bias[row..][..tile.len()],
            None => &zeros[..tile.len()],
        };
        for panel in panels.clone() {
            let first = panel * width;
            let sum = Sum {
                a: job.weight[row * depth..].as_ptr(),
                a_row: depth,
                b: scratch.as_ptr().wrapping_add(first),
                // From channel to channel, row to row and column to column of the kernel.
                steps: [height * stride, conv.dilation[0] * stride, conv.dilation[1]],
                counts: [from, conv.kernel[0], conv.kernel[1]],
                bias,
                c: products.0.as_mut_ptr(),
            };
            // SAFETY: this runs where `S` is there. The weights were checked: from `row` on there are the tile's rows. The
            // kernel reaches from the last pixel to the last number of the image, and behind that there is a panel's width of
            // scratch memory. `products` has room for the largest tile.
            unsafe { sum.run::<S>() };
            let mut pieces = [Piece::default(); MAX_COLUMNS];
            let (mut len, mut count) = (0, 0);
            let end = total.min(first + width);
            let (mut at, mut y, mut x) = (first, first / stride, first % stride);
            let pixel = y * columns + x.min(columns);
            while at < end {
                if x < columns {
                    let piece = Piece {
                        from: at - first,
                        at: count,
                        count: (columns - x).min(end - at),
                    };
                    (pieces[len], len) = (piece, len + 1);
                    count += piece.count;
                }
                at += stride - x;
                (x, y) = (0, y + 1);
            }
            for i in 0..tile.len() {
                for piece in &pieces[..len] {
                    let from = &products.0[i * width + piece.from..][..piece.count];
                    copy(&mut spare.0[i * width + piece.at..][..piece.count], from);
                }
            }
            let place = Place {
                row: image * conv.channels[1] + row,
                rows: tile.len(),
                column: pixel,
                columns: count,
                width,
            };
            let done = apply(job.isa, job.then, place, &mut spare, &mut products);
            for (i, done) in done.0.chunks_exact(width).take(tile.len()).enumerate() {
                let at = (place.row + i) * rows * columns + pixel;
                // SAFETY: each task has other images, groups or panels, and the output is borrowed until all have ended.
                copy(unsafe { job.out.part(at, count) }, &done[..count]);
            }
        }
    }
}

/// The sums of a tile: `bias.len()` rows and two vectors' columns.
struct Sum<'a> {
    /// Row `i` at step `k` is `a[i * a_row + k]`.
    a: *const f32,
    a_row: usize,
    /// The numbers that belong to the first step.
    b: *const f32,
    steps: [usize; 3],
    counts: [usize; 3],
    bias: &'a [f32],
    c: *mut f32,
}

impl Sum<'_> {
    /// # Safety
    /// The machine has the instruction set of `S`; all that the pointers reach is there.
    #[inline(always)]
    unsafe fn run<S: Simd>(&self) {
        // SAFETY: as the caller says.
        unsafe {
            match self.bias.len() {
                1 => self.rows::<S, 1>(),
                2 => self.rows::<S, 2>(),
                3 => self.rows::<S, 3>(),
                4 => self.rows::<S, 4>(),
                5 => self.rows::<S, 5>(),
                6 => self.rows::<S, 6>(),
                7 if tile::max_rows::<S>() >= 7 => self.rows::<S, 7>(),
                8 if tile::max_rows::<S>() >= 8 => self.rows::<S, 8>(),
                9 if tile::max_rows::<S>() >= 9 => self.rows::<S, 9>(),
                10 if tile::max_rows::<S>() >= 10 => self.rows::<S, 10>(),
                11 if tile::max_rows::<S>() >= 11 => self.rows::<S, 11>(),
                12 if tile::max_rows::<S>() >= 12 => self.rows::<S, 12>(),
                _ => unreachable!("a tile has from 1 to {} rows", tile::max_rows::<S>()),
            }
        }
    }

    #[inline(always)]
    unsafe fn rows<S: Simd, const ROWS: usize>(&self) {
        // SAFETY: all addresses are those that the caller says are there; pointers past the ends are not followed.
        unsafe {
            let mut sums = [[S::splat(0.0); VECTORS]; ROWS];
            for (sums, &bias) in sums.iter_mut().zip(self.bias) {
                *sums = [S::splat(bias); VECTORS];
            }
            let mut groups = [self.a; MAX_ROWS / GROUP];
            for (i, group) in groups.iter_mut().enumerate() {
                *group = self.a.wrapping_add(i * GROUP * self.a_row);
            }
            let mut channel = self.b;
            for _ in 0..self.counts[0] {
                let mut line = channel;
                for _ in 0..self.counts[1] {
                    let mut b = line;
                    for _ in 0..self.counts[2] {
                        add_products::<S, ROWS>(&mut sums, self.a_row, &groups, 0, b);
                        for group in &mut groups {
                            *group = opaque(group.wrapping_add(1));
                        }
                        b = b.wrapping_add(self.steps[2]);
                    }
                    line = line.wrapping_add(self.steps[1]);
                }
                channel = channel.wrapping_add(self.steps[0]);
            }
            for (i, sums) in sums.iter().enumerate() {
                for (v, &sum) in sums.iter().enumerate() {
                    S::store(self.c.add((i * VECTORS + v) * S::LANES), sum);
                }
            }
        }
    }
}
