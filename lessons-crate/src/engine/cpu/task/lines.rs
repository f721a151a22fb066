//! Steps that work line by line along one axis: running sums, orders, and where the extremes stand.

use lessons_compute::arg::{Extreme, arg};
use lessons_compute::cpu::Cpu;
use lessons_compute::cumsum::cumsum;
use lessons_compute::sort::{argsort, workspace};

use super::{Data, Out, Workspace, mixed, refused};
use crate::engine::error::RunError;

/// A kernel on lines along the middle axis of `sizes`: outer, middle and inner.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    pub kind: LineKind,
    pub sizes: [usize; 3],
}

#[derive(Debug, Clone, Copy)]
pub enum LineKind {
    Sum,
    /// The indices of the first `count` elements in order.
    Sort {
        count: usize,
        descending: bool,
    },
    Arg(Extreme),
}

impl Lines {
    pub fn kernel(&self) -> &'static str {
        match self.kind {
            LineKind::Sum => "running sums",
            LineKind::Sort { .. } => "sort of lines",
            LineKind::Arg(_) => "search of lines",
        }
    }

    pub fn run(
        &self,
        cpu: Cpu<'_>,
        x: Data<'_>,
        out: Out<'_>,
        memory: &mut Workspace,
    ) -> Result<(), RunError> {
        let sizes = self.sizes;
        match self.kind {
            LineKind::Sum => match (x, out) {
                (Data::F64(x), Out::F64(out)) => cumsum(cpu, x, sizes, out),
                (Data::F32(x), Out::F32(out)) => cumsum(cpu, x, sizes, out),
                (Data::I64(x), Out::I64(out)) => cumsum(cpu, x, sizes, out),
                (Data::I32(x), Out::I32(out)) => cumsum(cpu, x, sizes, out),
                (Data::U32(x), Out::U32(out)) => cumsum(cpu, x, sizes, out),
                (Data::U8(x), Out::U8(out)) => cumsum(cpu, x, sizes, out),
                _ => return Err(mixed()),
            },
            LineKind::Sort { count, descending } => {
                let keys = workspace(cpu, sizes[1]);
                macro_rules! sort {
                    ($x:expr, $scratch:ident) => {
                        argsort(
                            cpu,
                            $x,
                            sizes,
                            count,
                            descending,
                            memory.$scratch(keys),
                            out.indices(),
                        )
                    };
                }
                match x {
                    Data::F32(x) => sort!(x, keys),
                    Data::I64(x) => sort!(x, wide_keys),
                    Data::I32(x) => sort!(x, keys),
                    Data::U32(x) => sort!(x, keys),
                    Data::U8(x) => sort!(x, keys),
                    _ => return Err(mixed()),
                }
            }
            LineKind::Arg(extreme) => arg(cpu, extreme, x.floats(), sizes, out.indices()),
        }
        .map_err(refused)
    }
}
