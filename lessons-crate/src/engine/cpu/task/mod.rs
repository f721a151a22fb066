//! What one step of a specialized program does: a kernel with everything that it needs to run but
//! the data.

mod attention;
mod epilogue;
mod gemm;
mod image;
mod movement;
mod norm;
mod workspace;

use lessons_compute::conv::Conv2d;
use lessons_compute::cpu::Cpu;
use lessons_compute::elementwise::{Program, View};
use lessons_compute::error::KernelError;
use lessons_compute::pooling::{Pooling, pool2d};
use lessons_compute::reduce::{Reduce, reduce};

use super::layout::Layout;
use crate::engine::error::RunError;

pub use attention::Attend;
pub use epilogue::Ending;
pub use gemm::{Gemm, Right};
pub use image::Convolve;
pub use norm::{Normalize, Rows};
pub use workspace::Workspace;

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
        /// The operand whose place in the arena the result takes, if there is one.
        over: Option<usize>,
    },
    /// The elements of a view in row-major order.
    Copy(Layout),
    /// Operands end to end: for each of `outer` places, `sizes[i]` elements of operand `i`.
    Concat { outer: usize, sizes: Vec<usize> },
    /// Rows of a table of `rows` rows.
    Gather { rows: usize, width: usize },
    /// Integers as floats.
    Cast,
    /// A matrix product, and what is done with it on the way.
    Gemm(Gemm),
    /// A convolution, and what is done with it on the way.
    Convolve(Convolve),
    /// Each window over images becomes one number.
    Pool { kind: Pooling, sizes: Conv2d },
    /// Attention of all heads.
    Attention(Attend),
    /// Layer normalization, of a sum or of one value.
    Normalize(Normalize),
    /// Softmax of each row.
    Softmax(Rows),
    /// The middle axis of `sizes`, outer, middle and inner, is reduced.
    Reduce { kind: Reduce, sizes: [usize; 3] },
    /// The reference computes it, through candle.
    Reference,
    /// Its bodies are plans of their own.
    Control,
}

impl Task {
    /// The operand that it writes over, if it does.
    pub fn over(&self) -> Option<usize> {
        match self {
            Task::Elementwise { over, .. } => *over,
            _ => None,
        }
    }

    /// Whether its value is a tensor that the run makes, and not written to a place of the plan.
    pub fn makes_tensor(&self) -> bool {
        matches!(self, Task::Reference | Task::Control)
    }

    /// What reports call it.
    pub fn kernel(&self) -> &'static str {
        match self {
            Task::Elementwise { .. } => "elementwise loop",
            Task::Copy(_) => "copy",
            Task::Concat { .. } => "concat",
            Task::Gather { .. } => "gather",
            Task::Cast => "cast",
            Task::Gemm(gemm) => gemm.kernel(),
            Task::Convolve(_) => "convolution",
            Task::Pool { .. } => "pooling",
            Task::Attention(_) => "attention by head tiles",
            Task::Normalize(_) => "normalization of rows",
            Task::Softmax(_) => "softmax of rows",
            Task::Reduce { .. } => "reduction",
            Task::Reference => "candle",
            Task::Control => "control flow",
        }
    }

    /// Runs a kernel of ours. Each operand starts at its first element.
    ///
    /// # Errors
    /// When data does not fit, such as an index past the end of a table.
    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
        workspace: &mut Workspace,
    ) -> Result<(), RunError> {
        let refused = |error: KernelError| RunError::new(error.to_string());
        match self {
            Task::Elementwise {
                program,
                shape,
                strides,
                over,
            } => {
                let mut views = [View {
                    data: &[],
                    strides: &[],
                }; MAX_READS];
                for ((view, read), strides) in views.iter_mut().zip(reads).zip(strides) {
                    let data = read.floats();
                    *view = View { data, strides };
                }
                let views = &views[..reads.len()];
                let run = match *over {
                    Some(at) => program.run_in_place(cpu, shape, views, at, out),
                    None => program.run_on(cpu, shape, views, out),
                };
                run.map_err(|error| RunError::new(error.to_string()))
            }
            Task::Copy(layout) => {
                movement::copy(layout, reads[0].floats(), out);
                Ok(())
            }
            Task::Concat { outer, sizes } => {
                movement::concat(*outer, sizes, reads, out);
                Ok(())
            }
            Task::Gather { rows, width } => {
                let (table, indices) = (reads[0].floats(), reads[1].integers());
                movement::gather(cpu, table, [*rows, *width], indices, out)
            }
            Task::Cast => {
                for (out, value) in out.iter_mut().zip(reads[0].integers()) {
                    *out = *value as f32;
                }
                Ok(())
            }
            Task::Gemm(product) => product.run(cpu, reads, out, workspace).map_err(refused),
            Task::Convolve(conv) => conv.run(cpu, reads, out, workspace).map_err(refused),
            Task::Pool { kind, sizes } => {
                pool2d(cpu, *kind, sizes, reads[0].floats(), out).map_err(refused)
            }
            Task::Attention(attend) => attend.run(cpu, reads, out, workspace).map_err(refused),
            Task::Normalize(norm) => norm.run(cpu, reads, out).map_err(refused),
            Task::Softmax(rows) => rows.softmax(cpu, reads[0].floats(), out).map_err(refused),
            Task::Reduce { kind, sizes } => {
                reduce(cpu, *kind, reads[0].floats(), *sizes, out).map_err(refused)
            }
            Task::Reference | Task::Control => {
                Err(RunError::new("this step makes a tensor of its own"))
            }
        }
    }
}
