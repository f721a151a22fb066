//! Numbers as numbers of another type.

use crate::cpu::Cpu;
use crate::error::KernelError;
use crate::walk::{Walk, map};

/// A number that becomes one of another type, as Rust's `as` has it: floats round to nearest when they narrow, and become
/// the integer next to them toward 0, or the nearest that there is; NaN becomes 0; integers keep their lowest bits.
pub trait CastTo<T>: Copy {
    fn cast_to(self) -> T;
}

/// A number that can be asked whether it is one that counts as true: anything but 0.
pub trait Truth: Copy {
    fn truth(self) -> u8;
}

macro_rules! casts {
    ($($from:ty: $($to:ty)+;)+) => {$(
        $(impl CastTo<$to> for $from {
            #[inline(always)]
            fn cast_to(self) -> $to {
                self as $to
            }
        })+

        impl Truth for $from {
            #[inline(always)]
            fn truth(self) -> u8 {
                u8::from(self != 0 as $from)
            }
        }
    )+};
}

casts! {
    f64: f64 f32 i64 i32 u32 u8;
    f32: f64 f32 i64 i32 u32 u8;
    i64: f64 f32 i64 i32 u32 u8;
    i32: f64 f32 i64 i32 u32 u8;
    u32: f64 f32 i64 i32 u32 u8;
    u8: f64 f32 i64 i32 u32 u8;
}

/// Writes each number as one of the output's type. Allocates nothing.
///
/// # Errors
/// If the array is too short, or the output has another length than its shape says.
///
/// ```
/// use lessons_compute::{cast::cast, cpu::Cpu, walk::Walk};
///
/// let walk = Walk::new(&[4], [&[1]])?;
/// let mut out = [0u8; 4];
/// cast(Cpu::best(), &walk, &[1.9f32, -1.0, 300.0, f32::NAN], &mut out)?;
/// assert_eq!(out, [1, 0, 255, 0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn cast<A: CastTo<T> + Sync, T: Copy + Send>(
    cpu: Cpu<'_>,
    walk: &Walk<1>,
    a: &[A],
    out: &mut [T],
) -> Result<(), KernelError> {
    map(cpu, walk, a, out, A::cast_to)
}

/// Writes 0 where a number is 0, and 1 elsewhere, NaN included. Allocates nothing.
///
/// # Errors
/// As [`cast`].
pub fn truth<A: Truth + Sync>(
    cpu: Cpu<'_>,
    walk: &Walk<1>,
    a: &[A],
    out: &mut [u8],
) -> Result<(), KernelError> {
    map(cpu, walk, a, out, A::truth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_and_held_to_what_there_is() {
        let walk = Walk::new(&[6], [&[1]]).unwrap();
        let x = [-0.0f32, 0.5, -2.7, 1e30, f32::NEG_INFINITY, f32::NAN];
        let mut ints = [7i64; 6];
        cast(Cpu::best(), &walk, &x, &mut ints).unwrap();
        assert_eq!(ints, [0, 0, -2, i64::MAX, i64::MIN, 0]);
        let mut bools = [7u8; 6];
        truth(Cpu::best(), &walk, &x, &mut bools).unwrap();
        assert_eq!(bools, [0, 1, 1, 1, 1, 1]);
        let mut bytes = [7u8; 6];
        cast(Cpu::best(), &walk, &ints, &mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 254, 255, 0, 0]);
    }

    #[test]
    fn a_transposed_view_is_read_in_the_order_of_the_output() {
        let walk = Walk::new(&[3, 2], [&[1, 3]]).unwrap();
        let mut out = [0f32; 6];
        cast(Cpu::best(), &walk, &[1i32, 2, 3, 4, 5, 6], &mut out).unwrap();
        assert_eq!(out, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
