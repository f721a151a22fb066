//! What one step of a specialized program does: a kernel with everything that it needs to run but
//! the data.

mod attention;
mod custom;
mod data;
mod elements;
mod epilogue;
mod gemm;
mod image;
mod index;
mod lines;
mod movement;
mod norm;
mod workspace;

use lessons_compute::conv::Conv2d;
use lessons_compute::cpu::Cpu;
use lessons_compute::elementwise::{Program, View};
use lessons_compute::error::KernelError;
use lessons_compute::pooling::{Pooling, pool2d};
use lessons_compute::random::{Distribution, random};
use lessons_compute::reduce::{Reduce, reduce};
use lessons_compute::walk::Walk;

use crate::engine::error::RunError;

pub use attention::Attend;
pub use custom::Call;
pub use data::{Bits, Data, Out, OutBits, mixed, words};
pub use elements::Elements;
pub use epilogue::{Ending, EndingStep};
pub use gemm::{Gemm, Right};
pub use image::Convolve;
pub use index::{IndexKind, Indexed};
pub use lines::{LineKind, Lines};
pub use norm::{Normalize, Rows};
pub use workspace::Workspace;

/// The most values that a step of ours reads; what reads more runs through the reference.
pub const MAX_READS: usize = 16;

/// What a kernel says when it is given what it cannot work on.
fn refused(error: KernelError) -> RunError {
    RunError::new(error.to_string())
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
    Copy(Walk<1>),
    /// Operands end to end: for each of `outer` places, `sizes[i]` elements of operand `i`.
    Concat { outer: usize, sizes: Vec<usize> },
    /// Element by element, in other dtypes than `f32` alone.
    Elements(Elements),
    /// Line by line along an axis.
    Lines(Lines),
    /// Elements that are read or written by index.
    Indexed(Indexed),
    /// The integers from 0 on.
    Range,
    /// Numbers that a seed makes.
    Random {
        distribution: Distribution,
        seed: u64,
    },
    /// A closure.
    Custom(Call),
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
            Task::Elements(elements) => elements.kernel(),
            Task::Lines(lines) => lines.kernel(),
            Task::Indexed(indexed) => indexed.kernel(),
            Task::Range => "range",
            Task::Random { .. } => "random numbers",
            Task::Custom(_) => "closure",
            Task::Gemm(gemm) => gemm.kernel(),
            Task::Convolve(conv) => conv.kernel(),
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
        out: Out<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), RunError> {
        let x = || reads.first().copied().ok_or_else(mixed);
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
                let out = out.floats();
                let run = match *over {
                    Some(at) => program.run_in_place(cpu, shape, views, at, out),
                    None => program.run_on(cpu, shape, views, out),
                };
                run.map_err(|error| RunError::new(error.to_string()))
            }
            Task::Copy(walk) => movement::copy(cpu, walk, x()?, out),
            Task::Concat { outer, sizes } => movement::concat(*outer, sizes, reads, out),
            Task::Elements(elements) => elements.run(cpu, reads, out),
            Task::Lines(lines) => lines.run(cpu, x()?, out, workspace),
            Task::Indexed(indexed) => indexed.run(cpu, reads, out),
            Task::Range => {
                (0..)
                    .zip(out.indices())
                    .for_each(|(number, out)| *out = number);
                Ok(())
            }
            Task::Random { distribution, seed } => {
                random(cpu, *distribution, *seed, out.floats());
                Ok(())
            }
            Task::Custom(call) => call.run(reads, out, workspace),
            Task::Gemm(product) => product
                .run(cpu, reads, out.floats(), workspace)
                .map_err(refused),
            Task::Convolve(conv) => conv
                .run(cpu, reads, out.floats(), workspace)
                .map_err(refused),
            Task::Pool { kind, sizes } => {
                pool2d(cpu, *kind, sizes, x()?.floats(), out.floats()).map_err(refused)
            }
            Task::Attention(attend) => attend
                .run(cpu, reads, out.floats(), workspace)
                .map_err(refused),
            Task::Normalize(norm) => norm.run(cpu, reads, out.floats()).map_err(refused),
            Task::Softmax(rows) => rows
                .softmax(cpu, x()?.floats(), out.floats())
                .map_err(refused),
            Task::Reduce { kind, sizes } => {
                reduce(cpu, *kind, x()?.floats(), *sizes, out.floats()).map_err(refused)
            }
            Task::Reference | Task::Control => {
                Err(RunError::new("this step makes a tensor of its own"))
            }
        }
    }
}
