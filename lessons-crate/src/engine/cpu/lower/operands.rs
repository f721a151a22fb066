//! How a kernel can read what it is given.

use lessons_compute::walk::Walk;

use crate::engine::cpu::layout::Layout;
use crate::engine::cpu::task::Rows;
use crate::graph::DType;

/// The operands of a node as a kernel sees them.
pub struct Operands<'a> {
    pub layouts: Vec<(&'a Layout, DType)>,
    /// Those that must be copied before the kernel can read them.
    pub copies: Vec<bool>,
}

impl Operands<'_> {
    pub fn shape(&self, at: usize) -> Option<&[usize]> {
        Some(&self.layouts.get(at)?.0.shape)
    }

    pub fn dtypes(&self) -> Vec<DType> {
        self.layouts.iter().map(|(_, dtype)| *dtype).collect()
    }

    /// How all operands lie beside a result to whose shape they broadcast.
    pub fn walk<const N: usize>(&self, shape: &[usize]) -> Option<Walk<N>> {
        let strides = self
            .layouts
            .iter()
            .map(|(layout, _)| layout.broadcast(shape).strides);
        let strides: Vec<Vec<usize>> = strides.collect();
        let strides: Vec<&[usize]> = strides.iter().map(Vec::as_slice).collect();
        Walk::new(shape, strides.try_into().ok()?).ok()
    }

    /// The distance of the rows of an operand that is seen as a matrix; it is copied if its rows have
    /// gaps or lie at no fixed distance.
    pub fn rows(&mut self, at: usize, rows: usize, columns: usize) -> Option<Rows> {
        let stride = row_stride(self.layouts.get(at)?.0, rows, columns);
        self.copies[at] |= stride.is_none();
        Some(Rows {
            rows,
            columns,
            stride: stride.unwrap_or(columns),
        })
    }

    /// An operand without gaps.
    pub fn dense(&mut self, at: usize) {
        self.copies[at] |= self
            .layouts
            .get(at)
            .is_some_and(|(layout, _)| !layout.is_contiguous());
    }

    /// How an operand lies when it has been copied, if it is, from its first element on.
    pub fn layout(&self, at: usize) -> Option<Layout> {
        let (layout, _) = self.layouts.get(at)?;
        Some(match self.copies[at] {
            true => Layout::contiguous(&layout.shape),
            false => Layout {
                offset: 0,
                ..(*layout).clone()
            },
        })
    }
}

/// From one row to the next, if a value is a matrix of rows without gaps.
fn row_stride(layout: &Layout, rows: usize, columns: usize) -> Option<usize> {
    let matrix = layout.reshape(&[rows, columns])?;
    let stride = if rows > 1 { matrix.strides[0] } else { columns };
    (columns <= 1 || matrix.strides[1] == 1).then_some(stride)
}
