//! Elements of an array by index.

use crate::cpu::Cpu;
use crate::error::KernelError;
use crate::place::{Index, Place};
use crate::pool::SharedMut;

/// Elements that are worth a task.
const TASK: usize = 1 << 14;

/// Writes what the indices name in `x`, place by place. Allocates nothing.
///
/// # Errors
/// If an index is negative or past the end of its axis, or the sizes do not fit. Nothing is written then.
///
/// ```
/// use lessons_compute::{cpu::Cpu, place::Place, take::take};
///
/// // Of two rows of three, two elements each.
/// let place = Place::Along { sizes: [2, 3, 1], count: 2, axis: 1 };
/// let mut out = [0; 4];
/// take(Cpu::best(), &place, &[10, 11, 12, 20, 21, 22], &[2i64, 0, 1, 1], &mut out)?;
/// assert_eq!(out, [12, 10, 21, 21]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn take<T: Copy + Send + Sync, I: Index>(
    cpu: Cpu<'_>,
    place: &Place,
    x: &[T],
    indices: &[I],
    out: &mut [T],
) -> Result<(), KernelError> {
    place.check(x.len(), indices, out.len())?;
    let width = place.width();
    if width == 0 {
        return Ok(());
    }
    let to = SharedMut::new(out);
    let grain = TASK.div_ceil(width);
    cpu.pool().for_ranges(place.places()?, grain, |range, _| {
        // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
        let to = unsafe { to.part(range.start * width, range.len() * width) };
        match width {
            1 => {
                for (at, to) in range.zip(to) {
                    *to = x[place.start(indices, at)];
                }
            }
            _ => {
                for (at, to) in range.zip(to.chunks_exact_mut(width)) {
                    to.copy_from_slice(&x[place.start(indices, at)..][..width]);
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
    use crate::test::on_every_cpu;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn elements_along_an_axis_are_those_that_are_named(
            outer in 0usize..4, middle in 1usize..9, inner in 0usize..5, count in 0usize..7, seed in any::<u64>(),
        ) {
            let x: Vec<u16> = (0..(outer * middle * inner) as u16).collect();
            let places = outer * count * inner;
            let indices: Vec<i32> = (0..places).map(|at| ((seed >> (at % 60)) % middle as u64) as i32).collect();
            let place = Place::Along { sizes: [outer, middle, inner], count, axis: 1 };
            on_every_cpu(|cpu| {
                let mut out = vec![7; places];
                take(cpu, &place, &x, &indices, &mut out).unwrap();
                for (at, out) in out.iter().enumerate() {
                    let index = indices[at] as usize;
                    let expected = (at / inner / count * middle + index) * inner + at % inner;
                    assert_eq!(*out, x[expected]);
                }
            });
        }

        #[test]
        fn elements_at_several_axes_are_those_that_are_named(
            axes in prop::collection::vec(1usize..5, 0..4), width in 0usize..5, count in 0usize..9, seed in any::<u64>(),
        ) {
            let x: Vec<u64> = (0..(axes.iter().product::<usize>() * width) as u64).collect();
            let numbers = (0..count * axes.len()).map(|at| (seed >> (at % 60)) as u8 % axes[at % axes.len()] as u8);
            let numbers: Vec<u8> = numbers.collect();
            let place = Place::Nd { count, axes: axes.clone(), width };
            on_every_cpu(|cpu| {
                let mut out = vec![7; count * width];
                take(cpu, &place, &x, &numbers, &mut out).unwrap();
                for (at, out) in out.iter().enumerate() {
                    let mut stride = width;
                    let mut start = 0;
                    for axis in (0..axes.len()).rev() {
                        start += usize::from(numbers[at / width * axes.len() + axis]) * stride;
                        stride *= axes[axis];
                    }
                    assert_eq!(*out, x[start + at % width]);
                }
            });
        }
    }

    #[test]
    fn an_index_off_its_axis_is_an_error_that_names_it() {
        let along = Place::Along {
            sizes: [1, 3, 1],
            count: 2,
            axis: 4,
        };
        let nd = Place::Nd {
            count: 1,
            axes: vec![2, 3],
            width: 1,
        };
        let mut out = [7u8; 2];
        for index in [-1, 3, i64::MIN, i64::MAX] {
            let error = take(Cpu::best(), &along, &[1, 2, 3], &[0, index], &mut out).unwrap_err();
            assert_eq!(
                error,
                KernelError::OffAxis {
                    index,
                    axis: 4,
                    size: 3
                }
            );
            let error = take(Cpu::best(), &nd, &[1; 6], &[1, index], &mut out[..1]).unwrap_err();
            assert_eq!(
                error,
                KernelError::OffAxis {
                    index,
                    axis: 1,
                    size: 3
                }
            );
        }
        assert_eq!(out, [7; 2]);
        assert!(take(Cpu::best(), &along, &[1, 2], &[0i64, 1], &mut out).is_err());
        assert!(take(Cpu::best(), &along, &[1, 2, 3], &[0i64], &mut out).is_err());
        assert!(take(Cpu::best(), &along, &[1, 2, 3], &[0i64, 1], &mut out[1..]).is_err());
    }
}
