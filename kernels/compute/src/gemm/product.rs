//! The loops around the tiles, and how they are shared out.

use std::ops::Range;

use super::epilogue::{Epilogue, Place, Scratch, apply};
use super::packed::PackedMatrix;
use super::tile::{self, MAX_COLUMNS, Tile};
use crate::cpu::Cpu;
use crate::error::{KernelError, equal};
use crate::isa::{Isa, Verified};
use crate::matrix::{Matrix, MatrixMut};
use crate::pool::SharedMut;
use crate::simd::ladder;

/// Sums are cut into pieces of at most this length, so that what several tiles read stays in the second-level cache.
const DEPTH: usize = 768;

/// Rows are taken in chunks of at most this many tiles: all of a panel's products with a chunk are done while the panel is in
/// the second-level cache.
const CHUNK: usize = 16;

/// With fewer multiplications than this, a product is not worth a second thread.
const PARALLEL: usize = 1 << 18;

/// How far ahead a product of few rows asks for its weights, in numbers.
const AHEAD: usize = 1024;

/// `C = epilogue(A · W)`: `A` of `m` × `k`, `W` of `k` × `n`, `C` of `m` × `n`. Allocates nothing.
///
/// The order of the sums depends on the shapes and the instruction set alone, not on the number of threads.
///
/// # Errors
/// If the sizes do not fit, a slice is too short, or `weights` is packed for another instruction set than that of `cpu`.
///
/// ```
/// use lessons_compute::cpu::Cpu;
/// use lessons_compute::gemm::{Epilogue, PackedMatrix, gemm};
/// use lessons_compute::matrix::{Matrix, MatrixMut};
///
/// let cpu = Cpu::best();
/// let weight = PackedMatrix::new(cpu, &[1.0, 2.0, 3.0, 4.0], [2, 2], [2, 1])?;
/// let (x, bias, mut y) = ([1.0, 1.0], [0.5, 0.0], [0.0; 2]);
/// let epilogue = Epilogue { bias: Some(&bias), then: &[] };
/// gemm(cpu, Matrix::dense(&x, 1, 2), &weight, &mut MatrixMut::dense(&mut y, 1, 2), &epilogue)?;
/// assert_eq!(y, [4.5, 6.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn gemm(
    cpu: Cpu<'_>,
    a: Matrix<'_>,
    weights: &PackedMatrix,
    c: &mut MatrixMut<'_>,
    epilogue: &Epilogue<'_>,
) -> Result<(), KernelError> {
    let plan = Plan::new(a.rows, weights);
    a.check("the left matrix")?;
    c.check("the result")?;
    equal(
        "the number of columns of the left matrix",
        weights.rows(),
        a.columns,
    )?;
    equal("the number of rows of the result", a.rows, c.rows)?;
    equal(
        "the number of columns of the result",
        weights.columns(),
        c.columns,
    )?;
    equal(
        "the width of the panels of the weights",
        super::packed::columns_of_panel(cpu.isa()),
        weights.panel(),
    )?;
    epilogue.check(c.rows, c.columns)?;
    if c.rows == 0 || c.columns == 0 {
        return Ok(());
    }
    let job = Job {
        isa: cpu.verified(),
        a,
        weights,
        c: SharedMut::new(c.data),
        c_row: c.stride,
        epilogue,
        plan,
    };
    let chunks = plan.row_blocks.div_ceil(CHUNK);
    let panels = weights.columns().div_ceil(weights.panel());
    let threads = cpu.pool().threads();
    let groups = plan.groups(threads, chunks, panels);
    cpu.pool().for_each(chunks * groups, |task, _| {
        let (chunk, group) = (task / groups, task % groups);
        let blocks = plan.row_blocks * chunk / chunks..plan.row_blocks * (chunk + 1) / chunks;
        let first = |group: usize| panels * (group % groups) / groups;
        let panels = first(group)..panels * (group + 1) / groups;
        // Threads that take turns: the next task of this one is about so far on.
        let next = first(group + threads);
        strip(job.isa, &job, blocks, panels, next);
    });
    Ok(())
}

/// How a product is cut up.
#[derive(Clone, Copy, Debug)]
struct Plan {
    rows: usize,
    depth: usize,
    columns: usize,
    /// Into how many tiles the rows are cut, all of about one height.
    row_blocks: usize,
    /// Into how many pieces the sums are cut.
    depth_blocks: usize,
}

impl Plan {
    fn new(rows: usize, weights: &PackedMatrix) -> Plan {
        let depth = weights.rows();
        let height = match weights.isa() {
            Isa::Avx512 | Isa::Neon => 12,
            Isa::Avx2 | Isa::Portable => 6,
        };
        let row_blocks = rows.div_ceil(height);
        Plan {
            rows,
            depth,
            columns: weights.columns(),
            row_blocks,
            depth_blocks: if row_blocks > 1 {
                depth.div_ceil(DEPTH).max(1)
            } else {
                1
            },
        }
    }

    /// The rows of a tile.
    fn rows(&self, block: usize) -> Range<usize> {
        tile::cut(self.rows, self.row_blocks, block)
    }

