//! Element by element, on other dtypes than `f32` alone.

use lessons_compute::compare::{Comparison, Logic};
use lessons_compute::integer::{IntegerBinary, IntegerUnary};

use super::Operands;
use crate::engine::cpu::task::Elements;
use crate::graph::DType;
use crate::graph::ops::{Binary, Cast, Compare, Logical, Op, Unary};

/// The kernel for an elementwise op and operands of these dtypes, if there is one.
pub fn elements(op: &Op, operands: &Operands<'_>, shape: &[usize]) -> Option<Elements> {
    let dtypes = operands.dtypes();
    if !has_kernel(op, &dtypes) {
        return None;
    }
    Some(match op {
        Op::Compare(op) => Elements::Compare(comparison(*op), operands.walk(shape)?),
        Op::Logical(Logical::Not) => Elements::Not(operands.walk(shape)?),
        Op::Logical(op) => Elements::Logic(logic(*op)?, operands.walk(shape)?),
        Op::Select(_) => Elements::Select(operands.walk(shape)?),
        Op::Cast(Cast { dtype: DType::Bool }) => Elements::Truth(operands.walk(shape)?),
        Op::Cast(_) => Elements::Cast(operands.walk(shape)?),
        Op::Unary(op) => Elements::Unary(unary(*op)?, operands.walk(shape)?),
        Op::Binary(op) => Elements::Binary(binary(*op)?, operands.walk(shape)?),
        _ => return None,
    })
}

/// Whether there is a kernel of this family for operands of these dtypes.
pub fn has_kernel(op: &Op, dtypes: &[DType]) -> bool {
    let all = |kind: fn(DType) -> bool| dtypes.iter().all(|dtype| kind(*dtype));
    match op {
        Op::Compare(_) => all(is_wide),
        Op::Logical(_) | Op::Select(_) => true,
        Op::Cast(op) => all(is_wide) && is_wide(op.dtype),
        Op::Unary(op) => all(DType::is_int) && unary(*op).is_some(),
        Op::Binary(op) => all(DType::is_int) && binary(*op).is_some(),
        _ => false,
    }
}

/// A dtype that processors compute in: any but floats of 16 bits.
pub fn is_wide(dtype: DType) -> bool {
    !matches!(dtype, DType::F16 | DType::BF16)
}

fn comparison(op: Compare) -> Comparison {
    match op {
        Compare::Equal => Comparison::Equal,
        Compare::NotEqual => Comparison::NotEqual,
        Compare::Less => Comparison::Less,
        Compare::LessEqual => Comparison::LessEqual,
        Compare::Greater => Comparison::Greater,
        Compare::GreaterEqual => Comparison::GreaterEqual,
    }
}

fn logic(op: Logical) -> Option<Logic> {
    match op {
        Logical::And => Some(Logic::And),
        Logical::Or => Some(Logic::Or),
        Logical::Xor => Some(Logic::Xor),
        Logical::Not => None,
    }
}

fn unary(op: Unary) -> Option<IntegerUnary> {
    match op {
        Unary::Neg => Some(IntegerUnary::Neg),
        Unary::Abs => Some(IntegerUnary::Abs),
        Unary::Relu => Some(IntegerUnary::Relu),
        _ => None,
    }
}

fn binary(op: Binary) -> Option<IntegerBinary> {
    match op {
        Binary::Add => Some(IntegerBinary::Add),
        Binary::Sub => Some(IntegerBinary::Sub),
        Binary::Mul => Some(IntegerBinary::Mul),
        Binary::Div => Some(IntegerBinary::Div),
        Binary::FloorDiv => Some(IntegerBinary::FloorDiv),
        Binary::Mod => Some(IntegerBinary::Mod),
        Binary::Max => Some(IntegerBinary::Max),
        Binary::Min => Some(IntegerBinary::Min),
        Binary::Pow => None,
    }
}
