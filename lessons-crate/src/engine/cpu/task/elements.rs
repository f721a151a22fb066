//! Steps that work element by element on other dtypes than the loops in `f32`: comparisons, logic, choices, casts, integers.

use lessons_compute::cast::{cast, truth};
use lessons_compute::compare::{Comparison, Logic, compare, logic, not};
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::integer::{IntegerBinary, IntegerUnary, integer_binary, integer_unary};
use lessons_compute::select::select;
use lessons_compute::walk::Walk;

use super::data::by_size;
use super::{Data, Out, mixed, refused};
use crate::engine::error::RunError;
use crate::engine::reference::division_by_zero;

/// A kernel, with how its operands lie beside the result.
#[derive(Debug, Clone)]
pub enum Elements {
    Compare(Comparison, Walk<2>),
    Logic(Logic, Walk<2>),
    Not(Walk<1>),
    /// Operands: the mask, then what is taken where it is true, and elsewhere.
    Select(Walk<3>),
    /// To the dtype of the result.
    Cast(Walk<1>),
    /// Whether it is not 0.
    Truth(Walk<1>),
    Unary(IntegerUnary, Walk<1>),
    Binary(IntegerBinary, Walk<2>),
}

impl Elements {
    pub fn kernel(&self) -> &'static str {
        match self {
            Elements::Compare(..) => "comparison",
            Elements::Logic(..) | Elements::Not(_) => "logic of bytes",
            Elements::Select(_) => "selection",
            Elements::Cast(_) | Elements::Truth(_) => "cast",
            Elements::Unary(..) | Elements::Binary(..) => "integer arithmetic",
        }
    }

    pub fn run(&self, cpu: Cpu<'_>, reads: &[Data<'_>], out: Out<'_>) -> Result<(), RunError> {
        match (self, reads) {
            (Elements::Compare(op, walk), [a, b]) => {
                let out = out.bytes();
                let (op, walk) = (*op, walk);
                match (a, b) {
                    (Data::F64(a), Data::F64(b)) => compare(cpu, op, walk, a, b, out),
                    (Data::F32(a), Data::F32(b)) => compare(cpu, op, walk, a, b, out),
                    (Data::I64(a), Data::I64(b)) => compare(cpu, op, walk, a, b, out),
                    (Data::I32(a), Data::I32(b)) => compare(cpu, op, walk, a, b, out),
                    (Data::U32(a), Data::U32(b)) => compare(cpu, op, walk, a, b, out),
                    (Data::U8(a), Data::U8(b)) => compare(cpu, op, walk, a, b, out),
                    _ => return Err(mixed()),
                }
                .map_err(refused)
            }
            (Elements::Logic(op, walk), [a, b]) => {
                logic(cpu, *op, walk, a.bytes(), b.bytes(), out.bytes()).map_err(refused)
            }
            (Elements::Not(walk), [a]) => not(cpu, walk, a.bytes(), out.bytes()).map_err(refused),
            (Elements::Select(walk), [mask, a, b]) => {
                let mask = mask.bytes();
                by_size!(out, [a, b], |out, a, b| select(cpu, walk, mask, a, b, out)
                    .map_err(refused))
            }
            (Elements::Cast(walk), [x]) => cast_all(cpu, walk, *x, out),
            (Elements::Truth(walk), [x]) => {
                let out = out.bytes();
                match x {
                    Data::F64(x) => truth(cpu, walk, x, out),
                    Data::F32(x) => truth(cpu, walk, x, out),
                    Data::I64(x) => truth(cpu, walk, x, out),
                    Data::I32(x) => truth(cpu, walk, x, out),
                    Data::U32(x) => truth(cpu, walk, x, out),
                    Data::U8(x) => truth(cpu, walk, x, out),
                    Data::F16(_) | Data::BF16(_) => return Err(mixed()),
                }
                .map_err(refused)
            }
            (Elements::Unary(op, walk), [x]) => match (*x, out) {
                (Data::I64(x), Out::I64(out)) => integer_unary(cpu, *op, walk, x, out),
                (Data::I32(x), Out::I32(out)) => integer_unary(cpu, *op, walk, x, out),
                (Data::U32(x), Out::U32(out)) => integer_unary(cpu, *op, walk, x, out),
                (Data::U8(x), Out::U8(out)) => integer_unary(cpu, *op, walk, x, out),
                _ => return Err(mixed()),
            }
            .map_err(refused),
            (Elements::Binary(op, walk), [a, b]) => match (*a, *b, out) {
                (Data::I64(a), Data::I64(b), Out::I64(out)) => {
                    integer_binary(cpu, *op, walk, a, b, out)
                }
                (Data::I32(a), Data::I32(b), Out::I32(out)) => {
                    integer_binary(cpu, *op, walk, a, b, out)
                }
                (Data::U32(a), Data::U32(b), Out::U32(out)) => {
                    integer_binary(cpu, *op, walk, a, b, out)
                }
                (Data::U8(a), Data::U8(b), Out::U8(out)) => {
                    integer_binary(cpu, *op, walk, a, b, out)
                }
                _ => return Err(mixed()),
            }
            .map_err(|error| match error {
                KernelError::DivisionByZero => division_by_zero(),
                error => refused(error),
            }),
            _ => Err(mixed()),
        }
    }
}

fn cast_all(cpu: Cpu<'_>, walk: &Walk<1>, x: Data<'_>, out: Out<'_>) -> Result<(), RunError> {
    macro_rules! to_each {
        ($x:expr) => {
            match out {
                Out::F64(out) => cast(cpu, walk, $x, out),
                Out::F32(out) => cast(cpu, walk, $x, out),
                Out::I64(out) => cast(cpu, walk, $x, out),
                Out::I32(out) => cast(cpu, walk, $x, out),
                Out::U32(out) => cast(cpu, walk, $x, out),
                Out::U8(out) => cast(cpu, walk, $x, out),
                Out::F16(_) | Out::BF16(_) => return Err(mixed()),
            }
        };
    }
    match x {
        Data::F64(x) => to_each!(x),
        Data::F32(x) => to_each!(x),
        Data::I64(x) => to_each!(x),
        Data::I32(x) => to_each!(x),
        Data::U32(x) => to_each!(x),
        Data::U8(x) => to_each!(x),
        Data::F16(_) | Data::BF16(_) => return Err(mixed()),
    }
    .map_err(refused)
}
