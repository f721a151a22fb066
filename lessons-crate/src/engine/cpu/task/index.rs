//! Steps that read and write elements by index.

use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::place::Place;
use lessons_compute::scatter::{Combine, combine, scatter};
use lessons_compute::take::take;

use super::data::{by_index, by_size};
use super::{Data, Out, mixed, refused};
use crate::engine::error::RunError;
use crate::engine::reference::{not_in_table, off_axis};

/// What is named by index in an array of `elements`. Operands: the array, the indices, and the updates of a scatter.
#[derive(Debug, Clone)]
pub struct Indexed {
    pub place: Place,
    pub elements: usize,
    pub kind: IndexKind,
}

#[derive(Debug, Clone, Copy)]
pub enum IndexKind {
    /// Rows of a table.
    Gather,
    Take,
    /// The updates replace what is there, or are joined with it.
    Scatter {
        combine: Option<Combine>,
        /// How many there are.
        updates: usize,
    },
}

impl Indexed {
    pub fn kernel(&self) -> &'static str {
        match self.kind {
            IndexKind::Gather => "gather",
            IndexKind::Take => "elements by index",
            IndexKind::Scatter { .. } => "scatter",
        }
    }

    /// Whether it reads of the array only what the indices name.
    pub fn reads_what_is_named(&self) -> bool {
        matches!(self.kind, IndexKind::Gather | IndexKind::Take)
    }

    pub fn run(&self, cpu: Cpu<'_>, reads: &[Data<'_>], out: Out<'_>) -> Result<(), RunError> {
        let (Some(x), Some(indices)) = (reads.first(), reads.get(1)) else {
            return Err(mixed());
        };
        let x = x.first(self.elements);
        let place = &self.place;
        let error = |error: KernelError| match (&error, self.kind) {
            (KernelError::OffAxis { index, size, .. }, IndexKind::Gather) => {
                not_in_table(*index, *size)
            }
            (KernelError::OffAxis { index, axis, size }, _) => off_axis(*index, *axis, *size),
            _ => refused(error),
        };
        match self.kind {
            IndexKind::Gather | IndexKind::Take => by_index!(*indices, |indices| {
                by_size!(out, [x], |out, x| take(cpu, place, x, indices, out)
                    .map_err(error))
            }),
            IndexKind::Scatter {
                combine: None,
                updates: count,
            } => {
                let updates = reads.get(2).ok_or_else(mixed)?.first(count);
                by_index!(*indices, |indices| {
                    by_size!(out, [x, updates], |out, x, updates| {
                        fill(x, out)?;
                        scatter(place, indices, updates, out).map_err(error)
                    })
                })
            }
            IndexKind::Scatter {
                combine: Some(op),
                updates: count,
            } => {
                let updates = reads.get(2).ok_or_else(mixed)?.first(count);
                macro_rules! join {
                    ($x:expr, $updates:expr, $out:expr) => {
                        by_index!(*indices, |indices| {
                            fill($x, $out)?;
                            combine(op, place, indices, $updates, $out).map_err(error)
                        })
                    };
                }
                match (x, updates, out) {
                    (Data::F32(x), Data::F32(updates), Out::F32(out)) => join!(x, updates, out),
                    (Data::I64(x), Data::I64(updates), Out::I64(out)) => join!(x, updates, out),
                    (Data::I32(x), Data::I32(updates), Out::I32(out)) => join!(x, updates, out),
                    (Data::U32(x), Data::U32(updates), Out::U32(out)) => join!(x, updates, out),
                    (Data::U8(x), Data::U8(updates), Out::U8(out)) => join!(x, updates, out),
                    _ => Err(mixed()),
                }
            }
        }
    }
}

fn fill<T: Copy>(x: &[T], out: &mut [T]) -> Result<(), RunError> {
    match x.len() == out.len() {
        true => out.copy_from_slice(x),
        false => return Err(mixed()),
    }
    Ok(())
}
