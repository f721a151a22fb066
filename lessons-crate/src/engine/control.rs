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
    match op {
        Op::Cond(_) => {
            let (condition, operands) = inputs.split_first().ok_or_else(missing)?;
            let branch = usize::from(!is_true(condition)?);
            run(branch, operands)?.pop().ok_or_else(missing)
        }
        Op::While(op) => {
            let state = last_state(inputs, run)?;
            state.into_iter().nth(op.result).ok_or_else(missing)
        }
        _ => Err(RunError::new("it has no bodies")),
    }
}

/// The state of a loop when its condition no longer holds.
///
/// # Errors
/// What a body fails with.
pub fn last_state(inputs: &[Tensor], run: RunBody<'_>) -> Result<Vec<Tensor>, RunError> {
    let mut state = inputs.to_vec();
    loop {
        crate::interrupt::check_point();
        let goes_on = run(0, &state)?;
        match goes_on.first() {
            Some(goes_on) if is_true(goes_on)? => state = run(1, &state)?,
            Some(_) => return Ok(state),
            None => return Err(missing()),
        }
    }
}

fn missing() -> RunError {
    RunError::new("a body gave fewer results than it has")
}

fn is_true(condition: &Tensor) -> Result<bool, RunError> {
    Ok(condition.to_dtype(DType::U8)?.to_scalar::<u8>()? != 0)
}
