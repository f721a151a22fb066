//! One head of one sequence.

use std::ops::Range;

use super::{Attention, Mask};
use crate::cpu::Cpu;
use crate::gemm::packed::{columns_of_panel, pack_panel};
use crate::gemm::tile::{self, MAX_COLUMNS, MAX_ROWS, Tile};
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};
use crate::softmax;

/// The most rows whose scores are computed at once.
const ROWS: usize = 48;

/// The scores of a task take at most so many numbers, unless one tile takes more.
const SCORES: usize = 1 << 16;

/// How the work is cut up, and the scratch memory of one thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// The width of a panel.
    width: usize,
    /// Rows of scores.
    rows: usize,
    /// Into how many tasks the queries of a head are cut.
    pub splits: usize,
    /// Numbers of scratch memory.
    pub scratch: usize,
}

impl Plan {
    pub fn new(cpu: Cpu<'_>, attention: &Attention<'_>) -> Plan {
        let width = columns_of_panel(cpu.isa());
        let (sequences, queries, keys) = attention.longest();
        let padded = keys.next_multiple_of(width);
        let rows = (SCORES / padded.max(1)).clamp(MAX_ROWS, ROWS) / MAX_ROWS * MAX_ROWS;
        let heads = (sequences * attention.heads).max(1);
        let threads = cpu.pool().threads();
        let splits = if threads == 1 || heads >= 2 * threads {
            1
        } else {
            (2 * threads)
                .div_ceil(heads)
                .min(queries.div_ceil(rows))
                .max(1)
        };
        let scratch = attention.size * padded
            + attention.size.next_multiple_of(width) * keys
            + rows.min(queries.next_multiple_of(MAX_ROWS)) * padded;
        Plan {
            width,
            rows,
            splits,
            scratch: scratch.next_multiple_of(16),
        }
    }
}

/// Where the parts of one head are.
pub(super) struct Head<'a> {
    pub attention: &'a Attention<'a>,
    pub plan: Plan,
    pub sequence: usize,
    pub head: usize,
    pub keys: usize,
    pub q: &'a [f32],
    pub q_row: usize,
    pub k: &'a [f32],
    pub k_row: usize,
    pub v: &'a [f32],
    pub v_row: usize,
    pub out: SharedMut,
    pub out_start: usize,
    pub out_row: usize,
}

