//! Several arrays read side by side while an output is written in row-major order: strides, joined axes, and the loops over
//! rows that the kernels of all dtypes share.

use std::ops::Range;

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::pool::SharedMut;

/// Outputs at least this long are cut up for the thread pool.
const PARALLEL: usize = 1 << 16;

/// Elements that are worth a task.
const TASK: usize = 1 << 15;

/// How `N` arrays lie beside an output in row-major order: the element at index `(i, j, …)` of the output goes with element
/// `i·strides[0] + j·strides[1] + …` of each array; a stride of 0 repeats the array along that axis. Made once, it is used
/// for many runs, none of which allocates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk<const N: usize> {
    /// Neighboring axes that every array steps through as if they were one are one. Never empty.
    shape: Vec<usize>,
    strides: Vec<[usize; N]>,
    /// How many elements each array must have.
    needed: [usize; N],
    elements: usize,
}

impl<const N: usize> Walk<N> {
    /// The walk over an output of a shape, with one stride per axis for each array.
    ///
    /// # Errors
    /// If an array has not one stride per axis, or sizes or strides multiply to more than memory has addresses.
    pub fn new(shape: &[usize], strides: [&[usize]; N]) -> Result<Walk<N>, KernelError> {
        const WHAT: &str = "the output";
        for of_array in strides {
            equal("the number of strides", shape.len(), of_array.len())?;
        }
        let elements = product(WHAT, shape)?;
        let mut walk = Walk {
            shape: Vec::new(),
            strides: Vec::new(),
            needed: [usize::from(elements > 0); N],
            elements,
        };
        if elements > 0 {
            for (axis, size) in shape.iter().enumerate().filter(|(_, size)| **size != 1) {
                for (needed, of_array) in walk.needed.iter_mut().zip(strides) {
                    let more = of_array[axis].checked_mul(size - 1);
                    let sum = more.and_then(|more| needed.checked_add(more));
                    *needed = sum.ok_or(KernelError::Overflow { what: WHAT })?;
                }
                walk.push(*size, strides.map(|of_array| of_array[axis]));
            }
        }
        if walk.shape.is_empty() {
            walk.shape.push(elements);
            walk.strides.push([1; N]);
        }
        Ok(walk)
    }

    /// One more axis, which becomes part of the one before where all arrays go on without a gap.
    fn push(&mut self, size: usize, strides: [usize; N]) {
        let joins = |outer: &[usize; N]| {
            let pairs = outer.iter().zip(&strides);
            pairs
                .into_iter()
                .all(|(outer, inner)| inner.checked_mul(size) == Some(*outer))
        };
        match (self.shape.last_mut(), self.strides.last_mut()) {
            (Some(last), Some(outer)) if joins(outer) => {
                *last *= size;
                *outer = strides;
            }
            _ => {
                self.shape.push(size);
                self.strides.push(strides);
            }
        }
    }

    /// Elements of the output.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Fails unless the output has this length.
    pub(crate) fn check_output(&self, len: usize) -> Result<(), KernelError> {
        equal("the length of the output", self.elements, len)
    }

    /// Fails unless an array has all elements that are read.
    pub(crate) fn check(&self, array: usize, len: usize) -> Result<(), KernelError> {
        long_enough("an operand", self.needed[array], len)
    }

    /// Whether any element of an array that is read, of a checked one, is one that is looked for.
    pub(crate) fn any<T: Copy>(
        &self,
        array: usize,
        data: &[T],
        wanted: impl Fn(T) -> bool,
    ) -> bool {
        // Most arrays have none at all, which is seen without a walk.
        if !data[..self.needed[array]].iter().any(|x| wanted(*x)) {
            return false;
        }
        let row = self.shape[self.shape.len() - 1];
        let step = self.steps()[array];
        let mut rows = (0..self.elements).step_by(row.max(1));
        rows.any(|element| {
            let start = self.locate(element)[array];
            (0..row).any(|at| wanted(data[start + at * step]))
        })
    }

