//! Elements that are read, and written, by index.

use candle_core::Tensor;

use super::axis_in;
use super::elements::{Elements, integers};
use crate::engine::error::RunError;
use crate::graph::ops::{Combine, Place, Scatter, Take};

/// What indices name in a value: runs of so many elements, and where each starts.
struct Named {
    starts: Vec<usize>,
    width: usize,
}

impl Named {
    /// # Errors
    /// When an index is negative or past the end of its axis.
    fn new(place: Place, dims: &[usize], indices: &Tensor) -> Result<Named, RunError> {
        let numbers = integers(indices)?;
        let strides: Vec<usize> = (0..dims.len())
            .map(|axis| dims[axis + 1..].iter().product())
            .collect();
        match place {
            Place::Along(axis) => {
                let axis = axis_in(dims.len(), axis)?;
                let inner = strides[axis];
                let along = indices.dims()[axis];
                let start = |(at, index): (usize, &i64)| {
                    let outer = at / inner / along;
                    let index = checked(*index, axis, dims[axis])?;
                    Ok((outer * dims[axis] + index) * inner + at % inner)
                };
                let starts = numbers.iter().enumerate().map(start);
                Ok(Named {
                    starts: starts.collect::<Result<_, RunError>>()?,
                    width: 1,
                })
            }
            Place::Nd => {
                let count = indices.dims().last().copied().unwrap_or(0);
                let places = indices.dims().iter().rev().skip(1).product::<usize>();
                let start = |place: usize| {
                    let index = &numbers[place * count..(place + 1) * count];
                    let axes = index.iter().enumerate();
                    axes.map(|(axis, index)| Ok(checked(*index, axis, dims[axis])? * strides[axis]))
                        .sum::<Result<usize, RunError>>()
                };
                Ok(Named {
                    starts: (0..places).map(start).collect::<Result<_, _>>()?,
                    width: dims[count..].iter().product(),
                })
            }
        }
    }

    /// The numbers of all elements that are named, in order.
    fn elements(&self) -> impl Iterator<Item = usize> {
        self.starts
            .iter()
            .flat_map(|start| *start..start + self.width)
    }
}

fn checked(index: i64, axis: usize, size: usize) -> Result<usize, RunError> {
    let found = usize::try_from(index).ok().filter(|index| *index < size);
    found.ok_or_else(|| off_axis(index, axis, size))
}

/// What is wrong with an index that is negative, or past the end of an axis.
pub fn off_axis(index: i64, axis: usize, size: usize) -> RunError {
    RunError::new(format!(
        "the index {index} is not on axis {axis}, which has {size} elements"
    ))
    .help(format!("indices from 0 to {}", size.saturating_sub(1)))
}

/// # Errors
/// When an index is out of range.
pub fn take(op: &Take, x: &Tensor, indices: &Tensor, shape: &[usize]) -> Result<Tensor, RunError> {
    let named = Named::new(op.place, x.dims(), indices)?;
    let count = shape.iter().product::<usize>();
    if count == 0 {
        return Ok(Tensor::zeros(shape, x.dtype(), x.device())?);
    }
    let elements: Vec<i64> = named.elements().map(|at| at as i64).collect();
    let elements = Tensor::from_vec(elements, count, x.device())?;
    let flat = x.contiguous()?.flatten_all()?;
    Ok(flat.index_select(&elements, 0)?.reshape(shape)?)
}

/// # Errors
/// When an index is out of range.
pub fn scatter(
    op: &Scatter,
    x: &Tensor,
    indices: &Tensor,
    updates: &Tensor,
) -> Result<Tensor, RunError> {
    let named = Named::new(op.place, x.dims(), indices)?;
    let values = match (Elements::of(x)?, Elements::of(updates)?) {
        (Elements::Floats(mut values), Elements::Floats(updates)) => {
            for (at, update) in named.elements().zip(updates) {
                values[at] = floats(op.combine, values[at], update);
            }
            Elements::Floats(values)
        }
        (Elements::Ints(mut values), Elements::Ints(updates)) => {
            for (at, update) in named.elements().zip(updates) {
                values[at] = ints(op.combine, values[at], update);
            }
            Elements::Ints(values)
        }
        _ => return Err(RunError::new("the updates have another dtype")),
    };
    values.tensor(x.dims(), x.dtype(), x.device())
}

fn floats(combine: Combine, old: f64, new: f64) -> f64 {
    match combine {
        Combine::Set => new,
        Combine::Add => old + new,
        Combine::Mul => old * new,
        _ if old.is_nan() || new.is_nan() => f64::NAN,
        Combine::Max => old.max(new),
        Combine::Min => old.min(new),
    }
}

fn ints(combine: Combine, old: i64, new: i64) -> i64 {
    match combine {
        Combine::Set => new,
        Combine::Add => old.wrapping_add(new),
        Combine::Mul => old.wrapping_mul(new),
        Combine::Max => old.max(new),
        Combine::Min => old.min(new),
    }
}
