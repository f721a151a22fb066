//! The slow reference: sums in f64, rounded once; then the steps, one element at a time.

use super::epilogue::{Epilogue, Operand, Then};
use crate::elementwise::{BinaryOp, Program, Step, UnaryOp, View};
use crate::elementwise::{Operand as Argument, RunError};
use crate::matrix::{Matrix, MatrixMut};

/// Computes `epilogue(A · B)` into `c`, where element `(k, j)` of `B` is `b[k * strides[0] + j * strides[1]]`: what
/// [`gemm`](super::gemm) is held to.
///
/// # Errors
/// If a program of the epilogue has not as many inputs as operands.
///
/// # Panics
/// If a slice is too short.
pub fn gemm_reference(
    a: Matrix<'_>,
    b: &[f32],
    [down, right]: [usize; 2],
    c: &mut MatrixMut<'_>,
    epilogue: &Epilogue<'_>,
) -> Result<(), RunError> {
    for i in 0..c.rows {
        for j in 0..c.columns {
            let mut sum = epilogue.bias.map_or(0.0, |bias| f64::from(bias[j]));
            for (k, &x) in a.row(i).iter().enumerate() {
                sum += f64::from(x) * f64::from(b[k * down + j * right]);
            }
            let mut value = sum as f32;
            for then in epilogue.then {
                value = step(then, value, i, j)?;
            }
            c.data[i * c.stride + j] = value;
        }
    }
    Ok(())
}

fn step(then: &Then<'_>, value: f32, i: usize, j: usize) -> Result<f32, RunError> {
    let at = |operand: &Operand<'_>| match *operand {
        Operand::Scalar(x) => x,
        Operand::Columns(data) => data[j],
        Operand::Rows(data) => data[i],
        Operand::Matrix { data, stride } => data[i * stride + j],
    };
    match then {
        Then::Unary(op) => unary(*op, value),
        Then::Binary(op, operand) => binary(*op, value, at(operand)),
        Then::Program(program, operands) => {
            let values: Vec<f32> = std::iter::once(value)
                .chain(operands.iter().map(at))
                .collect();
            run(program, &values)
        }
    }
}

fn unary(op: UnaryOp, x: f32) -> Result<f32, RunError> {
    let steps = vec![Step::Unary(op, Argument::Input(0))];
    Program::new(1, steps).map_or(Ok(x), |program| run(&program, &[x]))
}

fn binary(op: BinaryOp, x: f32, y: f32) -> Result<f32, RunError> {
    let steps = vec![Step::Binary(op, Argument::Input(0), Argument::Input(1))];
    Program::new(2, steps).map_or(Ok(x), |program| run(&program, &[x, y]))
}

fn run(program: &Program, values: &[f32]) -> Result<f32, RunError> {
    let views: Vec<_> = values
        .chunks(1)
        .map(|data| View { data, strides: &[] })
        .collect();
    let mut out = [0.0];
    program.run_reference(&[], &views, &mut out)?;
    Ok(out[0])
}
