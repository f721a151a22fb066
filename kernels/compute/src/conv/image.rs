//! What the kernel covers around some pixels, as a panel.

use super::Conv2d;
use crate::gemm::tile::MAX_COLUMNS;

const ZEROS: [f32; MAX_COLUMNS] = [0.0; MAX_COLUMNS];

/// Pixels of the output that follow one another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    /// The place of the first one in the panel.
    pub at: usize,
    pub count: usize,
    pub image: usize,
    pub y: usize,
    pub x: usize,
}

/// Numbers of a channel that are copied into a row of the panel.
#[derive(Clone, Copy, Default)]
struct Piece {
    at: usize,
    count: usize,
    /// From the channel's numbers in the first image on.
    from: usize,
}

/// The pixels that a panel is for.
pub(super) struct Pixels {
    rows: [Run; MAX_COLUMNS],
    images: [Run; MAX_COLUMNS],
    /// How many there are of either.
    len: [usize; 2],
    /// How many they are.
    pub count: usize,
}

impl Pixels {
    /// `count` pixels of images of `[rows, columns]` from number `first` on, counted through all images.
    #[inline(always)]
    pub fn new([rows, columns]: [usize; 2], first: usize, count: usize) -> Pixels {
        let mut pixels = Pixels {
            rows: [Run::default(); MAX_COLUMNS],
            images: [Run::default(); MAX_COLUMNS],
            len: [0; 2],
            count,
        };
        let line = first / columns;
        let (mut image, mut y, mut x) = (line / rows, line % rows, first % columns);
        let mut at = 0;
        while at < count {
            let run = Run {
                at,
                count: (columns - x).min(count - at),
                image,
                y,
                x,
            };
            pixels.rows[pixels.len[0]] = run;
            pixels.len[0] += 1;
            if at > 0 && y > 0 {
                pixels.images[pixels.len[1] - 1].count += run.count;
            } else {
                pixels.images[pixels.len[1]] = run;
                pixels.len[1] += 1;
            }
            at += run.count;
            (x, y) = (0, y + 1);
            if y == rows {
                (y, image) = (0, image + 1);
            }
        }
        pixels
    }

    /// Cut where a row ends.
    pub fn by_row(&self) -> &[Run] {
        &self.rows[..self.len[0]]
    }

    /// Cut where an image ends.
    pub fn by_image(&self) -> &[Run] {
        &self.images[..self.len[1]]
    }
}

/// Writes the panel of some pixels, row after row: for each channel of the group and each place in the kernel, the number
/// that lies there for each pixel, 0 in the padding. `input` begins with the group's first channel in the first image.
#[inline(always)]
pub(super) fn fill(conv: &Conv2d, pixels: &Pixels, input: &[f32], to: &mut [f32], width: usize) {
    let places = conv.kernel[0] * conv.kernel[1];
    let plane = conv.input[0] * conv.input[1];
    let step = conv.stride[1];
    for place in 0..places {
        let mut pieces = [Piece::default(); MAX_COLUMNS];
        let mut count = 0;
        // What the pieces leave out: before, between and after them.
        let mut zeros = [(0, 0); MAX_COLUMNS + 1];
        let (mut gaps, mut end) = (0, 0);
        for run in pixels.by_row() {
            let Some(piece) = piece(conv, place, run) else {
                continue;
            };
            zeros[gaps] = (end, piece.at);
            gaps += usize::from(end < piece.at);
            end = piece.at + piece.count;
            pieces[count] = piece;
            count += 1;
        }
        zeros[gaps] = (end, width);
        gaps += usize::from(end < width);
        let rows = to.chunks_exact_mut(width).skip(place).step_by(places);
        for (channel, to) in rows.take(conv.channels[0] / conv.groups).enumerate() {
            let from = &input[channel * plane..];
            for piece in &pieces[..count] {
                if step == 1 {
                    copy_over(to, piece.at, from, piece.from, piece.count);
                } else {
                    let numbers = from[piece.from..].iter().step_by(step);
                    let to = &mut to[piece.at..][..piece.count];
                    to.iter_mut()
                        .zip(numbers)
                        .for_each(|(to, from)| *to = *from);
                }
            }
            for &(start, end) in &zeros[..gaps] {
                copy(&mut to[start..end], &ZEROS[..end - start]);
            }
        }
    }
}

/// What a place of the kernel covers for a run of pixels, if any of it is no padding.
#[inline(always)]
fn piece(conv: &Conv2d, place: usize, run: &Run) -> Option<Piece> {
    let [height, width] = conv.input;
    let ([step_y, step_x], [dilate_y, dilate_x]) = (conv.stride, conv.dilation);
    let [[top, left], _] = conv.padding;
    let (down, right) = (place / conv.kernel[1], place % conv.kernel[1]);
    let row = (run.y * step_y + down * dilate_y).checked_sub(top)?;
    if row >= height {
        return None;
    }
    // The pixel at `x + i` reads column `(x + i) * step_x + offset - left`.
    let offset = right * dilate_x;
    let bound = |padded: usize| {
        let pixel = padded.saturating_sub(offset).div_ceil(step_x);
        pixel.saturating_sub(run.x).min(run.count)
    };
    let (before, end) = (bound(left), bound(width + left));
    if before >= end {
        return None;
    }
    let column = (run.x + before) * step_x + offset - left;
    let images = run.image * conv.channels[0] * height * width;
    Some(Piece {
        at: run.at + before,
        count: end - before,
        from: images + row * width + column,
    })
}

/// Copies `count` numbers, and where there is room any number of those behind them: in whole vectors, without a call.
#[inline(always)]
fn copy_over(to: &mut [f32], at: usize, from: &[f32], start: usize, count: usize) {
    let mut done = 0;
    while done < count {
        let (to, from) = (&mut to[at + done..], &from[start + done..]);
        if let (Some(to), Some(from)) = (to.first_chunk_mut::<16>(), from.first_chunk::<16>()) {
            *to = *from;
            done += 16;
        } else {
            let rest = count - done;
            return copy(&mut to[..rest], &from[..rest]);
        }
    }
}

/// Copies at most [`MAX_COLUMNS`] numbers, by pieces of fixed sizes: a loop would become a call, which takes longer than
/// the copy.
#[inline(always)]
pub(super) fn copy(mut to: &mut [f32], mut from: &[f32]) {
    take::<16>(&mut to, &mut from);
    take::<16>(&mut to, &mut from);
    take::<8>(&mut to, &mut from);
    take::<4>(&mut to, &mut from);
    take::<2>(&mut to, &mut from);
    take::<1>(&mut to, &mut from);
}

/// Copies the first `N` numbers, if there are as many, and moves on behind them.
#[inline(always)]
fn take<const N: usize>(to: &mut &mut [f32], from: &mut &[f32]) {
    let Some((first, rest)) = from.split_first_chunk::<N>() else {
        return;
    };
    let place = std::mem::take(to);
    if let Some((place, behind)) = place.split_first_chunk_mut::<N>() {
        *place = *first;
        (*to, *from) = (behind, rest);
    }
}
