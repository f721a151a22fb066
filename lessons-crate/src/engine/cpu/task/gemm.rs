//! Matrix products with what is done with them on the way.

use std::sync::Arc;

use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::{Epilogue, PackedMatrix, gemm};
use lessons_compute::matrix::{Matrix, MatrixMut};

use super::{Data, Ending, Workspace};
use crate::engine::cpu::layout::Layout;

/// Operands: the left side, then the bias and the residual, as far as there are, and at last the
/// right side, if it is not packed yet.
#[derive(Debug, Clone)]
pub struct Gemm {
    pub right: Right,
    /// Rows of the left side, of one product.
    pub rows: usize,
    /// From one row of the left side to the next.
    pub stride: usize,
    pub ending: Ending,
}

/// Where the right side of a product is from.
#[derive(Debug, Clone)]
pub enum Right {
    /// It was known when the model was loaded.
    Loaded(Arc<PackedMatrix>),
    /// It is computed in the run, and packed before the product.
    Computed {
        /// Where in the workspace it is packed.
        slot: usize,
        /// All matrices of the left side and of the right side: `[.., rows, columns]`, with the same
        /// axes before the last two.
        left: Layout,
        right: Layout,
    },
}

impl Gemm {
    pub fn kernel(&self) -> &'static str {
        match self.right {
            Right::Loaded(_) => "packed matrix product",
            Right::Computed { .. } => "matrix product",
        }
    }

    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
        workspace: &mut Workspace,
    ) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let (slot, left, right) = match &self.right {
            Right::Loaded(weight) => return self.product(cpu, weight, operand(0), reads, out),
            Right::Computed { slot, left, right } => (*slot, left, right),
        };
        let outer = right.shape.len() - 2;
        let size = [right.shape[outer], right.shape[outer + 1]];
        let strides = [right.strides[outer], right.strides[outer + 1]];
        let data = operand(reads.len() - 1);
        let packed = workspace.packed(cpu, slot, size)?;
        let mut packed_from = None;
        let parts = out.chunks_exact_mut((self.rows * size[1]).max(1));
        for (number, out) in parts.enumerate() {
            let from = right.start(outer, number);
            if packed_from != Some(from) {
                packed.write_columns(cpu, 0, data.get(from..).unwrap_or(&[]), size, strides)?;
                packed_from = Some(from);
            }
            let rows = operand(0).get(left.start(outer, number)..).unwrap_or(&[]);
            self.product(cpu, packed, rows, reads, out)?;
        }
        Ok(())
    }

    fn product(
        &self,
        cpu: Cpu<'_>,
        weight: &PackedMatrix,
        left: &[f32],
        reads: &[Data<'_>],
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        let x = Matrix {
            data: left,
            rows: self.rows,
            columns: weight.rows(),
            stride: self.stride,
        };
        let mut y = MatrixMut::dense(out, self.rows, weight.columns());
        self.ending.with(reads, weight.columns(), |bias, then| {
            gemm(cpu, x, weight, &mut y, &Epilogue { bias, then })
        })
    }
}
