//! The order of the elements of a line: indices from the smallest to the largest, or the first so many.

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::pool::SharedMut;

/// Numbers that are worth a task.
const TASK: usize = 1 << 12;

/// An element that can be brought into an order. It is packed together with its index into one unsigned integer, so that
/// sorting needs no comparison of floats, and equal elements keep their order whatever the algorithm does.
pub trait Sorted: Copy + Send + Sync {
    /// The key in the upper half, the index in the lower one.
    type Packed: Copy + Ord + Send + Sync + Default;
    /// The longest line whose indices fit.
    const LONGEST: usize;
    fn pack(self, index: usize, descending: bool) -> Self::Packed;
    fn index(packed: Self::Packed) -> i64;
}

/// Bits that are in the order of the numbers: the zeros are equal, and NaN is above all.
fn key(x: f32) -> u32 {
    const SIGN: u32 = 1 << 31;
    let bits = if x == 0.0 { 0 } else { x.to_bits() };
    match x.is_nan() {
        true => u32::MAX,
        false if bits & SIGN != 0 => !bits,
        false => bits | SIGN,
    }
}

macro_rules! sorted {
    ($($type:ty => $key:ty => $packed:ty: $of:expr;)+) => {$(
        impl Sorted for $type {
            type Packed = $packed;
            const LONGEST: usize = <$key>::MAX as usize;

            #[inline(always)]
            fn pack(self, index: usize, descending: bool) -> $packed {
                let key: $key = $of(self);
                let key = if descending { !key } else { key };
                <$packed>::from(key) << <$key>::BITS | index as $packed
            }

            #[inline(always)]
            fn index(packed: $packed) -> i64 {
                (packed & <$packed>::from(<$key>::MAX)) as i64
            }
        }
    )+};
}

sorted! {
    f32 => u32 => u64: key;
    u32 => u32 => u64: |x| x;
    u8 => u32 => u64: u32::from;
    i32 => u32 => u64: |x: i32| x as u32 ^ 1 << 31;
    i64 => u64 => u128: |x: i64| x as u64 ^ 1 << 63;
}

/// How many packed elements [`argsort`] needs to work on lines of a length.
pub fn workspace(cpu: Cpu<'_>, line: usize) -> usize {
    cpu.pool().threads().saturating_mul(line)
}