    /// A piece of the sums.
    fn depths(&self, block: usize) -> Range<usize> {
        tile::cut(self.depth, self.depth_blocks, block)
    }

    /// Into how many tasks the panels are cut, for each chunk of rows.
    fn groups(&self, threads: usize, chunks: usize, panels: usize) -> usize {
        let work = self
            .rows
            .saturating_mul(self.depth.saturating_mul(self.columns));
        let fair = if threads == 1 || work < PARALLEL {
            1
        } else {
            (4 * threads).div_ceil(chunks)
        };
        // While sums are pieced together, a task's part of the result is read again and again.
        let kept = if self.depth_blocks > 1 {
            panels.div_ceil(12)
        } else {
            1
        };
        fair.max(kept).min(panels)
    }
}

/// A checked product.
struct Job<'a> {
    isa: Verified,
    a: Matrix<'a>,
    weights: &'a PackedMatrix,
    c: SharedMut,
    c_row: usize,
    epilogue: &'a Epilogue<'a>,
    plan: Plan,
}

ladder! {
    fn strip(job: &Job<'_>, blocks: Range<usize>, panels: Range<usize>, next: usize) = strip_body;
}

/// The products of a chunk of rows and a group of panels; after these, this thread probably reads panel `next`.
#[inline(always)]
fn strip_body<S: crate::simd::Simd>(
    job: &Job<'_>,
    blocks: Range<usize>,
    panels: Range<usize>,
    next: usize,
) {
    let (width, depth) = (job.weights.panel(), job.weights.rows());
    let mut bias = [0.0; MAX_COLUMNS];
    let (mut scratch, mut spare) = (Scratch::ZERO, Scratch::ZERO);
    for piece in 0..job.plan.depth_blocks {
        let depths = job.plan.depths(piece);
        let first = piece == 0;
        let steps = piece + 1 == job.plan.depth_blocks && !job.epilogue.then.is_empty();
        for panel in panels.clone() {
            let column = panel * width;
            let columns = width.min(job.weights.columns() - column);
            let edge = columns < width;
            if let Some(all) = job.epilogue.bias {
                bias[..columns].copy_from_slice(&all[column..][..columns]);
            }
            let at = |panel: usize, row: usize| {
                job.weights.data()[(panel * depth + row) * width..].as_ptr()
            };
            let b = at(panel, depths.start);
            // What is read when this panel is done.
            let after = if panel + 1 < panels.end {
                at(panel + 1, depths.start)
            } else if piece + 1 < job.plan.depth_blocks {
                at(panels.start, depths.end)
            } else {
                at(next, 0)
            };
            let count = blocks.len();
            for (number, block) in blocks.clone().enumerate() {
                let rows = job.plan.rows(block);
                let c = job.c.at(rows.start * job.c_row + column);
                let (ahead, ahead_step) = if count == 1 {
                    (b.wrapping_add(AHEAD), 4 * width)
                } else {
                    // The tiles of a panel together ask for the next one.
                    let step = (4 * width).div_ceil(count);
                    let asked = number * step * (depths.len() / 4);
                    (after.wrapping_add(asked), step)
                };
                let (start, start_row) = if first {
                    (bias.as_ptr(), 0)
                } else if edge {
                    for (i, row) in scratch
                        .0
                        .chunks_exact_mut(width)
                        .take(rows.len())
                        .enumerate()
                    {
                        // SAFETY: these numbers of the result are this task's.
                        row[..columns].copy_from_slice(unsafe {
                            job.c.part((rows.start + i) * job.c_row + column, columns)
                        });
                    }
                    (scratch.0.as_ptr(), width)
                } else {
                    (c.cast_const(), job.c_row)
                };
                let aside = edge || steps;
                let (to, to_row) = if aside {
                    (scratch.0.as_mut_ptr(), width)
                } else {
                    (c, job.c_row)
                };
                let tile = Tile {
                    depth: depths.len(),
                    a: job
                        .a
                        .data
                        .as_ptr()
                        .wrapping_add(rows.start * job.a.stride + depths.start),
                    a_row: job.a.stride,
                    b,
                    b_step: width,
                    start,
                    start_row,
                    c: to,
                    c_row: to_row,
                    ahead,
                    ahead_step,
                };
                // SAFETY: this runs where `S` is there. The sizes were checked against all slices; the tile's part of the
                // result is this task's alone.
                unsafe { tile::run::<S>(rows.len(), &tile) };
                let steps = if steps { job.epilogue.then } else { &[] };
                let place = Place {
                    row: rows.start,
                    rows: rows.len(),
                    column,
                    columns,
                    width,
                };
                if aside {
                    let done = apply(job.isa, steps, place, &mut scratch, &mut spare);
                    for (i, row) in done.0.chunks_exact(width).take(rows.len()).enumerate() {
                        // SAFETY: as above.
                        unsafe { job.c.part((rows.start + i) * job.c_row + column, columns) }
                            .copy_from_slice(&row[..columns]);
                    }
                }
            }
        }
    }
}
