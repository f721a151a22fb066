//! Elements written by index.

use crate::error::KernelError;
use crate::math;
use crate::place::{Index, Place};

/// What becomes of an element that is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    Add,
    Mul,
    /// NaN if either is.
    Max,
    /// NaN if either is.
    Min,
}

/// A number that others can be joined with.
pub trait Combined: Copy {
    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
}

impl Combined for f32 {
    fn add(self, other: f32) -> f32 {
        self + other
    }

    fn mul(self, other: f32) -> f32 {
        self * other
    }

    fn max(self, other: f32) -> f32 {
        math::max(self, other)
    }

    fn min(self, other: f32) -> f32 {
        math::min(self, other)
    }
}

macro_rules! integers {
    ($($type:ty)+) => {$(
        impl Combined for $type {
            fn add(self, other: $type) -> $type {
                self.wrapping_add(other)
            }

            fn mul(self, other: $type) -> $type {
                self.wrapping_mul(other)
            }

            fn max(self, other: $type) -> $type {
                Ord::max(self, other)
            }

            fn min(self, other: $type) -> $type {
                Ord::min(self, other)
            }
        }
    )+};
}

integers! { i64 i32 u32 u8 }

/// Writes updates where the indices say; of several for one place the last one stays. Allocates nothing.
///
/// # Errors
/// If an index is negative or past the end of its axis, or the sizes do not fit. Nothing is written then.
///
/// ```
/// use lessons_compute::{place::Place, scatter::scatter};
///
/// let rows = Place::Nd { count: 2, axes: vec![3], width: 2 };
/// let mut x = [0; 6];
/// scatter(&rows, &[2i64, 0], &[1, 2, 3, 4], &mut x)?;
/// assert_eq!(x, [3, 4, 0, 0, 1, 2]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn scatter<T: Copy, I: Index>(
    place: &Place,
    indices: &[I],
    updates: &[T],
    x: &mut [T],
) -> Result<(), KernelError> {
    write(place, indices, updates, x, |_, new| new)
}

/// Joins updates with what is where the indices say, in row-major order. Allocates nothing.
///
/// # Errors
/// As [`scatter`].
///
/// ```
/// use lessons_compute::{place::Place, scatter::{Combine, combine}};
///
/// let place = Place::Along { sizes: [1, 3, 1], count: 4, axis: 0 };
/// let mut x = [1.0, 0.0, 0.0];
/// combine(Combine::Add, &place, &[0i64, 2, 2, 0], &[1.0, 2.0, 3.0, 4.0], &mut x)?;
/// assert_eq!(x, [6.0, 0.0, 5.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn combine<T: Combined, I: Index>(
    combine: Combine,
    place: &Place,
    indices: &[I],
    updates: &[T],
    x: &mut [T],
) -> Result<(), KernelError> {
    match combine {
        Combine::Add => write(place, indices, updates, x, T::add),
        Combine::Mul => write(place, indices, updates, x, T::mul),
        Combine::Max => write(place, indices, updates, x, T::max),
        Combine::Min => write(place, indices, updates, x, T::min),
    }
}

/// One after the other, since several may go to one place, and sums must come out the same every time.
fn write<T: Copy, I: Index>(
    place: &Place,
    indices: &[I],
    updates: &[T],
    x: &mut [T],
    join: impl Fn(T, T) -> T,
) -> Result<(), KernelError> {
    place.check(x.len(), indices, updates.len())?;
    let width = place.width();
    if width == 0 {
        return Ok(());
    }
    for (at, updates) in updates.chunks_exact(width).enumerate() {
        let old = &mut x[place.start(indices, at)..][..width];
        for (old, new) in old.iter_mut().zip(updates) {
            *old = join(*old, *new);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn updates_go_where_they_are_sent_in_order(
            outer in 0usize..4, middle in 1usize..6, inner in 0usize..4, count in 0usize..7, seed in any::<u64>(),
        ) {
            let places = outer * count * inner;
            let indices: Vec<i64> = (0..places).map(|at| ((seed >> (at % 60)) % middle as u64) as i64).collect();
            let updates: Vec<f32> = (0..places).map(|at| ((at * 37 + 11) % 19) as f32 - 9.0).collect();
            let place = Place::Along { sizes: [outer, middle, inner], count, axis: 1 };
            let x: Vec<f32> = (0..outer * middle * inner).map(|at| (at % 7) as f32 - 3.0).collect();
            let expected = |join: fn(f32, f32) -> f32| {
                let mut x = x.clone();
                for at in 0..places {
                    let start = (at / inner / count * middle + indices[at] as usize) * inner + at % inner;
                    x[start] = join(x[start], updates[at]);
                }
                x
            };
            let mut set = x.clone();
            scatter(&place, &indices, &updates, &mut set).unwrap();
            prop_assert_eq!(set, expected(|_, new| new));
            type Join = fn(f32, f32) -> f32;
            let ops: [(Combine, Join); 4] = [
                (Combine::Add, |a, b| a + b),
                (Combine::Mul, |a, b| a * b),
                (Combine::Max, f32::max),
                (Combine::Min, f32::min),
            ];
            for (op, join) in ops {
                let mut got = x.clone();
                combine(op, &place, &indices, &updates, &mut got).unwrap();
                prop_assert_eq!(got, expected(join));
            }
        }
    }

    #[test]
    fn an_index_off_its_axis_leaves_all_as_it_is() {
        let place = Place::Nd {
            count: 2,
            axes: vec![2],
            width: 2,
        };
        let mut x = [1u8; 4];
        let error = scatter(&place, &[0u32, 2], &[9; 4], &mut x).unwrap_err();
        assert_eq!(
            error,
            KernelError::OffAxis {
                index: 2,
                axis: 0,
                size: 2
            }
        );
        assert_eq!(x, [1; 4]);
        assert!(scatter(&place, &[0u32, 1], &[9; 3], &mut x).is_err());
    }

    #[test]
    fn nan_stays() {
        let place = Place::Nd {
            count: 2,
            axes: vec![2],
            width: 1,
        };
        let mut x = [f32::NAN, 1.0];
        combine(Combine::Max, &place, &[0i64, 1], &[2.0, f32::NAN], &mut x).unwrap();
        assert!(x.iter().all(|x| x.is_nan()));
    }
}
