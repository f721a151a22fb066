//! What can be wrong with a program, and with the arrays that it is run on.

use crate::isa::Isa;

/// Why a list of steps is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is no step, so there is no result.
    #[error("an elementwise program needs at least one step: its last step is the result")]
    Empty,
    /// A step reads an input that the program does not have.
    #[error(
        "step {step} reads input {input}, but the program has {inputs} input(s), counted from 0"
    )]
    UnknownInput {
        step: usize,
        input: usize,
        inputs: usize,
    },
    /// A step reads itself or a later step.
    #[error("step {step} reads step {read}, but a step can only read steps before it")]
    UnknownStep { step: usize, read: usize },
}

/// Why a program cannot run on the given arrays. Nothing was written to the output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The number of inputs is not the program's.
    #[error("the program has {expected} input(s), but {given} were given")]
    InputCount { expected: usize, given: usize },
    /// An input has not one stride per axis of the output.
    #[error(
        "input {input} has {strides} stride(s), but the output has {axes} axes: give one per axis, 0 to repeat"
    )]
    StrideCount {
        input: usize,
        strides: usize,
        axes: usize,
    },
    /// The strides of an input lead past the end of its data.
    #[error(
        "input {input} has {len} element(s), but its strides {strides:?} reach {} over the shape {shape:?}",
        .index.map_or_else(|| "past the largest index there is".to_string(), |index| format!("index {index}"))
    )]
    OutOfBounds {
        input: usize,
        len: usize,
        strides: Vec<usize>,
        shape: Vec<usize>,
        /// The largest index reached, if it fits a `usize`.
        index: Option<usize>,
    },
    /// The input that is to be overwritten is not laid out as the output is.
    #[error(
        "input {input} cannot be overwritten: its strides {strides:?} are not those of the shape {shape:?} without gaps"
    )]
    NotInPlace {
        input: usize,
        strides: Vec<usize>,
        shape: Vec<usize>,
    },
    /// The number of elements of the shape overflows.
    #[error("the shape {shape:?} has more elements than memory has addresses")]
    ShapeOverflow { shape: Vec<usize> },
    /// The output is not as long as its shape says.
    #[error("the shape {shape:?} has {expected} element(s), but the output has {given}")]
    OutputLength {
        shape: Vec<usize>,
        expected: usize,
        given: usize,
    },
    /// This machine does not have the instruction set that was asked for.
    #[error("this machine has no {}; it has {}", .0.name(), Isa::available().iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", "))]
    MissingIsa(Isa),
}
