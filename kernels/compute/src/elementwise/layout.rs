//! How a program walks its arrays: the check that every index is in bounds, and the axes collapsed as far as all inputs
//! allow (contiguous arrays become one long axis, a bias becomes rows).

use super::error::RunError;
use super::program::View;

/// The longest block: intermediate values of a block stay in the L1 cache.
pub(crate) const BLOCK: usize = 512;

/// Rows at least this long are walked row by row; shorter ones share blocks, and inputs are gathered where they must be.
const SHORTEST_ROW: usize = 64;

/// How a block of an input is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Access {
    /// In place.
    Contiguous,
    /// One number for the whole block.
    Repeated,
    /// Copied element by element into a register first.
    Gathered,
    /// Copied from the output into a register first, since the output takes its place.
    Overwritten,
}

/// Whether strides are those of a shape without gaps; axes of size 1 do not matter.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1;
    shape.iter().zip(strides).rev().all(|(&dim, &stride)| {
        let fits = dim == 1 || stride == expected;
        expected *= dim;
        fits
    })
}

/// Returns the number of elements of `shape`. The input `in_place`, if any, is the output.
///
/// # Errors
/// If an input reaches past its data, has too few or too many strides, or the output has another length.
pub(super) fn check(
    shape: &[usize],
    inputs: &[View<'_>],
    in_place: Option<usize>,
    out: usize,
) -> Result<usize, RunError> {
    let elements = if shape.contains(&0) {
        Some(0)
    } else {
        shape
            .iter()
            .try_fold(1usize, |product, &dim| product.checked_mul(dim))
    };
    let elements = elements.ok_or_else(|| RunError::ShapeOverflow {
        shape: shape.to_vec(),
    })?;
    if out != elements {
        return Err(RunError::OutputLength {
            shape: shape.to_vec(),
            expected: elements,
            given: out,
        });
    }
    for (number, input) in inputs.iter().enumerate() {
        if input.strides.len() != shape.len() {
            return Err(RunError::StrideCount {
                input: number,
                strides: input.strides.len(),
                axes: shape.len(),
            });
        }
        if elements == 0 {
            continue;
        }
        if in_place == Some(number) {
            if is_row_major(shape, input.strides) {
                continue;
            }
            return Err(RunError::NotInPlace {
                input: number,
                strides: input.strides.to_vec(),
                shape: shape.to_vec(),
            });
        }
        let index = shape
            .iter()
            .zip(input.strides)
            .try_fold(0usize, |index, (&dim, &stride)| {
                (dim - 1)
                    .checked_mul(stride)
                    .and_then(|reach| index.checked_add(reach))
            });
        if index.is_none_or(|index| index >= input.data.len()) {
            return Err(RunError::OutOfBounds {
                input: number,
                len: input.data.len(),
                strides: input.strides.to_vec(),
                shape: shape.to_vec(),
                index,
            });
        }
    }
    Ok(elements)
}

/// The collapsed axes of a checked, non-empty output. Its buffers are kept from run to run.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Never empty.
    pub shape: Vec<usize>,
    /// `strides[axis * inputs + input]`.
    strides: Vec<usize>,
    pub access: Vec<Access>,
    /// Blocks end where rows end.
    by_row: bool,
    /// The length of a full block.
    block: usize,
}

