//! The innermost loop: one tile of the result, summed up in registers.

use crate::simd::{Simd, prefetch};

/// The width of a tile in vectors.
pub(crate) const VECTORS: usize = 2;

/// The widest and highest tile there is: of 512-bit vectors.
pub(crate) const MAX_COLUMNS: usize = VECTORS * 16;
pub(crate) const MAX_ROWS: usize = 12;

/// The most rows whose sums, two vectors each, fit into the registers beside a row of the panel and a number of `A`.
pub(crate) const fn max_rows<S: Simd>() -> usize {
    if S::LANES == 16 || cfg!(target_arch = "aarch64") {
        12
    } else {
        6
    }
}

/// Where the parts of a tile are: `C = start + A · B`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tile {
    /// The length of the sums.
    pub depth: usize,
    /// Row `i` at step `k` is `a[i * a_row + k]`.
    pub a: *const f32,
    pub a_row: usize,
    /// The row of the panel at step `k` begins at `b[k * b_step]`.
    pub b: *const f32,
    pub b_step: usize,
    /// Row `i` of the start values begins at `start[i * start_row]`; of the result, at `c[i * c_row]`.
    pub start: *const f32,
    pub start_row: usize,
    pub c: *mut f32,
    pub c_row: usize,
    /// Memory to ask for: at each four steps the lines of the next `ahead_step` numbers. Need not be there.
    pub ahead: *const f32,
    pub ahead_step: usize,
}

/// The rows of tile `number` where `rows` are cut into `count` tiles of about one height.
pub(crate) fn cut(rows: usize, count: usize, number: usize) -> std::ops::Range<usize> {
    rows * number / count..rows * (number + 1) / count
}

/// Computes a tile of `rows` rows and two vectors' columns.
///
/// # Safety
/// The machine has the instruction set of `S`; all that `tile` points to, but `ahead`, is there.
#[inline(always)]
pub(crate) unsafe fn run<S: Simd>(rows: usize, tile: &Tile) {
    // SAFETY: as the caller says.
    unsafe {
        match rows {
            1 => run_rows::<S, 1>(tile),
            2 => run_rows::<S, 2>(tile),
            3 => run_rows::<S, 3>(tile),
            4 => run_rows::<S, 4>(tile),
            5 => run_rows::<S, 5>(tile),
            6 => run_rows::<S, 6>(tile),
            7 if max_rows::<S>() >= 7 => run_rows::<S, 7>(tile),
            8 if max_rows::<S>() >= 8 => run_rows::<S, 8>(tile),
            9 if max_rows::<S>() >= 9 => run_rows::<S, 9>(tile),
            10 if max_rows::<S>() >= 10 => run_rows::<S, 10>(tile),
            11 if max_rows::<S>() >= 11 => run_rows::<S, 11>(tile),
            12 if max_rows::<S>() >= 12 => run_rows::<S, 12>(tile),
            _ => unreachable!("a tile has from 1 to {} rows", max_rows::<S>()),
        }
    }
}

/// So many steps of the sums are written out, so that counting costs little: what adds up addresses would wait for the
/// units that multiply.
const UNROLL: usize = 4;

/// The numbers in a cache line.
const LINE: usize = 16;

/// Rows that are addressed from one pointer: 0, 1 and 2 times the distance are part of an x86 address.
pub(crate) const GROUP: usize = 3;

#[inline(always)]
unsafe fn run_rows<S: Simd, const ROWS: usize>(tile: &Tile) {
    // SAFETY: all addresses are those that the caller says are there; pointers past the ends are not followed.
    unsafe {
        let mut sums = [[S::splat(0.0); VECTORS]; ROWS];
        for (i, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = S::load(tile.start.add(i * tile.start_row + v * S::LANES));
            }
        }
        let mut groups = [tile.a; MAX_ROWS / GROUP];
        for (i, group) in groups.iter_mut().enumerate() {
            *group = tile.a.wrapping_add(i * GROUP * tile.a_row);
        }
        let (mut b, mut ahead) = (tile.b, tile.ahead);
        let lines = tile.ahead_step.div_ceil(LINE);
        for _ in 0..tile.depth / UNROLL {
            for line in 0..lines {
                prefetch(ahead.wrapping_add(line * LINE));
            }
            for step in 0..UNROLL {
                add_products::<S, ROWS>(&mut sums, tile.a_row, &groups, step, b);
                for group in &mut groups {
                    *group = opaque(*group);
                }
                b = opaque(b.wrapping_add(tile.b_step));
            }
            for group in &mut groups {
                *group = opaque(group.wrapping_add(UNROLL));
            }
            ahead = ahead.wrapping_add(tile.ahead_step);
        }
        for step in 0..tile.depth % UNROLL {
            add_products::<S, ROWS>(&mut sums, tile.a_row, &groups, step, b);
            b = b.wrapping_add(tile.b_step);
        }
        for (i, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                S::store(tile.c.add(i * tile.c_row + v * S::LANES), sum);
            }
        }
    }
}

/// One step of the sums: the numbers `step` behind those of the groups, times two vectors.
///
/// # Safety
/// The machine has the instruction set of `S`; all that the pointers reach is there.
#[inline(always)]
pub(crate) unsafe fn add_products<S: Simd, const ROWS: usize>(
    sums: &mut [[S::Vector; VECTORS]; ROWS],
    a_row: usize,
    groups: &[*const f32; MAX_ROWS / GROUP],
    step: usize,
    b: *const f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut columns = [S::splat(0.0); VECTORS];
        for (v, column) in columns.iter_mut().enumerate() {
            *column = S::load(b.add(v * S::LANES));
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            let x = S::splat(*groups[i / GROUP].add((i % GROUP) * a_row + step));
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = S::fma(x, column, *sum);
            }
        }
    }
}

/// The same pointer, but the compiler does not know: it must keep it in a register, where it would otherwise compute it again
/// from another in each step, and it cannot move later reads before this. It costs no instruction.
#[inline(always)]
pub(crate) fn opaque(pointer: *const f32) -> *const f32 {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    {
        let mut pointer = pointer;
        // SAFETY: there is no instruction, so nothing is read through the pointer.
        #[allow(clippy::pointers_in_nomem_asm_block)]
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        pointer
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pointer
}
