//! Steps that compute nothing: they bring numbers to other places.

use lessons_compute::cpu::Cpu;
use lessons_compute::gather::gather_rows;
use lessons_compute::matrix::{Matrix, MatrixMut};

use super::Data;
use crate::engine::cpu::layout::Layout;
use crate::engine::error::RunError;
use crate::engine::reference::row_in_table;

/// Writes the elements of a view in row-major order.
pub fn copy(layout: &Layout, data: &[f32], out: &mut [f32]) {
    let Some(last) = layout.shape.len().checked_sub(1) else {
        out.copy_from_slice(&data[..1]);
        return;
    };
    let (size, stride) = (layout.shape[last], layout.strides[last]);
    if size == 0 {
        return;
    }
    for (row, out) in out.chunks_exact_mut(size).enumerate() {
        let start = layout.start(last, row);
        if stride == 1 {
            out.copy_from_slice(&data[start..start + size]);
        } else {
            for (at, out) in out.iter_mut().enumerate() {
                *out = data[start + at * stride];
            }
        }
    }
}

/// Operands end to end: for each of `outer` places, `sizes[i]` elements of operand `i`.
pub fn concat(outer: usize, sizes: &[usize], reads: &[Data<'_>], out: &mut [f32]) {
    let whole: usize = sizes.iter().sum();
    let mut start = 0;
    for (read, size) in reads.iter().zip(sizes) {
        let parts = read.floats().chunks_exact((*size).max(1)).take(outer);
        for (part, out) in parts.zip(out.chunks_exact_mut(whole.max(1))) {
            out[start..start + size].copy_from_slice(&part[..*size]);
        }
        start += size;
    }
}

/// Rows of a table of `rows` rows of `width` elements.
///
/// # Errors
/// When an index names no row. Where it is negative this is stricter than the kernel, which counts
/// from the end.
pub fn gather(
    cpu: Cpu<'_>,
    table: &[f32],
    [rows, width]: [usize; 2],
    indices: &[i64],
    out: &mut [f32],
) -> Result<(), RunError> {
    let count = out.len().checked_div(width).unwrap_or(0);
    let indices = indices.get(..count).unwrap_or(indices);
    for index in indices {
        row_in_table(*index, rows)?;
    }
    let table = Matrix::dense(table, rows, width);
    let mut out = MatrixMut::dense(out, indices.len(), width);
    gather_rows(cpu, table, indices, &mut out).map_err(|error| RunError::new(error.to_string()))
}