    /// From one element of a row to the next, in each array.
    pub(crate) fn steps(&self) -> [usize; N] {
        self.strides[self.strides.len() - 1]
    }

    /// Calls `body` with each row of a checked output, and where the row begins in each array, in parallel where there is
    /// enough to do. A row may come in pieces.
    pub(crate) fn for_each_row<T: Send>(
        &self,
        cpu: Cpu<'_>,
        out: &mut [T],
        body: impl Fn(&mut [T], [usize; N]) + Sync,
    ) {
        if self.elements < PARALLEL {
            return self.rows(0..self.elements, out, &body);
        }
        let shared = SharedMut::new(out);
        cpu.pool().for_ranges(self.elements, TASK, |range, _| {
            // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
            let part = unsafe { shared.part(range.start, range.len()) };
            self.rows(range, part, &body);
        });
    }

    /// The rows of a part of the output.
    fn rows<T>(
        &self,
        range: Range<usize>,
        mut out: &mut [T],
        body: &impl Fn(&mut [T], [usize; N]),
    ) {
        let row = self.shape[self.shape.len() - 1];
        let mut element = range.start;
        while !out.is_empty() {
            let length = (row - element % row).min(out.len());
            let (piece, rest) = out.split_at_mut(length);
            body(piece, self.locate(element));
            out = rest;
            element += length;
        }
    }

    /// Where each array has an element of the output.
    fn locate(&self, mut element: usize) -> [usize; N] {
        let mut at = [0; N];
        for (size, strides) in self.shape.iter().zip(&self.strides).rev() {
            let index = element % size;
            element /= size;
            for (at, stride) in at.iter_mut().zip(strides) {
                *at += index * stride;
            }
        }
        at
    }
}

