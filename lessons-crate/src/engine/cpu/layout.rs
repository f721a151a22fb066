//! How a value lies in memory: transposes, slices, broadcasts and most reshapes change this only.

/// Shape, strides and offset of a value in its buffer, in elements. The element at index `(i, j, …)`
/// is at `offset + i·strides[0] + j·strides[1] + …`; a stride of 0 repeats along its axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    pub offset: usize,
}

impl Layout {
    /// Row-major order without gaps.
    pub fn contiguous(shape: &[usize]) -> Layout {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis].max(1);
        }
        Layout {
            shape: shape.to_vec(),
            strides,
            offset: 0,
        }
    }

    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the elements lie in row-major order without gaps; axes of size 1 do not matter.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        let axes = self.shape.iter().zip(&self.strides).rev();
        self.elements() == 0
            || axes.into_iter().all(|(size, stride)| {
                let fits = *size == 1 || *stride == expected;
                expected *= size;
                fits
            })
    }

    /// One past the last element that is reached.
    #[cfg(test)]
    fn end(&self) -> usize {
        if self.elements() == 0 {
            return self.offset;
        }
        let axes = self.shape.iter().zip(&self.strides);
        self.offset
            + axes
                .map(|(size, stride)| (size - 1) * stride)
                .sum::<usize>()
            + 1
    }

    pub fn permute(&self, axes: &[usize]) -> Layout {
        Layout {
            shape: axes.iter().map(|axis| self.shape[*axis]).collect(),
            strides: axes.iter().map(|axis| self.strides[*axis]).collect(),
            offset: self.offset,
        }
    }

    /// The elements `start .. end` along an axis.
    pub fn slice(&self, axis: usize, start: usize, end: usize) -> Layout {
        let mut layout = self.clone();
        layout.shape[axis] = end - start;
        layout.offset += start * self.strides[axis];
        layout
    }

    /// Repeated to fill a shape to which it broadcasts.
    pub fn broadcast(&self, shape: &[usize]) -> Layout {
        let new = shape.len() - self.shape.len();
        let strides = (0..shape.len()).map(|axis| match axis.checked_sub(new) {
            Some(old) if self.shape[old] == shape[axis] => self.strides[old],
            _ => 0,
        });
        Layout {
            shape: shape.to_vec(),
            strides: strides.collect(),
            offset: self.offset,
        }
    }

    /// The same elements in row-major order in another shape, if strides can say it.
    pub fn reshape(&self, shape: &[usize]) -> Option<Layout> {
        if self.elements() == 0 || self.is_contiguous() {
            let offset = self.offset;
            return Some(Layout {
                offset,
                ..Layout::contiguous(shape)
            });
        }
        // Axes of size 1 carry nothing; the others are split and joined in groups of equal size.
        let old: Vec<(usize, usize)> = self
            .shape
            .iter()
            .copied()
            .zip(self.strides.iter().copied())
            .filter(|(size, _)| *size != 1)
            .collect();
        let mut strides = vec![0; shape.len()];
        let mut axes = (0..shape.len()).filter(|axis| shape[*axis] != 1).peekable();
        let mut from = 0;
        while from < old.len() {
            let (mut to, mut have) = (from + 1, old[from].0);
            let mut group = vec![axes.next()?];
            let mut want = shape[group[0]];
            while have != want {
                if have < want {
                    have *= old.get(to)?.0;
                    to += 1;
                } else {
                    let axis = axes.next()?;
                    group.push(axis);
                    want *= shape[axis];
                }
            }
            // The old axes of a group must follow one another without a gap.
            let joined = old[from..to]
                .windows(2)
                .all(|pair| pair[0].1 == pair[1].0 * pair[1].1);
            if !joined {
                return None;
            }
            let mut stride = old[to - 1].1;
            for axis in group.into_iter().rev() {
                strides[axis] = stride;
                stride *= shape[axis];
            }
            from = to;
        }
        axes.peek().is_none().then(|| Layout {
            shape: shape.to_vec(),
            strides,
            offset: self.offset,
        })
    }

    /// The offset of the element with a number in row-major order.
    #[cfg(test)]
    fn at(&self, number: usize) -> usize {
        self.start(self.shape.len(), number)
    }

    /// The offset at which the part with a number begins, where parts are what is at one place of
    /// the first `axes` axes, in row-major order.
    pub fn start(&self, axes: usize, number: usize) -> usize {
        let mut rest = number;
        let outer = self.shape.iter().zip(&self.strides).take(axes).rev();
        outer.fold(self.offset, |offset, (size, stride)| {
            let index = rest % size;
            rest /= size;
            offset + index * stride
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The offsets of all elements in row-major order.
    fn order(layout: &Layout) -> Vec<usize> {
        (0..layout.elements())
            .map(|number| layout.at(number))
            .collect()
    }

    #[test]
    fn views_are_strides() {
        let matrix = Layout::contiguous(&[2, 3]);
        assert_eq!(order(&matrix.permute(&[1, 0])), [0, 3, 1, 4, 2, 5]);
        assert_eq!(order(&matrix.slice(1, 1, 3)), [1, 2, 4, 5]);
        assert_eq!(
            order(&matrix.slice(0, 1, 2).broadcast(&[2, 1, 3])),
            [3, 4, 5, 3, 4, 5]
        );
        assert_eq!(matrix.slice(1, 1, 3).end(), 6);
        assert!(!matrix.permute(&[1, 0]).is_contiguous());
        assert!(matrix.slice(0, 1, 2).permute(&[1, 0]).is_contiguous());
    }

    #[test]
    fn heads_are_split_without_a_copy_and_joined_with_one() {
        let split = Layout::contiguous(&[2, 5, 12])
            .slice(2, 4, 8)
            .reshape(&[2, 5, 2, 2])
            .unwrap();
        assert_eq!(split.strides, [60, 12, 2, 1]);
        assert_eq!(split.permute(&[0, 2, 1, 3]).reshape(&[2, 2, 10]), None);
    }

    proptest! {
        #[test]
        fn a_reshape_keeps_the_order_of_the_elements(
            sizes in prop::collection::vec(1usize..4, 1..5),
            seed in 0usize..1000,
        ) {
            let mut axes: Vec<usize> = (0..sizes.len()).collect();
            let turn = seed % sizes.len();
            axes.rotate_left(turn);
            let mut layout = Layout::contiguous(&sizes).permute(&axes);
            if layout.shape[0] > 1 && seed % 3 == 0 {
                layout = layout.slice(0, 1, layout.shape[0]);
            }
            let elements = layout.elements();
            for width in 1..=elements {
                if elements.is_multiple_of(width) {
                    if let Some(other) = layout.reshape(&[elements / width, 1, width]) {
                        prop_assert_eq!(order(&other), order(&layout));
                        prop_assert!(other.end() == layout.end());
                    } else {
                        prop_assert!(!layout.is_contiguous());
                    }
                }
            }
        }
    }
}
