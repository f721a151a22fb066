//! Which kernel runs a node.

use std::sync::Arc;

use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp};
use lessons_compute::gemm::PackedMatrix;

use super::layout::Layout;
use super::task::{Gemm, MAX_READS, Task};
use crate::graph::ops::{Argument, Binary, Fused, Op, StepOp, Unary};
use crate::graph::{DType, Node, axis_of_rank};

/// A kernel for a node.
pub struct Lowered {
    pub task: Task,
    /// Whether it wants its operands without gaps.
    pub contiguous: bool,
}

/// The kernel for a node with operands that lie like this; [`Task::Reference`] if there is none.
pub fn lower(node: &Node, operands: &[(&Layout, DType)], shape: &[usize]) -> Lowered {
    let task = match node.ty.dtype {
        DType::F32 if operands.len() <= MAX_READS => task(node, operands, shape),
        _ => None,
    };
    Lowered {
        contiguous: matches!(task, Some(Task::Concat { .. } | Task::Gather { .. })),
        task: task.unwrap_or(Task::Reference),
    }
}

fn task(node: &Node, operands: &[(&Layout, DType)], shape: &[usize]) -> Option<Task> {
    let floats = operands.iter().all(|(_, dtype)| *dtype == DType::F32);
    match &node.op {
        op if floats && program(op).is_some() => Some(Task::Elementwise {
            program: program(op)?,
            shape: shape.to_vec(),
            strides: operands
                .iter()
                .map(|(layout, _)| layout.broadcast(shape).strides)
                .collect(),
        }),
        Op::Reshape(_) if floats => {
            let layout = Layout {
                offset: 0,
                ..operands[0].0.clone()
            };
            Some(Task::Copy(layout))
        }
        Op::Concat(op) if floats => {
            let axis = axis_of_rank(shape.len(), op.axis)?;
            let inner: usize = shape[axis + 1..].iter().product();
            Some(Task::Concat {
                outer: shape[..axis].iter().product(),
                sizes: operands
                    .iter()
                    .map(|(layout, _)| layout.shape[axis] * inner)
                    .collect(),
            })
        }
        Op::Gather(_) => {
            let [(table, DType::F32), (indices, DType::I64)] = operands else {
                return None;
            };
            indices.is_contiguous().then(|| Task::Gather {
                rows: table.shape[0],
                width: table.shape[1..].iter().product(),
            })
        }
        Op::Cast(_) => {
            let [(layout, DType::I64)] = operands else {
                return None;
            };
            layout.is_contiguous().then_some(Task::Cast)
        }
        _ => None,
    }
}

/// The kernel for a product with a packed matrix, whose operands are those of the op but for the
/// matrix; and which of them it wants copied, since their rows do not lie as the kernel reads them.
pub fn product(
    node: &Node,
    weight: &Arc<PackedMatrix>,
    operands: &[&Layout],
) -> Option<(Gemm, Vec<bool>)> {
    let (bias, activation, residual) = match &node.op {
        Op::Linear(op) => (op.bias, op.activation, op.residual),
        _ => (false, None, false),
    };
    let rows: usize = operands.first()?.shape.split_last()?.1.iter().product();
    let mut copies = vec![false; operands.len()];
    let mut stride = |at: usize, columns: usize| -> Option<usize> {
        let stride = row_stride(operands.get(at)?, rows, columns);
        copies[at] = stride.is_none();
        Some(stride.unwrap_or(columns))
    };
    let gemm = Gemm {
        weight: Arc::clone(weight),
        rows,
        stride: stride(0, weight.rows())?,
        bias,
        activation: activation.map(unary),
        residual: match residual {
            true => Some(stride(1 + usize::from(bias), weight.columns())?),
            false => None,
        },
    };
    if bias {
        copies[1] = !operands.get(1)?.is_contiguous();
    }
    Some((gemm, copies))
}

/// From one row to the next, if a value is a matrix of rows without gaps.
fn row_stride(layout: &Layout, rows: usize, columns: usize) -> Option<usize> {
    let matrix = layout.reshape(&[rows, columns])?;
    let stride = if rows > 1 { matrix.strides[0] } else { columns };
    (columns <= 1 || matrix.strides[1] == 1).then_some(stride)
}

/// An elementwise op as a program of the compute crate.
pub fn program(op: &Op) -> Option<Program> {
    match op {
        Op::Fused(op) => fused(op),
        Op::Unary(op) => Program::new(1, vec![Step::Unary(unary(*op), Operand::Input(0))]).ok(),
        Op::Binary(op) => {
            let step = Step::Binary(binary(*op), Operand::Input(0), Operand::Input(1));
            Program::new(2, vec![step]).ok()
        }
        _ => None,
    }
}

/// The fused op as a program of the compute crate.
fn fused(fused: &Fused) -> Option<Program> {
    let operand = |argument: &Argument| match argument {
        Argument::Input(input) => Operand::Input(*input),
        Argument::Step(step) => Operand::Step(*step),
        Argument::Scalar(value) => Operand::Scalar(*value as f32),
    };
    let steps = fused
        .steps
        .iter()
        .map(|step| match (step.op, step.arguments.as_slice()) {
            (StepOp::Unary(op), [x]) => Some(Step::Unary(unary(op), operand(x))),
            (StepOp::Binary(op), [a, b]) => Some(Step::Binary(binary(op), operand(a), operand(b))),
            _ => None,
        });
    Program::new(fused.inputs, steps.collect::<Option<_>>()?).ok()
}

fn unary(op: Unary) -> UnaryOp {
    match op {
        Unary::Neg => UnaryOp::Neg,
        Unary::Abs => UnaryOp::Abs,
        Unary::Exp => UnaryOp::Exp,
        Unary::Log => UnaryOp::Log,
        Unary::Sqrt => UnaryOp::Sqrt,
        Unary::Rsqrt => UnaryOp::Rsqrt,
        Unary::Recip => UnaryOp::Recip,
        Unary::Sin => UnaryOp::Sin,
        Unary::Cos => UnaryOp::Cos,
        Unary::Tanh => UnaryOp::Tanh,
        Unary::Erf => UnaryOp::Erf,
        Unary::Sigmoid => UnaryOp::Sigmoid,
        Unary::Relu => UnaryOp::Relu,
        Unary::Gelu => UnaryOp::Gelu,
        Unary::GeluTanh => UnaryOp::GeluTanh,
        Unary::GeluQuick => UnaryOp::GeluQuick,
        Unary::Silu => UnaryOp::Silu,
    }
}

fn binary(op: Binary) -> BinaryOp {
    match op {
        Binary::Add => BinaryOp::Add,
        Binary::Sub => BinaryOp::Sub,
        Binary::Mul => BinaryOp::Mul,
        Binary::Div => BinaryOp::Div,
        Binary::Pow => BinaryOp::Pow,
        Binary::Max => BinaryOp::Max,
        Binary::Min => BinaryOp::Min,
    }
}
