//! What one step of a specialized program does: a kernel with everything that it needs to run but
//! the data.

use std::sync::Arc;

use lessons_compute::cpu::Cpu;
use lessons_compute::elementwise::{BinaryOp, Program, UnaryOp, View};
use lessons_compute::error::KernelError;
use lessons_compute::gemm::{Epilogue, Operand, PackedMatrix, Then, gemm};
use lessons_compute::matrix::{Matrix, MatrixMut};

use super::layout::Layout;
use crate::engine::error::RunError;
use crate::engine::reference::row_in_table;

/// The most values that a step of ours reads; what reads more runs through the reference.
pub const MAX_READS: usize = 16;

/// The data of a value that a step reads, from its first element on.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    F32(&'a [f32]),
    I64(&'a [i64]),
}

impl<'a> Data<'a> {
    fn floats(self) -> &'a [f32] {
        match self {
            Data::F32(values) => values,
            // A verified graph and `lower` rule this out; an empty slice is refused by every kernel.
            Data::I64(_) => &[],
        }
    }

    fn integers(self) -> &'a [i64] {
        match self {
            Data::I64(values) => values,
            Data::F32(_) => &[],
        }
    }
}

/// A kernel on operands of known shapes.
#[derive(Debug, Clone)]
pub enum Task {
    /// One loop over the elements of `shape`; the strides of each operand fill it.
    Elementwise {
        program: Program,
        shape: Vec<usize>,
        strides: Vec<Vec<usize>>,
    },
    /// The elements of a view in row-major order.
    Copy(Layout),
    /// Operands end to end: for each of `outer` places, `sizes[i]` elements of operand `i`.
    Concat { outer: usize, sizes: Vec<usize> },
    /// Rows of a table of `rows` rows.
    Gather { rows: usize, width: usize },
    /// Integers as floats.
    Cast,
    /// A product with a packed matrix, and what is done with it on the way.
    Gemm(Gemm),
    /// The reference computes it, through candle.
    Reference,
}

/// Operands: the left side, then the bias and the residual, as far as there are.
#[derive(Debug, Clone)]
pub struct Gemm {
    pub weight: Arc<PackedMatrix>,
    pub rows: usize,
    /// From one row of the left side to the next.
    pub stride: usize,
    pub bias: bool,
    pub activation: Option<UnaryOp>,
    /// From one row of the residual to the next, if there is one.
    pub residual: Option<usize>,
}

impl Task {
    /// What reports call it.
    pub fn kernel(&self) -> &'static str {
        match self {
            Task::Elementwise { .. } => "elementwise loop",
            Task::Copy(_) => "copy",
            Task::Concat { .. } => "concat",
            Task::Gather { .. } => "gather",
            Task::Cast => "cast",
            Task::Gemm(_) => "packed matrix product",
            Task::Reference => "candle",
        }
    }

    /// Runs a kernel of ours. Each operand starts at its first element.
    ///
    /// # Errors
    /// When data does not fit, such as an index past the end of a table.
    pub fn run(&self, cpu: Cpu<'_>, reads: &[Data<'_>], out: &mut [f32]) -> Result<(), RunError> {
        match self {
            Task::Elementwise {
                program,
                shape,
                strides,
            } => {
                let mut views = [View {
                    data: &[],
                    strides: &[],
                }; MAX_READS];
                for ((view, read), strides) in views.iter_mut().zip(reads).zip(strides) {
                    let data = read.floats();
                    *view = View { data, strides };
                }
                program
                    .run_on(cpu, shape, &views[..reads.len()], out)
                    .map_err(|error| RunError::new(error.to_string()))
            }
            Task::Copy(layout) => {
                copy(layout, reads[0].floats(), out);
                Ok(())
            }
            Task::Concat { outer, sizes } => {
                let whole: usize = sizes.iter().sum();
                let mut start = 0;
                for (read, size) in reads.iter().zip(sizes) {
                    let parts = read.floats().chunks_exact((*size).max(1)).take(*outer);
                    for (part, out) in parts.zip(out.chunks_exact_mut(whole.max(1))) {
                        out[start..start + size].copy_from_slice(&part[..*size]);
                    }
                    start += size;
                }
                Ok(())
            }
            Task::Gather { rows, width } => {
                let (table, indices) = (reads[0].floats(), reads[1].integers());
                for (index, out) in indices.iter().zip(out.chunks_exact_mut((*width).max(1))) {
                    let row = row_in_table(*index, *rows)?;
                    out.copy_from_slice(&table[row * width..(row + 1) * width]);
                }
                Ok(())
            }
            Task::Cast => {
                for (out, value) in out.iter_mut().zip(reads[0].integers()) {
                    *out = *value as f32;
                }
                Ok(())
            }
            Task::Gemm(product) => product
                .run(cpu, reads, out)
                .map_err(|error| RunError::new(error.to_string())),
            Task::Reference => Err(RunError::new("the reference runs this step")),
        }
    }
}

impl Gemm {
    fn run(&self, cpu: Cpu<'_>, reads: &[Data<'_>], out: &mut [f32]) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let x = Matrix {
            data: operand(0),
            rows: self.rows,
            columns: self.weight.rows(),
            stride: self.stride,
        };
        let bias = self.bias.then(|| &operand(1)[..self.weight.columns()]);
        let mut steps = [Then::Unary(UnaryOp::Relu); 2];
        let mut count = 0;
        if let Some(activation) = self.activation {
            steps[count] = Then::Unary(activation);
            count += 1;
        }
        if let Some(stride) = self.residual {
            let data = operand(1 + usize::from(self.bias));
            steps[count] = Then::Binary(BinaryOp::Add, Operand::Matrix { data, stride });
            count += 1;
        }
        let epilogue = Epilogue {
            bias,
            then: &steps[..count],
        };
        let mut y = MatrixMut::dense(out, self.rows, self.weight.columns());
        gemm(cpu, x, &self.weight, &mut y, &epilogue)
    }
}

/// Writes the elements of a view in row-major order.
fn copy(layout: &Layout, data: &[f32], out: &mut [f32]) {
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
