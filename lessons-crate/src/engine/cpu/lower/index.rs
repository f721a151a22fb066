//! Elements by index.

use lessons_compute::place::Place;
use lessons_compute::scatter;

use super::Operands;
use crate::engine::cpu::task::{IndexKind, Indexed};
use crate::graph::ops::{self, Combine, Op};
use crate::graph::{DType, axis_of_rank};

/// The kernel for an op that reads or writes by index, if there is one for elements of this dtype.
pub fn indexed(op: &Op, operands: &mut Operands<'_>) -> Option<Indexed> {
    if !has_kernel(op, *operands.dtypes().first()?) {
        return None;
    }
    (0..operands.layouts.len()).for_each(|at| operands.dense(at));
    let (x, indices) = (operands.shape(0)?, operands.shape(1)?);
    let (place, kind) = match op {
        Op::Gather(_) => {
            let place = Place::Nd {
                count: indices.iter().product(),
                axes: vec![*x.first()?],
                width: x[1..].iter().product(),
            };
            (place, IndexKind::Gather)
        }
        Op::Take(op) => (place(op.place, x, indices)?, IndexKind::Take),
        Op::Scatter(op) => {
            let kind = IndexKind::Scatter {
                combine: combine(op.combine),
                updates: operands.shape(2)?.iter().product(),
            };
            (place(op.place, x, indices)?, kind)
        }
        _ => return None,
    };
    Some(Indexed {
        place,
        elements: x.iter().product(),
        kind,
    })
}

/// Whether there is a kernel of this family for elements of this dtype.
pub fn has_kernel(op: &Op, dtype: DType) -> bool {
    match op {
        Op::Gather(_) | Op::Take(_) => true,
        Op::Scatter(op) => op.combine == Combine::Set || dtype == DType::F32 || dtype.is_int(),
        _ => false,
    }
}

fn place(place: ops::Place, x: &[usize], indices: &[usize]) -> Option<Place> {
    Some(match place {
        ops::Place::Along(axis) => {
            let axis = axis_of_rank(x.len(), axis)?;
            Place::Along {
                sizes: [
                    x[..axis].iter().product(),
                    x[axis],
                    x[axis + 1..].iter().product(),
                ],
                count: indices[axis],
                axis,
            }
        }
        ops::Place::Nd => {
            let (axes, outer) = indices.split_last()?;
            Place::Nd {
                count: outer.iter().product(),
                axes: x[..*axes].to_vec(),
                width: x[*axes..].iter().product(),
            }
        }
    })
}

fn combine(combine: Combine) -> Option<scatter::Combine> {
    match combine {
        Combine::Set => None,
        Combine::Add => Some(scatter::Combine::Add),
        Combine::Mul => Some(scatter::Combine::Mul),
        Combine::Max => Some(scatter::Combine::Max),
        Combine::Min => Some(scatter::Combine::Min),
    }
}
