//! Choices and loops, whatever runs their bodies.

use candle_core::{DType, Tensor};

use super::error::RunError;
use crate::graph::ops::Op;

/// Runs a body, given its number among [`Op::bodies`] and its inputs.
pub type RunBody<'r> = &'r dyn Fn(usize, &[Tensor]) -> Result<Vec<Tensor>, RunError>;

/// The value of an op that has bodies. An interrupt stops a loop between two turns.
///
/// # Errors
/// What a body fails with.
pub fn control(op: &Op, inputs: &[Tensor], run: RunBody<'_>) -> Result<Tensor, RunError> {
    let missing = || RunError::new("a body gave fewer results than it has");
    match op {
        Op::Cond(_) => {
            let (condition, operands) = inputs.split_first().ok_or_else(missing)?;
            let branch = usize::from(!is_true(condition)?);
            run(branch, operands)?.pop().ok_or_else(missing)
        }
        Op::While(op) => {
            let mut state = inputs.to_vec();
            while is_true(run(0, &state)?.first().ok_or_else(missing)?)? {
                crate::interrupt::check_point();
                state = run(1, &state)?;
            }
            state.into_iter().nth(op.result).ok_or_else(missing)
        }
        _ => Err(RunError::new("it has no bodies")),
    }
}

fn is_true(condition: &Tensor) -> Result<bool, RunError> {
    Ok(condition.to_dtype(DType::U8)?.to_scalar::<u8>()? != 0)
}
