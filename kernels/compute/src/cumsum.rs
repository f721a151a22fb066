//! Running sums.

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::pool::SharedMut;

/// Columns that are added up side by side.
const COLUMNS: usize = 64;

/// Numbers that are worth a task.
const TASK: usize = 1 << 15;

/// A number whose sums are kept in a type that is as wide or wider.
pub trait Summed: Copy + Send + Sync {
    type Sum: Copy + Default;
    /// The sum with this number added.
    fn onto(self, sum: Self::Sum) -> Self::Sum;
    /// The sum as a number again.
    fn of(sum: Self::Sum) -> Self;
}

impl Summed for f32 {
    /// So that a long line's sums are rounded once each.
    type Sum = f64;

    #[inline(always)]
    fn onto(self, sum: f64) -> f64 {
        sum + f64::from(self)
    }

    #[inline(always)]
    fn of(sum: f64) -> f32 {
        sum as f32
    }
}

impl Summed for f64 {
    type Sum = f64;

    #[inline(always)]
    fn onto(self, sum: f64) -> f64 {
        sum + self
    }

    #[inline(always)]
    fn of(sum: f64) -> f64 {
        sum
    }
}

macro_rules! integers {
    ($($type:ty)+) => {$(
        impl Summed for $type {
            type Sum = $type;

            #[inline(always)]
            fn onto(self, sum: $type) -> $type {
                sum.wrapping_add(self)
            }

            #[inline(always)]
            fn of(sum: $type) -> $type {
                sum
            }
        }
    )+};
}

integers! { i64 i32 u32 u8 }

/// Writes each number and all before it along the middle axis of `input`, `(outer, middle, inner)` without gaps, added up.
/// Sums of `f32` are kept in `f64`; integers wrap around. Allocates nothing.
///
/// # Errors
/// If `input` is too short, or `out` has another length.
///
/// ```
/// use lessons_compute::{cpu::Cpu, cumsum::cumsum};
///
/// let mut sums = [0.0f32; 4];
/// cumsum(Cpu::best(), &[1.0, 2.0, 3.0, 4.0], [2, 2, 1], &mut sums)?;
/// assert_eq!(sums, [1.0, 3.0, 3.0, 7.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn cumsum<T: Summed>(
    cpu: Cpu<'_>,
    input: &[T],
    [outer, middle, inner]: [usize; 3],
    out: &mut [T],
) -> Result<(), KernelError> {
    let elements = product("the input", &[outer, middle, inner])?;
    long_enough("the input", elements, input.len())?;
    equal("the length of the output", elements, out.len())?;
    if elements == 0 {
        return Ok(());
    }
    let to = SharedMut::new(out);
    if inner == 1 {
        cpu.pool()
            .for_ranges(outer, TASK.div_ceil(middle), |range, _| {
                for line in range {
                    // SAFETY: no other task has this line, and `out` is borrowed until all have ended.
                    let to = unsafe { to.part(line * middle, middle) };
                    let mut sum = T::Sum::default();
                    for (to, x) in to.iter_mut().zip(&input[line * middle..]) {
                        sum = x.onto(sum);
                        *to = T::of(sum);
                    }
                }
            });
        return Ok(());
    }
    let pieces = inner.div_ceil(COLUMNS);
    let grain = TASK.div_ceil(middle.saturating_mul(inner.min(COLUMNS)));
    cpu.pool().for_ranges(outer * pieces, grain, |range, _| {
        for task in range {
            let (line, first) = (task / pieces, task % pieces * COLUMNS);
            let width = COLUMNS.min(inner - first);
            let mut sums = [T::Sum::default(); COLUMNS];
            for row in 0..middle {
                let start = (line * middle + row) * inner + first;
                // SAFETY: no other task has these columns, and `out` is borrowed until all have ended.
                let to = unsafe { to.part(start, width) };
                let numbers = &input[start..][..width];
                for ((to, x), sum) in to.iter_mut().zip(numbers).zip(&mut sums) {
                    *sum = x.onto(*sum);
                    *to = T::of(*sum);
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
    use crate::test::{number, on_every_cpu};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sums_run_along_the_middle_axis(
            outer in 0usize..4, middle in 0usize..60, inner in prop::sample::select(vec![0usize, 1, 2, 63, 65]),
            numbers in prop::collection::vec(number(), 97),
        ) {
            let elements = outer * middle * inner;
            let floats: Vec<f32> = (0..elements).map(|i| numbers[i % 97]).collect();
            let ints: Vec<u8> = (0..elements).map(|i| (i * i) as u8).collect();
            on_every_cpu(|cpu| {
                let (mut float_sums, mut int_sums) = (vec![7.0f32; elements], vec![7u8; elements]);
                cumsum(cpu, &floats, [outer, middle, inner], &mut float_sums).unwrap();
                cumsum(cpu, &ints, [outer, middle, inner], &mut int_sums).unwrap();
                for at in 0..elements {
                    let row = at / inner % middle;
                    let line = (0..=row).map(|before| at - (row - before) * inner);
                    let exact: f64 = line.clone().map(|at| f64::from(floats[at])).sum();
                    let same = float_sums[at] == exact as f32 || float_sums[at].is_nan() && exact.is_nan();
                    assert!(same, "{} for {exact}", float_sums[at]);
                    assert_eq!(int_sums[at], line.fold(0u8, |sum, at| sum.wrapping_add(ints[at])));
                }
            });
        }
    }
}