/// Writes, for each line along the middle axis of `input`, `(outer, middle, inner)` without gaps, the indices of its elements
/// in order, the first `count` of them, `(outer, count, inner)`. Equal elements keep their order, and NaN counts as larger than
/// every number. Allocates nothing; `scratch` is as large as [`workspace`] says.
///
/// # Errors
/// If a line has fewer than `count` elements or more than there are indices, or a slice has another length.
///
/// ```
/// use lessons_compute::cpu::Cpu;
/// use lessons_compute::sort::{argsort, workspace};
///
/// let line = [0.5, f32::NAN, -1.0, 0.5];
/// let mut scratch = vec![0; workspace(Cpu::best(), 4)];
/// let mut order = [0; 3];
/// argsort(Cpu::best(), &line, [1, 4, 1], 3, false, &mut scratch, &mut order)?;
/// assert_eq!(order, [2, 0, 3]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn argsort<T: Sorted>(
    cpu: Cpu<'_>,
    input: &[T],
    [outer, middle, inner]: [usize; 3],
    count: usize,
    descending: bool,
    scratch: &mut [T::Packed],
    out: &mut [i64],
) -> Result<(), KernelError> {
    let needed = product("the input", &[outer, middle, inner])?;
    long_enough("the input", needed, input.len())?;
    long_enough("a line", count, middle)?;
    long_enough("indices", middle, T::LONGEST)?;
    let results = product("the output", &[outer, count, inner])?;
    equal("the length of the output", results, out.len())?;
    long_enough("the workspace", workspace(cpu, middle), scratch.len())?;
    if results == 0 {
        return Ok(());
    }
    let (to, scratch) = (SharedMut::new(out), SharedMut::new(scratch));
    let lines = outer * inner;
    cpu.pool()
        .for_ranges(lines, TASK.div_ceil(middle), |range, worker| {
            // SAFETY: a worker's number is that of one thread at a time, and below the number of threads.
            let packed = unsafe { scratch.part(worker * middle, middle) };
            for line in range {
                let (block, column) = (line / inner, line % inner);
                let elements = input[block * middle * inner + column..]
                    .iter()
                    .step_by(inner);
                for (index, (packed, x)) in packed.iter_mut().zip(elements).enumerate() {
                    *packed = x.pack(index, descending);
                }
                if count < middle {
                    packed.select_nth_unstable(count);
                }
                packed[..count].sort_unstable();
                for (row, packed) in packed[..count].iter().enumerate() {
                    // SAFETY: no other task has this line, and `out` is borrowed until all have ended.
                    let to = unsafe { to.part((block * count + row) * inner + column, 1) };
                    to[0] = T::index(*packed);
                }
            }
        });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;
    use crate::test::{number, on_every_cpu};

    /// By a stable sort of each line.
    fn reference<T: Copy>(
        input: &[T],
        [outer, middle, inner]: [usize; 3],
        count: usize,
        descending: bool,
        compare: impl Fn(T, T) -> Ordering,
    ) -> Vec<i64> {
        let mut out = vec![0; outer * count * inner];
        for line in 0..outer * inner {
            let (block, column) = (line / inner, line % inner);
            let x = |row: &usize| input[(block * middle + row) * inner + column];
            let mut order: Vec<usize> = (0..middle).collect();
            order.sort_by(|a, b| match descending {
                true => compare(x(a), x(b)).reverse(),
                false => compare(x(a), x(b)),
            });
            for (row, index) in order[..count].iter().enumerate() {
                out[(block * count + row) * inner + column] = *index as i64;
            }
        }
        out
    }

    fn with_nan_last(a: f32, b: f32) -> Ordering {
        a.partial_cmp(&b)
            .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }

    fn assert_sorted<T: Sorted>(
        input: &[T],
        sizes: [usize; 3],
        count: usize,
        compare: impl Fn(T, T) -> Ordering + Copy,
    ) {
        on_every_cpu(|cpu| {
            for descending in [false, true] {
                let mut scratch = vec![T::Packed::default(); workspace(cpu, sizes[1])];
                let mut out = vec![-1; sizes[0] * count * sizes[2]];
                argsort(cpu, input, sizes, count, descending, &mut scratch, &mut out).unwrap();
                let expected = reference(input, sizes, count, descending, compare);
                assert_eq!(
                    out, expected,
                    "{sizes:?}, {count}, descending: {descending}"
                );
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn lines_are_in_the_order_of_a_stable_sort(
            outer in 0usize..4, middle in 0usize..80, inner in 0usize..4, part in 0.0..=1.0,
            numbers in prop::collection::vec((number(), any::<bool>(), any::<i64>()), 97),
        ) {
            let count = (part * middle as f64) as usize;
            let sizes = [outer, middle, inner];
            let elements = 0..outer * middle * inner;
            let floats: Vec<f32> = elements.clone().map(|at| match numbers[at * at % 97] {
                (x, true, _) => x.round(),
                (x, false, _) => x,
            }).collect();
            assert_sorted(&floats, sizes, count, with_nan_last);
            let ints: Vec<i64> = elements.map(|at| match numbers[at * at % 97] {
                (_, true, x) => x % 3,
                (_, false, x) => x,
            }).collect();
            assert_sorted(&ints, sizes, count, |a, b| a.cmp(&b));
            let narrow: Vec<i32> = ints.iter().map(|x| *x as i32).collect();
            assert_sorted(&narrow, sizes, count, |a, b| a.cmp(&b));
            let bytes: Vec<u8> = ints.iter().map(|x| *x as u8).collect();
            assert_sorted(&bytes, sizes, count, |a, b| a.cmp(&b));
        }
    }

    #[test]
    fn both_zeros_and_every_nan_are_equal() {
        let line = [
            f32::NAN,
            0.0,
            f32::INFINITY,
            -0.0,
            -f32::NAN,
            f32::NEG_INFINITY,
        ];
        assert_sorted(&line, [1, 6, 1], 6, with_nan_last);
        let mut out = [-1; 6];
        let mut scratch = vec![0; workspace(Cpu::best(), 6)];
        argsort(
            Cpu::best(),
            &line,
            [1, 6, 1],
            6,
            false,
            &mut scratch,
            &mut out,
        )
        .unwrap();
        assert_eq!(out, [5, 1, 3, 2, 0, 4]);
    }

    #[test]
    fn there_are_no_more_elements_than_a_line_has() {
        let mut scratch = vec![0; workspace(Cpu::best(), 2)];
        assert!(
            argsort(
                Cpu::best(),
                &[1u32, 2],
                [1, 2, 1],
                3,
                false,
                &mut scratch,
                &mut [0; 3]
            )
            .is_err()
        );
        assert!(
            argsort(
                Cpu::best(),
                &[1u32, 2],
                [1, 2, 1],
                2,
                false,
                &mut [],
                &mut [0; 2]
            )
            .is_err()
        );
    }
}
