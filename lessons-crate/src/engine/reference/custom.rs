//! Ops that are closures.

use candle_core::{DType, Tensor};

use super::elements::Elements;
use crate::engine::error::RunError;
use crate::graph::ops::{Custom, CustomInput};

/// # Errors
/// What the closure says.
pub fn custom(
    op: &Custom,
    inputs: &[&Tensor],
    shape: &[usize],
    dtype: DType,
) -> Result<Tensor, RunError> {
    let device = inputs
        .first()
        .map_or(&candle_core::Device::Cpu, |input| input.device());
    let values: Vec<Vec<f64>> = inputs
        .iter()
        .map(|input| {
            Ok(match Elements::of(input)? {
                Elements::Floats(values) => values,
                Elements::Ints(values) => values.into_iter().map(|value| value as f64).collect(),
            })
        })
        .collect::<Result<_, RunError>>()?;
    let inputs: Vec<CustomInput<'_>> = inputs
        .iter()
        .zip(&values)
        .map(|(input, values)| CustomInput {
            shape: input.dims(),
            values,
        })
        .collect();
    let result = op.compute(&inputs, shape).map_err(RunError::new)?;
    let result = match dtype.is_float() {
        true => Elements::Floats(result),
        false => Elements::Ints(result.into_iter().map(|value| value as i64).collect()),
    };
    result.tensor(shape, dtype, device)
}
