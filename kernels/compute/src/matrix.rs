//! Matrices in memory that somebody else owns: rows of contiguous numbers at a fixed distance.

use crate::error::{KernelError, long_enough};

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