ladder! {
    /// Computes the output of the queries `rows` of the sequence.
    pub(super) fn run(head: &Head<'_>, rows: Range<usize>, scratch: &mut [f32]) = run_body;
}

#[inline(always)]
fn run_body<S: Simd>(head: &Head<'_>, rows: Range<usize>, scratch: &mut [f32]) {
    let (width, size) = (head.plan.width, head.attention.size);
    let keys = match head.attention.mask {
        Mask::Lengths(lengths) => lengths[head.sequence],
        _ => head.keys,
    };
    let padded = keys.next_multiple_of(width);
    let (k, scratch) = scratch.split_at_mut(padded * size);
    let (v, scores) = scratch.split_at_mut(keys * size.next_multiple_of(width));
    pack_keys::<S>(head, keys, k);
    pack_values(head, keys, v);
    let mut start = rows.start;
    while start < rows.end {
        let end = rows.end.min(start + head.plan.rows);
        let count = end - start;
        let tiles = count.div_ceil(tile::max_rows::<S>());
        let zeros = [0.0; MAX_COLUMNS];
        for panel in 0..padded / width {
            let b = k[panel * width * size..].as_ptr();
            for number in 0..tiles {
                let tile_rows = tile::cut(count, tiles, number);
                let to = &mut scores[tile_rows.start * padded + panel * width..];
                let tile = Tile {
                    depth: size,
                    a: head.q[(start + tile_rows.start) * head.q_row..].as_ptr(),
                    a_row: head.q_row,
                    b,
                    b_step: width,
                    start: zeros.as_ptr(),
                    start_row: 0,
                    c: to.as_mut_ptr(),
                    c_row: padded,
                    ahead: b,
                    ahead_step: 0,
                };
                debug_assert!(to.len() >= (tile_rows.len() - 1) * padded + width);
                // SAFETY: this runs where `S` is there. The queries were checked; the panel has `size` rows; of the scores,
                // `count` rows of `padded` are there.
                unsafe { tile::run::<S>(tile_rows.len(), &tile) };
            }
        }
        let mut factors = [0.0; ROWS];
        for (i, row) in scores
            .chunks_exact_mut(padded.max(1))
            .take(count)
            .enumerate()
        {
            factors[i] = probabilities::<S>(head, start + i, &mut row[..keys]);
        }
        for panel in 0..size.div_ceil(width) {
            let b = v[panel * width * keys..].as_ptr();
            let columns = width.min(size - panel * width);
            for number in 0..tiles {
                let tile_rows = tile::cut(count, tiles, number);
                let mut products = [0.0; MAX_ROWS * MAX_COLUMNS];
                let tile = Tile {
                    depth: keys,
                    a: scores[tile_rows.start * padded..].as_ptr(),
                    a_row: padded,
                    b,
                    b_step: width,
                    start: zeros.as_ptr(),
                    start_row: 0,
                    c: products.as_mut_ptr(),
                    c_row: width,
                    ahead: b,
                    ahead_step: 0,
                };
                // SAFETY: as above; the panel of values has `keys` rows.
                unsafe { tile::run::<S>(tile_rows.len(), &tile) };
                for (i, products) in tile_rows.clone().zip(products.chunks_exact(width)) {
                    let at = head.out_start + (start + i) * head.out_row + panel * width;
                    // SAFETY: vectors of the output do not overlap, and this one is this task's.
                    let out = unsafe { head.out.part(at, columns) };
                    for (out, product) in out.iter_mut().zip(products) {
                        *out = product * factors[i];
                    }
                }
            }
        }
        start = end;
    }
}

/// Lays out the keys, multiplied by the scale: panels of keys, in each the first numbers of all, then the second ones.
#[inline(always)]
fn pack_keys<S: Simd>(head: &Head<'_>, keys: usize, to: &mut [f32]) {
    let (width, size) = (head.plan.width, head.attention.size);
    for (panel, to) in to.chunks_exact_mut(width * size).enumerate() {
        let columns = width.min(keys - panel * width);
        if columns < width {
            to.fill(0.0);
        }
        let from = &head.k[panel * width * head.k_row..];
        pack_panel(to, width, 0, from, [size, columns], [1, head.k_row]);
        to.iter_mut().for_each(|x| *x *= head.attention.scale);
    }
}

/// Lays out the values: panels of their columns, in each row after row.
#[inline(always)]
fn pack_values(head: &Head<'_>, keys: usize, to: &mut [f32]) {
    let (width, size) = (head.plan.width, head.attention.size);
    for (panel, to) in to.chunks_exact_mut((width * keys).max(1)).enumerate() {
        let columns = width.min(size - panel * width);
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            let from = &head.v[row * head.v_row + panel * width..][..columns];
            to[..columns].copy_from_slice(from);
            to[columns..].fill(0.0);
        }
    }
}

/// Turns a row of scores into numbers that become probabilities by the factor that is returned.
#[inline(always)]
fn probabilities<S: Simd>(head: &Head<'_>, query: usize, row: &mut [f32]) -> f32 {
    let offset = |strides: [usize; 4]| {
        head.sequence * strides[0] + head.head * strides[1] + query * strides[2]
    };
    let mut seen = row.len();
    match head.attention.mask {
        Mask::None | Mask::Lengths(_) => {}
        Mask::Causal => {
            // With more queries than keys, the first see nothing.
            let queries = head.attention.sequence(head.sequence).0.len();
            seen = (query + 1 + head.keys).saturating_sub(queries);
        }
        Mask::Additive { data, strides } => {
            let data = &data[offset(strides)..];
            if strides[3] == 1 {
                for (x, mask) in row.iter_mut().zip(data) {
                    *x += mask;
                }
            } else {
                for (j, x) in row.iter_mut().enumerate() {
                    *x += data[j * strides[3]];
                }
            }
        }
        Mask::Boolean { data, strides } => {
            let data = &data[offset(strides)..];
            for (j, x) in row.iter_mut().enumerate() {
                *x = if data[j * strides[3]] {
                    *x
                } else {
                    f32::NEG_INFINITY
                };
            }
        }
    }
    let (seen, unseen) = row.split_at_mut(seen);
    unseen.fill(0.0);
    if seen.is_empty() {
        return 0.0;
    }
    1.0 / softmax::exponentials_in_place_body::<S>(seen)
}