/// The elements of one array that go with a row of the output.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a, T> {
    /// One after the other.
    Run(&'a [T]),
    /// The same one everywhere.
    Same(T),
    /// So many elements apart.
    Apart(&'a [T], usize),
}

impl<'a, T: Copy> Row<'a, T> {
    /// `length` elements from `start` on of an array that was checked.
    pub fn new(data: &'a [T], start: usize, step: usize, length: usize) -> Row<'a, T> {
        match step {
            1 => Row::Run(&data[start..start + length]),
            0 => Row::Same(data[start]),
            _ => Row::Apart(&data[start..], step),
        }
    }

    #[inline(always)]
    pub fn get(&self, at: usize) -> T {
        match self {
            Row::Run(values) => values[at],
            Row::Same(value) => *value,
            Row::Apart(values, step) => values[at * step],
        }
    }
}

/// `out[i] = f(a[i])` for all elements.
///
/// # Errors
/// If an array is too short, or the output has another length than its shape says.
pub(crate) fn map<A: Copy + Sync, T: Copy + Send>(
    cpu: Cpu<'_>,
    walk: &Walk<1>,
    a: &[A],
    out: &mut [T],
    f: impl Fn(A) -> T + Sync,
) -> Result<(), KernelError> {
    walk.check_output(out.len())?;
    walk.check(0, a.len())?;
    let [step] = walk.steps();
    walk.for_each_row(cpu, out, |out, [start]| {
        match Row::new(a, start, step, out.len()) {
            Row::Run(a) => {
                for (out, a) in out.iter_mut().zip(a) {
                    *out = f(*a);
                }
            }
            Row::Same(a) => out.fill(f(a)),
            Row::Apart(a, step) => {
                for (out, a) in out.iter_mut().zip(a.iter().step_by(step)) {
                    *out = f(*a);
                }
            }
        }
    });
    Ok(())
}

/// `out[i] = f(a[i], b[i])` for all elements.
///
/// # Errors
/// As [`map`].
pub(crate) fn zip<A: Copy + Sync, B: Copy + Sync, T: Copy + Send>(
    cpu: Cpu<'_>,
    walk: &Walk<2>,
    a: &[A],
    b: &[B],
    out: &mut [T],
    f: impl Fn(A, B) -> T + Sync,
) -> Result<(), KernelError> {
    walk.check_output(out.len())?;
    walk.check(0, a.len())?;
    walk.check(1, b.len())?;
    let [a_step, b_step] = walk.steps();
    walk.for_each_row(cpu, out, |out, [a_start, b_start]| {
        let a = Row::new(a, a_start, a_step, out.len());
        let b = Row::new(b, b_start, b_step, out.len());
        match (a, b) {
            (Row::Run(a), Row::Run(b)) => {
                for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                    *out = f(*a, *b);
                }
            }
            (Row::Run(a), Row::Same(b)) => {
                for (out, a) in out.iter_mut().zip(a) {
                    *out = f(*a, b);
                }
            }
            (Row::Same(a), Row::Run(b)) => {
                for (out, b) in out.iter_mut().zip(b) {
                    *out = f(a, *b);
                }
            }
            (a, b) => {
                for (at, out) in out.iter_mut().enumerate() {
                    *out = f(a.get(at), b.get(at));
                }
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pool::Pool;
    use crate::test::on_every_cpu;

    #[test]
    fn axes_without_gaps_become_one() {
        let walk = Walk::new(&[2, 1, 3, 4], [&[12, 99, 4, 1], &[0, 0, 0, 0]]).unwrap();
        assert_eq!((walk.shape, walk.needed), (vec![24], [24, 1]));
        let walk = Walk::new(&[3, 4], [&[1, 3], &[4, 1]]).unwrap();
        assert_eq!((walk.shape, walk.needed), (vec![3, 4], [12, 12]));
        let none = Walk::new(&[3, 0], [&[usize::MAX, 1]]).unwrap();
        assert_eq!((none.elements, none.needed), (0, [0]));
        assert!(Walk::new(&[3, 2], [&[usize::MAX, 1]]).is_err());
        assert!(Walk::new(&[3, 2], [&[1]]).is_err());
    }

    #[test]
    fn large_outputs_are_walked_in_parts() {
        let pool = Pool::new(3);
        let cpu = Cpu::with_pool(&pool);
        let (rows, columns) = (700, 301);
        let a: Vec<u32> = (0..(rows * columns) as u32).collect();
        let walk = Walk::new(&[columns, rows], [&[1, columns]]).unwrap();
        let mut out = vec![0u32; rows * columns];
        map(cpu, &walk, &a, &mut out, |x| x + 1).unwrap();
        for (at, out) in out.iter().enumerate() {
            assert_eq!(*out as usize, at % rows * columns + at / rows + 1);
        }
        assert!(map(cpu, &walk, &a[1..], &mut out, |x| x).is_err());
        assert!(map(cpu, &walk, &a, &mut out[1..], |x| x).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_element_meets_its_partners(
            shape in prop::collection::vec(0usize..5, 0..5), a_steps in prop::collection::vec(0usize..7, 5),
            b_steps in prop::collection::vec(0usize..3, 5),
        ) {
            let (a_steps, b_steps) = (&a_steps[..shape.len()], &b_steps[..shape.len()]);
            let a: Vec<u64> = (0..200).collect();
            let b: Vec<u64> = (0..200).map(|x| 1000 * x).collect();
            let walk = Walk::new(&shape, [a_steps, b_steps]).unwrap();
            on_every_cpu(|cpu| {
                let mut out = vec![0; walk.elements()];
                zip(cpu, &walk, &a, &b, &mut out, |a, b| a + b).unwrap();
                for (number, out) in out.iter().enumerate() {
                    let mut rest = number;
                    let mut sum = 0;
                    for axis in (0..shape.len()).rev() {
                        let index = rest % shape[axis];
                        rest /= shape[axis];
                        sum += index * a_steps[axis] + 1000 * index * b_steps[axis];
                    }
                    assert_eq!(*out, sum as u64);
                }
            });
        }
    }
}
