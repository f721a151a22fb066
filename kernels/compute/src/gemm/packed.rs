//! Weights in the order in which a product reads them.

use super::tile::VECTORS;
use crate::buffer::Buffer;
use crate::cpu::Cpu;
use crate::error::{KernelError, long_enough, product};
use crate::isa::Isa;
use crate::pool::SharedMut;

/// A matrix of `rows` × `columns`, cut into panels of [`panel`](PackedMatrix::panel) columns: in memory panel after panel,
/// in each row after row, the last panel filled up with zeros. Made once, for one instruction set.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    isa: Isa,
    rows: usize,
    columns: usize,
    panel: usize,
    data: Buffer,
}

impl PackedMatrix {
    /// Packs the matrix whose element `(i, j)` is `data[i * strides[0] + j * strides[1]]`. So a matrix that is stored
    /// transposed, as the weight of a linear layer is, needs no transposition: its strides are `[1, rows]`.
    ///
    /// # Errors
    /// If the strides lead past the end of `data`.
    ///
    /// ```
    /// use lessons_compute::{cpu::Cpu, gemm::PackedMatrix};
    ///
    /// let weight = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // 3 outputs × 2 inputs
    /// let packed = PackedMatrix::new(Cpu::best(), &weight, [2, 3], [1, 2])?;
    /// assert_eq!((packed.rows(), packed.columns()), (2, 3));
    /// # Ok::<(), lessons_compute::error::KernelError>(())
    /// ```
    pub fn new(
        cpu: Cpu<'_>,
        data: &[f32],
        [rows, columns]: [usize; 2],
        strides: [usize; 2],
    ) -> Result<PackedMatrix, KernelError> {
        let mut packed = PackedMatrix::zeros(cpu.isa(), rows, columns)?;
        packed.write_columns(cpu, 0, data, [rows, columns], strides)?;
        Ok(packed)
    }

    /// A matrix of zeros, to be filled by [`write_columns`](PackedMatrix::write_columns).
    ///
    /// # Errors
    /// If there is no memory of that size.
    pub fn zeros(isa: Isa, rows: usize, columns: usize) -> Result<PackedMatrix, KernelError> {
        let panel = columns_of_panel(isa);
        let width = columns
            .checked_next_multiple_of(panel)
            .ok_or(KernelError::Overflow {
                what: "the packed matrix",
            })?;
        let len = product("the packed matrix", &[rows, width, size_of::<f32>()])?;
        Ok(PackedMatrix {
            isa,
            rows,
            columns,
            panel,
            data: Buffer::zeros(len / size_of::<f32>()),
        })
    }

    /// Writes the columns from `first` on: so the weights of Q, K and V become one matrix.
    ///
    /// # Errors
    /// If `rows` is not that of this matrix, the columns do not fit, or the strides lead past the end of `data`.
    pub fn write_columns(
        &mut self,
        cpu: Cpu<'_>,
        first: usize,
        data: &[f32],
        [rows, columns]: [usize; 2],
        [down, right]: [usize; 2],
    ) -> Result<(), KernelError> {
        crate::error::equal("the number of rows to pack", self.rows, rows)?;
        let end = first.saturating_add(columns);
        long_enough("the packed matrix, counted in columns,", end, self.columns)?;
        if rows == 0 || columns == 0 {
            return Ok(());
        }
        let reach = (rows - 1)
            .checked_mul(down)
            .zip((columns - 1).checked_mul(right))
            .and_then(|(down, right)| down.checked_add(right)?.checked_add(1))
            .ok_or(KernelError::Overflow {
                what: "the matrix to pack",
            })?;
        long_enough("the matrix to pack", reach, data.len())?;
        let (panel, size) = (self.panel, self.panel * rows);
        let to = SharedMut::new(&mut self.data);
        let panels = first / panel..end.div_ceil(panel);
        cpu.pool().for_each(panels.len(), |task, _| {
            let number = panels.start + task;
            // SAFETY: each task writes another panel of the buffer, which is borrowed until all have ended.
            let to = unsafe { to.part(number * size, size) };
            let inside = (number * panel).max(first)..((number + 1) * panel).min(end);
            let offset = inside.start - number * panel;
            let from = &data[(inside.start - first) * right..];
            pack_panel(to, panel, offset, from, [rows, inside.len()], [down, right]);
        });
        Ok(())
    }

    /// The instruction set whose products read this matrix.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The number of rows: the length of the sums.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns: of the result.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many columns a panel has.
    pub fn panel(&self) -> usize {
        self.panel
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.data.len() * size_of::<f32>()
    }

    pub(super) fn data(&self) -> &[f32] {
        &self.data
    }
}

/// How many columns a panel has for an instruction set.
pub(crate) fn columns_of_panel(isa: Isa) -> usize {
    VECTORS
        * match isa {
            Isa::Avx512 => 16,
            Isa::Avx2 => 8,
            Isa::Neon | Isa::Portable => 4,
        }
}

/// Writes `columns` columns of a panel of `width`, from column `offset` on.
pub(crate) fn pack_panel(
    to: &mut [f32],
    width: usize,
    offset: usize,
    from: &[f32],
    [rows, columns]: [usize; 2],
    [down, right]: [usize; 2],
) {
    if right == 1 {
        for (i, to) in to.chunks_exact_mut(width).enumerate().take(rows) {
            to[offset..][..columns].copy_from_slice(&from[i * down..][..columns]);
        }
        return;
    }
    // Rows in groups of a cache line's numbers: both sides then stay in the first-level cache.
    for group in (0..rows).step_by(16) {
        let end = rows.min(group + 16);
        for j in 0..columns {
            for i in group..end {
                to[i * width + offset + j] = from[i * down + j * right];
            }
        }
    }
}