impl Layout {
    pub fn set(&mut self, shape: &[usize], inputs: &[View<'_>], in_place: Option<usize>) {
        self.collapse(shape, inputs);
        let axes = self.shape.len();
        let row = self.shape[axes - 1];
        self.by_row = axes == 1 || row >= SHORTEST_ROW;
        self.block = if self.by_row {
            // Blocks of a row are of about one length, and of whole vectors.
            row.div_ceil(row.div_ceil(BLOCK))
                .next_multiple_of(16)
                .min(BLOCK)
        } else {
            BLOCK
        };
        self.access.clear();
        for input in 0..inputs.len() {
            let stride = |axis| self.strides[axis * inputs.len() + input];
            let last = stride(axes - 1);
            let repeated = (0..axes).all(|axis| stride(axis) == 0);
            let contiguous = last == 1
                && (1..axes).all(|axis| {
                    stride(axis).checked_mul(self.shape[axis]) == Some(stride(axis - 1))
                });
            self.access.push(if in_place == Some(input) {
                Access::Overwritten
            } else if repeated || (self.by_row && last == 0) {
                Access::Repeated
            } else if contiguous || (self.by_row && last == 1) {
                Access::Contiguous
            } else {
                Access::Gathered
            });
        }
    }

    /// Whether blocks of inputs are copied before they are read.
    pub fn copies(&self) -> bool {
        let copied = [Access::Gathered, Access::Overwritten];
        self.access.iter().any(|access| copied.contains(access))
    }

    /// Drops axes of length 1 and joins neighbors that every input steps through as if they were one.
    fn collapse(&mut self, shape: &[usize], inputs: &[View<'_>]) {
        self.shape.clear();
        self.strides.clear();
        for (axis, &dim) in shape.iter().enumerate() {
            if dim == 1 {
                continue;
            }
            let outer = self.strides.len().saturating_sub(inputs.len());
            let joins = |(outer, input): (&usize, &View<'_>)| {
                input.strides[axis].checked_mul(dim) == Some(*outer)
            };
            match self.shape.last_mut() {
                Some(last) if self.strides[outer..].iter().zip(inputs).all(joins) => {
                    *last *= dim;
                    self.strides.truncate(outer);
                }
                _ => self.shape.push(dim),
            }
            self.strides
                .extend(inputs.iter().map(|input| input.strides[axis]));
        }
        if self.shape.is_empty() {
            self.shape.push(1);
            self.strides.extend(inputs.iter().map(|_| 0));
        }
    }

    /// The length of the block that starts at element `start` of the output.
    pub fn block(&self, start: usize) -> usize {
        if self.by_row {
            let row = self.shape[self.shape.len() - 1];
            self.block.min(row - start % row)
        } else {
            self.block
        }
    }

    /// Sets `index` to the indices of element `element` of the output, and `offsets` to where each input has it.
    pub fn locate(&self, mut element: usize, index: &mut [usize], offsets: &mut [usize]) {
        offsets.fill(0);
        for (axis, &dim) in self.shape.iter().enumerate().rev() {
            (element, index[axis]) = if axis == 0 {
                (0, element)
            } else {
                (element / dim, element % dim)
            };
            let strides = &self.strides[axis * offsets.len()..][..offsets.len()];
            for (offset, stride) in offsets.iter_mut().zip(strides) {
                *offset += index[axis] * stride;
            }
        }
    }

    /// Copies to `to` the elements of an input from `index` (at `offset` in its data) on; `index` is left elsewhere.
    pub fn gather(
        &self,
        input: usize,
        data: &[f32],
        mut offset: usize,
        index: &mut [usize],
        to: &mut [f32],
    ) {
        let inputs = self.access.len();
        let last = self.shape.len() - 1;
        let step = self.strides[last * inputs + input];
        let mut filled = 0;
        loop {
            let length = (self.shape[last] - index[last]).min(to.len() - filled);
            copy(&mut to[filled..][..length], &data[offset..], step);
            filled += length;
            if filled == to.len() {
                return;
            }
            offset -= index[last] * step;
            index[last] = 0;
            for axis in (0..last).rev() {
                let (dim, stride) = (self.shape[axis], self.strides[axis * inputs + input]);
                index[axis] += 1;
                // An axis may step past the last address just before it wraps around to its start.
                offset = offset.wrapping_add(stride);
                if index[axis] < dim {
                    break;
                }
                offset = offset.wrapping_sub(dim.wrapping_mul(stride));
                index[axis] = 0;
            }
        }
    }
}

fn copy(to: &mut [f32], from: &[f32], step: usize) {
    match step {
        0 => to.fill(from[0]),
        1 => to.copy_from_slice(&from[..to.len()]),
        _ => to
            .iter_mut()
            .zip(from.iter().step_by(step))
            .for_each(|(to, from)| *to = *from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: &[usize], strides: &[&[usize]]) -> Layout {
        let inputs: Vec<_> = strides
            .iter()
            .map(|strides| View { data: &[], strides })
            .collect();
        let mut layout = Layout::default();
        layout.set(shape, &inputs, None);
        layout
    }

    #[test]
    fn contiguous_axes_become_one() {
        let layout = layout(&[2, 1, 3, 4], &[&[12, 99, 4, 1], &[0, 0, 0, 0]]);
        assert_eq!(layout.shape, [24]);
        assert_eq!(layout.access, [Access::Contiguous, Access::Repeated]);
    }

    #[test]
    fn a_bias_becomes_rows() {
        let layout = layout(&[8, 16, 768], &[&[12288, 768, 1], &[0, 0, 1], &[16, 1, 0]]);
        assert_eq!(layout.shape, [128, 768]);
        assert_eq!(
            layout.access,
            [Access::Contiguous, Access::Contiguous, Access::Repeated]
        );
        assert_eq!((layout.block(0), layout.block(768 + 384)), (384, 384));
    }

    #[test]
    fn short_rows_share_a_block() {
        let layout = layout(&[100, 3], &[&[3, 1], &[0, 1], &[1, 100]]);
        assert_eq!(
            layout.access,
            [Access::Contiguous, Access::Gathered, Access::Gathered]
        );
        assert_eq!(layout.block(1), BLOCK);
    }

    #[test]
    fn a_single_element_is_one_axis() {
        assert_eq!(layout(&[], &[&[]]).shape, [1]);
        assert_eq!(layout(&[1, 1], &[&[7, 7]]).access, [Access::Repeated]);
    }
}
