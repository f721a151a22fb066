//! Running sums and orders along one axis, line by line.

use std::cmp::Ordering;

use candle_core::{DType, Tensor};

use super::axis_in;
use super::elements::Elements;
use crate::engine::error::RunError;
use crate::graph::ops::{ArgSort, CumSum};

/// The lines along an axis: where each starts, how many elements it has, and how far they lie apart.
struct Lines {
    starts: Vec<usize>,
    len: usize,
    step: usize,
}

impl Lines {
    fn new(dims: &[usize], axis: usize) -> Lines {
        let step: usize = dims[axis + 1..].iter().product();
        let outer: usize = dims[..axis].iter().product();
        let start = |outer: usize| (0..step).map(move |inner| outer * dims[axis] * step + inner);
        Lines {
            starts: (0..outer).flat_map(start).collect(),
            len: dims[axis],
            step,
        }
    }

    /// Where the elements of one line are.
    fn line(&self, start: usize) -> impl Iterator<Item = usize> + use<> {
        let step = self.step;
        (0..self.len).map(move |at| start + at * step)
    }
}

/// # Errors
/// When there is no such axis.
pub fn cumsum(op: &CumSum, x: &Tensor) -> Result<Tensor, RunError> {
    let lines = Lines::new(x.dims(), axis_in(x.rank(), op.axis)?);
    let mut values = Elements::of(x)?;
    for start in &lines.starts {
        match &mut values {
            Elements::Floats(values) => {
                let mut sum = 0.0;
                for at in lines.line(*start) {
                    sum += values[at];
                    values[at] = sum;
                }
            }
            Elements::Ints(values) => {
                let mut sum = 0i64;
                for at in lines.line(*start) {
                    sum = sum.wrapping_add(values[at]);
                    values[at] = sum;
                }
            }
        }
    }
    values.tensor(x.dims(), x.dtype(), x.device())
}

/// # Errors
/// When the axis is shorter than what is asked for.
pub fn argsort(op: &ArgSort, x: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let axis = axis_in(x.rank(), op.axis)?;
    if shape[axis] > x.dims()[axis] {
        return Err(RunError::new(format!(
            "axis {} has {} elements in this run, and {} are asked for",
            op.axis,
            x.dims()[axis],
            shape[axis]
        )));
    }
    let (from, to) = (Lines::new(x.dims(), axis), Lines::new(shape, axis));
    let values = Elements::of(x)?;
    let mut result = vec![0i64; shape.iter().product()];
    for (start, target) in from.starts.iter().zip(&to.starts) {
        let line: Vec<usize> = from.line(*start).collect();
        let compare = |a: &usize, b: &usize| {
            let order = match &values {
                Elements::Floats(values) => numbers_then_nan(values[line[*a]], values[line[*b]]),
                Elements::Ints(values) => values[line[*a]].cmp(&values[line[*b]]),
            };
            match op.descending {
                true => order.reverse(),
                false => order,
            }
        };
        let mut order: Vec<usize> = (0..line.len()).collect();
        order.sort_by(compare);
        for (at, index) in to.line(*target).zip(order) {
            result[at] = index as i64;
        }
    }
    Ok(Tensor::from_vec(result, shape, x.device())?.to_dtype(DType::I64)?)
}

/// The order of numbers, and NaN above them all; the two zeros are equal.
fn numbers_then_nan(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
