//! Line by line along an axis.

use lessons_compute::arg::Extreme;

use super::{Operands, elements::is_wide};
use crate::engine::cpu::task::{LineKind, Lines};
use crate::graph::ops::{Op, ReduceKind};
use crate::graph::{DType, axis_of_rank};

/// The kernel for an op on lines, if there is one for elements of this dtype.
pub fn lines(op: &Op, operands: &mut Operands<'_>, shape: &[usize]) -> Option<Lines> {
    if !has_kernel(op, *operands.dtypes().first()?) {
        return None;
    }
    let from = operands.shape(0)?;
    let (axis, kind) = match op {
        Op::CumSum(op) => (op.axis, LineKind::Sum),
        Op::ArgSort(op) => {
            let (count, descending) = (
                *shape.get(axis_of_rank(from.len(), op.axis)?)?,
                op.descending,
            );
            (op.axis, LineKind::Sort { count, descending })
        }
        Op::Reduce(op) => (op.axis, LineKind::Arg(extreme(op.kind)?)),
        _ => return None,
    };
    let axis = axis_of_rank(from.len(), axis)?;
    let sizes = [
        from[..axis].iter().product(),
        from[axis],
        from[axis + 1..].iter().product(),
    ];
    // Where a line is too short the reference says so.
    let enough = match kind {
        LineKind::Sum => true,
        LineKind::Sort { count, .. } => count <= sizes[1] && sizes[1] < u32::MAX as usize,
        LineKind::Arg(_) => sizes[1] > 0,
    };
    operands.dense(0);
    enough.then_some(Lines { kind, sizes })
}

/// Whether there is a kernel of this family for elements of this dtype.
pub fn has_kernel(op: &Op, dtype: DType) -> bool {
    match op {
        Op::CumSum(_) => is_wide(dtype),
        Op::ArgSort(_) => is_wide(dtype) && dtype != DType::F64,
        Op::Reduce(op) => extreme(op.kind).is_some() && dtype == DType::F32,
        _ => false,
    }
}

fn extreme(kind: ReduceKind) -> Option<Extreme> {
    match kind {
        ReduceKind::ArgMax => Some(Extreme::Largest),
        ReduceKind::ArgMin => Some(Extreme::Smallest),
        _ => None,
    }
}
