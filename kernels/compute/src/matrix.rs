//! Matrices in memory that somebody else owns: rows of contiguous numbers at a fixed distance.

use crate::cpu::Cpu;
use crate::error::{KernelError, long_enough};
use crate::pool::SharedMut;

/// A matrix to read: element `(i, j)` is `data[i * stride + j]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    /// From one row to the next, in elements. 0 repeats one row.
    pub stride: usize,
}

/// A matrix to write: element `(i, j)` is `data[i * stride + j]`. What lies between the rows is left as it is.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    pub data: &'a mut [f32],
    pub rows: usize,
    pub columns: usize,
    /// From one row to the next, in elements; at least `columns`.
    pub stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix without gaps.
    pub fn dense(data: &'a [f32], rows: usize, columns: usize) -> Matrix<'a> {
        Matrix {
            data,
            rows,
            columns,
            stride: columns,
        }
    }

    pub(crate) fn check(&self, what: &'static str) -> Result<(), KernelError> {
        let needed = extent(what, self.rows, self.columns, self.stride)?;
        long_enough(what, needed, self.data.len())
    }

    /// A row of a checked matrix.
    pub(crate) fn row(&self, row: usize) -> &'a [f32] {
        &self.data[row * self.stride..][..self.columns]
    }
}

impl<'a> MatrixMut<'a> {
    /// A matrix without gaps.
    pub fn dense(data: &'a mut [f32], rows: usize, columns: usize) -> MatrixMut<'a> {
        MatrixMut {
            data,
            rows,
            columns,
            stride: columns,
        }
    }

    pub(crate) fn check(&self, what: &'static str) -> Result<(), KernelError> {
        let needed = extent(what, self.rows, self.columns, self.stride)?;
        if self.rows > 1 && self.stride < self.columns {
            return Err(KernelError::Overlap {
                what,
                columns: self.columns,
                stride: self.stride,
            });
        }
        long_enough(what, needed, self.data.len())
    }

    /// Calls `body` with each row of a checked matrix and its number, on the threads of the pool if there is enough to do:
    /// `weight` is about how many nanoseconds 16 elements take.
    pub(crate) fn for_each_row(
        &mut self,
        cpu: Cpu<'_>,
        weight: usize,
        body: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        /// What a task should take, in nanoseconds and 16ths of elements.
        const TASK: usize = 64_000;
        let (columns, stride, rows) = (self.columns, self.stride, self.rows);
        if columns == 0 {
            // Rows of nothing may be said to begin behind the end of the data.
            return;
        }
        let whole = SharedMut::new(self.data);
        let grain = TASK.div_ceil(weight * columns.max(1));
        cpu.pool().for_ranges(rows, grain, |range, _| {
            for row in range {
                // SAFETY: rows do not overlap, and `self.data` is borrowed until all have ended.
                body(row, unsafe { whole.part(row * stride, columns) });
            }
        });
    }
}

/// How many elements a matrix reaches over.
fn extent(
    what: &'static str,
    rows: usize,
    columns: usize,
    stride: usize,
) -> Result<usize, KernelError> {
    if rows == 0 || columns == 0 {
        return Ok(0);
    }
    (rows - 1)
        .checked_mul(stride)
        .and_then(|last| last.checked_add(columns))
        .ok_or(KernelError::Overflow { what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::softmax::{Softmax, softmax};

    #[test]
    fn rows_of_nothing_may_be_at_any_distance() {
        let rows = Matrix {
            data: &[],
            rows: 3,
            columns: 0,
            stride: 2,
        };
        let to = &mut MatrixMut::dense(&mut [], 3, 0);
        softmax(Cpu::best(), Softmax::Probabilities, rows, to).unwrap();
    }
}
