//! Steps that work row by row: normalization and softmax.

use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::matrix::{Matrix, MatrixMut};
use lessons_compute::norm::{Norm, NormKind, normalize};
use lessons_compute::softmax::{Softmax, softmax};

use super::Data;

/// Rows of a value, which may lie apart; the result has none between its rows.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    pub rows: usize,
    pub columns: usize,
    /// From one row to the next.
    pub stride: usize,
}

impl Rows {
    fn of<'a>(self, data: &'a [f32]) -> Matrix<'a> {
        Matrix {
            data,
            rows: self.rows,
            columns: self.columns,
            stride: self.stride,
        }
    }

    pub fn softmax(self, cpu: Cpu<'_>, x: &[f32], out: &mut [f32]) -> Result<(), KernelError> {
        let mut out = MatrixMut::dense(out, self.rows, self.columns);
        softmax(cpu, Softmax::Probabilities, self.of(x), &mut out)
    }
}

/// A normalization. Operands: x, the residual if there is one, then scale and shift, as far as there
/// are.
#[derive(Debug, Clone, Copy)]
pub struct Normalize {
    pub kind: NormKind,
    pub x: Rows,
    pub residual: Option<Rows>,
    pub epsilon: f32,
}

impl Normalize {
    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
    ) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let next = 1 + usize::from(self.residual.is_some());
        let weights = |at: usize| {
            let data = reads.get(at)?.floats();
            Some(data.get(..self.x.columns).unwrap_or(data))
        };
        let norm = Norm {
            kind: self.kind,
            epsilon: self.epsilon,
            scale: weights(next),
            bias: weights(next + 1),
        };
        let residual = self.residual.map(|rows| rows.of(operand(1)));
        let mut out = MatrixMut::dense(out, self.x.rows, self.x.columns);
        normalize(cpu, &norm, self.x.of(operand(0)), residual, &mut out)
    }
}
