//! One block of the output of one group, panel after panel.

use super::filter::MAX_WIDTH;
use super::tile::Tile;
use super::{Job, Pooled, strip};
use crate::gemm::epilogue::{Place, Scratch, apply};
use crate::gemm::tile::{MAX_COLUMNS, VECTORS, cut};
use crate::simd::Simd;

/// Numbers of a row of a strip that is turned into rows of channels.
const fn turned_row<S: Simd>() -> usize {
    if S::LANES == 16 || cfg!(target_arch = "aarch64") {
        16
    } else {
        8
    }
}

#[inline(always)]
pub(super) fn block_body<S: Simd>(job: &Job<'_>, task: usize, scratch: &mut [f32]) {
    let conv = job.conv;
    let window = job.pool.unwrap_or(Pooled::NONE);
    let (place, block) = (task / job.blocks.count(), task % job.blocks.count());
    let (image, group) = (place / conv.groups, place % conv.groups);
    let block = job.blocks.get(block);
    let [from, to] = conv.channels.map(|channels| channels / conv.groups);
    let plane = conv.input[0] * conv.input[1];

    let aligned = scratch.as_ptr().align_offset(64).min(16);
    let (patch, sums) =
        scratch[aligned..].split_at_mut(job.blocks.patch.len().next_multiple_of(16));
    let sums = sums[..strip::memory(VECTORS * S::LANES, &window)].as_mut();
    let (sums, spare) = sums.split_at_mut(sums.len() / 2);
    let channel = image * conv.channels[0] + group * from;
    let input = &job.input[channel * plane..][..from * plane];
    let first = [
        block.rows.start * window.stride[0],
        block.columns.start * window.stride[1],
    ];
    job.blocks.patch.fill::<S>(conv, first, input, patch);

    let mut columns = [0; MAX_WIDTH];
    for (j, column) in columns[..conv.kernel[1]].iter_mut().enumerate() {
        *column = job.blocks.patch.place(conv, j);
    }
    let columns = &columns[..conv.kernel[1]];
    let steps = [
        job.blocks.patch.channel(),
        conv.dilation[0] * job.blocks.patch.row(),
    ];
    let (width, isa) = (VECTORS * S::LANES, job.isa.isa());
    let strips = block.columns.len().div_ceil(strip::windows(isa, &window));
    let pixels_of_image = job.output[0] * job.output[1];
    let (mut turned, mut other) = (Scratch::ZERO, Scratch::ZERO);
    for panel in block.panels.clone() {
        let channels = width.min(to - panel * width);
        let channel = group * to + panel * width;
        let mut start = [0.0; MAX_COLUMNS];
        if let Some(bias) = job.bias {
            start[..channels].copy_from_slice(&bias[channel..][..channels]);
        }
        let weights = job.filter.panel(group, panel);
        let vectors = channels.div_ceil(S::LANES);
        let row = vectors * S::LANES;
        for y in block.rows.clone() {
            for number in 0..strips {
                let part = cut(block.columns.len(), strips, number);
                let pixels = window.covers(1, part.len());
                let first_row = (y - block.rows.start) * window.stride[0];
                let tiles = part.len().div_ceil(strip::windows_of_tile(isa, &window));
                for line in 0..window.kernel[0] {
                    let line_at = (first_row + line) * conv.stride[0] * job.blocks.patch.row()
                        + part.start * window.stride[1];
                    for number in 0..tiles {
                        let windows = cut(part.len(), tiles, number);
                        let first = windows.start * window.stride[1];
                        let count = window.covers(1, windows.len());
                        let sums = &mut sums[(line * pixels + first) * row..][..count * row];
                        let tile = Tile {
                            // Without channels there is no patch, and no step that reads it.
                            pixels: patch.as_ptr().wrapping_add(line_at + first),
                            steps,
                            counts: [from, conv.kernel[0]],
                            columns,
                            weights: weights.as_ptr(),
                            start: start.as_ptr(),
                            to: sums.as_mut_ptr(),
                        };
                        // SAFETY: this runs where `S` is there. The patch holds what all windows of the block cover; the
                        // filter was checked to have a row for each step; `sums` has room for the tile, whose size is that
                        // of a strip's part.
                        unsafe { tile.run::<S>(count, vectors) };
                    }
                }
                let result: &[f32] = match &job.pool {
                    Some(pool) => strip::pool::<S>(job, pool, [pixels, row], sums, spare),
                    None => sums,
                };
                turn::<S>(result, [part.len(), row], &mut turned);
                let place = Place {
                    row: image * conv.channels[1] + channel,
                    rows: channels,
                    column: y * job.output[1] + block.columns.start + part.start,
                    columns: part.len(),
                    width: turned_row::<S>(),
                };
                let then = if job.pool.is_some() { &[] } else { job.then };
                let done = apply(job.isa, then, place, &mut turned, &mut other);
                store::<S>(job, &done.0, place, pixels_of_image);
            }
        }
    }
}

/// Writes rows of pixels to the output, one to the plane of each channel.
#[inline(always)]
fn store<S: Simd>(job: &Job<'_>, from: &[f32], place: Place, plane: usize) {
    assert!(place.columns <= place.width && place.rows * place.width <= from.len());
    let last = (place.row + place.rows - 1) * plane + place.column;
    // SAFETY: this runs where `S` is there. Each task has other images, groups, channels or pixels, and the output is borrowed
    // until all have ended; that its end is not before the last of these rows, taking the part checks. `from` has all rows.
    unsafe {
        job.out.part(last, place.columns);
        let mut to = job.out.at(place.row * plane + place.column);
        for row in from.chunks_exact(place.width).take(place.rows) {
            if place.columns <= S::LANES {
                S::store_first(to, S::load(row.as_ptr()), place.columns);
            } else {
                for first in (0..place.columns).step_by(S::LANES) {
                    let vector = S::load(row.as_ptr().add(first));
                    S::store_first(to.add(first), vector, S::LANES.min(place.columns - first));
                }
            }
            to = to.wrapping_add(plane);
        }
    }
}

/// Turns rows of `row` channels, one for each pixel, into rows of pixels. What is behind the last pixel is turned as well, and
/// not looked at.
#[inline(always)]
fn turn<S: Simd>(from: &[f32], [pixels, row]: [usize; 2], to: &mut Scratch) {
    let rows = pixels.next_multiple_of(S::LANES);
    assert!(
        rows * row <= from.len()
            && rows <= turned_row::<S>()
            && row * turned_row::<S>() <= to.0.len()
    );
    for pixel in (0..rows).step_by(S::LANES) {
        for channel in (0..row).step_by(S::LANES) {
            // SAFETY: this runs where `S` is there, and the sizes were just checked; `row` is a multiple of a vector's.
            unsafe {
                let from = from.as_ptr().add(pixel * row + channel);
                let to = to.0.as_mut_ptr().add(channel * turned_row::<S>() + pixel);
                S::transpose(from, row, to, turned_row::<S>());
            }
        }
    }
}
