//! Elementwise ops as programs of the compute crate.

use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp};

use crate::graph::ops::{Argument, Binary, Compare, Fused, Logical, Op, StepOp, Unary};

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
            (StepOp::Compare(op), [a, b]) => {
                Some(Step::Binary(comparison(op), operand(a), operand(b)))
            }
            // Masks are numbers here, 0 and 1.
            (StepOp::Logical(Logical::Not), [a]) => Some(Step::Binary(
                BinaryOp::Equal,
                operand(a),
                Operand::Scalar(0.0),
            )),
            (StepOp::Logical(op), [a, b]) => {
                let op = match op {
                    Logical::And => BinaryOp::Mul,
                    Logical::Or => BinaryOp::Max,
                    Logical::Xor | Logical::Not => BinaryOp::NotEqual,
                };
                Some(Step::Binary(op, operand(a), operand(b)))
            }
            (StepOp::Cast(_), [a]) => Some(Step::Binary(
                BinaryOp::NotEqual,
                operand(a),
                Operand::Scalar(0.0),
            )),
            (StepOp::Select(_), [mask, a, b]) => {
                Some(Step::Select(operand(mask), operand(a), operand(b)))
            }
            _ => None,
        });
    Program::new(fused.inputs, steps.collect::<Option<_>>()?).ok()
}

pub fn unary(op: Unary) -> UnaryOp {
    match op {
        Unary::Neg => UnaryOp::Neg,
        Unary::Abs => UnaryOp::Abs,
        Unary::Exp => UnaryOp::Exp,
        Unary::Log => UnaryOp::Log,
        Unary::Log1p => UnaryOp::Log1p,
        Unary::Sqrt => UnaryOp::Sqrt,
        Unary::Rsqrt => UnaryOp::Rsqrt,
        Unary::Recip => UnaryOp::Recip,
        Unary::Sin => UnaryOp::Sin,
        Unary::Cos => UnaryOp::Cos,
        Unary::Acos => UnaryOp::Acos,
        Unary::Tanh => UnaryOp::Tanh,
        Unary::Atanh => UnaryOp::Atanh,
        Unary::Erf => UnaryOp::Erf,
        Unary::Sigmoid => UnaryOp::Sigmoid,
        Unary::Floor => UnaryOp::Floor,
        Unary::Ceil => UnaryOp::Ceil,
        Unary::Round => UnaryOp::Round,
        Unary::Trunc => UnaryOp::Trunc,
        Unary::Relu => UnaryOp::Relu,
        Unary::Gelu => UnaryOp::Gelu,
        Unary::GeluTanh => UnaryOp::GeluTanh,
        Unary::GeluQuick => UnaryOp::GeluQuick,
        Unary::Silu => UnaryOp::Silu,
    }
}

fn comparison(op: Compare) -> BinaryOp {
    match op {
        Compare::Equal => BinaryOp::Equal,
        Compare::NotEqual => BinaryOp::NotEqual,
        Compare::Less => BinaryOp::Less,
        Compare::LessEqual => BinaryOp::LessEqual,
        Compare::Greater => BinaryOp::Greater,
        Compare::GreaterEqual => BinaryOp::GreaterEqual,
    }
}

fn binary(op: Binary) -> BinaryOp {
    match op {
        Binary::Add => BinaryOp::Add,
        Binary::Sub => BinaryOp::Sub,
        Binary::Mul => BinaryOp::Mul,
        Binary::Div => BinaryOp::Div,
        Binary::FloorDiv => BinaryOp::FloorDiv,
        Binary::Mod => BinaryOp::Mod,
        Binary::Pow => BinaryOp::Pow,
        Binary::Max => BinaryOp::Max,
        Binary::Min => BinaryOp::Min,
    }
}
