//! Arithmetic of integers of all types. What does not fit wraps around.

use crate::cpu::Cpu;
use crate::error::KernelError;
use crate::walk::{Walk, map, zip};

/// An operation on one integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntegerUnary {
    Neg,
    Abs,
    /// `max(x, 0)`.
    Relu,
}

/// An operation on two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntegerBinary {
    Add,
    Sub,
    Mul,
    /// The quotient without its fraction.
    Div,
    /// The largest integer not above the quotient.
    FloorDiv,
    /// The remainder of that division, with the right operand's sign.
    Mod,
    Max,
    Min,
}

/// An integer of any type.
pub trait Integer: Copy + Ord + Send + Sync {
    const ZERO: Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Of another one that is not 0.
    fn div(self, other: Self) -> Self;
    /// Of another one that is not 0.
    fn floor_div(self, other: Self) -> Self;
    /// Of another one that is not 0.
    fn modulo(self, other: Self) -> Self;
}

macro_rules! integers {
    ($($type:ty)+) => {$(
        impl Integer for $type {
            const ZERO: $type = 0;

            #[inline(always)]
            fn add(self, other: $type) -> $type {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn sub(self, other: $type) -> $type {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn mul(self, other: $type) -> $type {
                self.wrapping_mul(other)
            }

            #[inline(always)]
            fn div(self, other: $type) -> $type {
                self.wrapping_div(other)
            }

            #[inline(always)]
            fn floor_div(self, other: $type) -> $type {
                let rest = self.wrapping_rem(other);
                let below = rest != 0 && (rest < Self::ZERO) != (other < Self::ZERO);
                self.wrapping_div(other).wrapping_sub(<$type>::from(below))
            }

            #[inline(always)]
            fn modulo(self, other: $type) -> $type {
                let rest = self.wrapping_rem(other);
                let below = rest != 0 && (rest < Self::ZERO) != (other < Self::ZERO);
                if below { rest.wrapping_add(other) } else { rest }
            }
        }
    )+};
}

integers! { i64 i32 u32 u8 }

/// Writes what the operation makes of each integer. Allocates nothing.
///
/// # Errors
/// If the array is too short, or the output has another length than its shape says.
pub fn integer_unary<T: Integer>(
    cpu: Cpu<'_>,
    op: IntegerUnary,
    walk: &Walk<1>,
    a: &[T],
    out: &mut [T],
) -> Result<(), KernelError> {
    match op {
        IntegerUnary::Neg => map(cpu, walk, a, out, |x| T::ZERO.sub(x)),
        IntegerUnary::Abs => map(cpu, walk, a, out, |x| {
            if x < T::ZERO { T::ZERO.sub(x) } else { x }
        }),
        IntegerUnary::Relu => map(cpu, walk, a, out, |x| x.max(T::ZERO)),
    }
}

/// Writes what the operation makes of each pair of integers. Allocates nothing.
///
/// # Errors
/// If it would divide by 0, an array is too short, or the output has another length than its shape says. Nothing is written
/// then.
///
/// ```
/// use lessons_compute::integer::{IntegerBinary, integer_binary};
/// use lessons_compute::{cpu::Cpu, walk::Walk};
///
/// let walk = Walk::new(&[3], [&[1], &[0]])?;
/// let mut out = [0i64; 3];
/// integer_binary(Cpu::best(), IntegerBinary::FloorDiv, &walk, &[7, -7, 6], &[3], &mut out)?;
/// assert_eq!(out, [2, -3, 2]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn integer_binary<T: Integer>(
    cpu: Cpu<'_>,
    op: IntegerBinary,
    walk: &Walk<2>,
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> Result<(), KernelError> {
    walk.check_output(out.len())?;
    walk.check(0, a.len())?;
    walk.check(1, b.len())?;
    match op {
        IntegerBinary::Add => zip(cpu, walk, a, b, out, T::add),
        IntegerBinary::Sub => zip(cpu, walk, a, b, out, T::sub),
        IntegerBinary::Mul => zip(cpu, walk, a, b, out, T::mul),
        IntegerBinary::Max => zip(cpu, walk, a, b, out, T::max),
        IntegerBinary::Min => zip(cpu, walk, a, b, out, T::min),
        IntegerBinary::Div | IntegerBinary::FloorDiv | IntegerBinary::Mod => {
            if walk.any(1, b, |x| x == T::ZERO) {
                return Err(KernelError::DivisionByZero);
            }
            match op {
                IntegerBinary::Div => zip(cpu, walk, a, b, out, T::div),
                IntegerBinary::FloorDiv => zip(cpu, walk, a, b, out, T::floor_div),
                _ => zip(cpu, walk, a, b, out, T::modulo),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test::on_every_cpu;

    const ALL: [IntegerBinary; 8] = [
        IntegerBinary::Add,
        IntegerBinary::Sub,
        IntegerBinary::Mul,
        IntegerBinary::Div,
        IntegerBinary::FloorDiv,
        IntegerBinary::Mod,
        IntegerBinary::Max,
        IntegerBinary::Min,
    ];

    /// In 128 bits, where nothing overflows.
    fn exact(op: IntegerBinary, a: i128, b: i128) -> i128 {
        match op {
            IntegerBinary::Add => a + b,
            IntegerBinary::Sub => a - b,
            IntegerBinary::Mul => a * b,
            IntegerBinary::Div => a / b,
            IntegerBinary::FloorDiv => a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0),
            IntegerBinary::Mod => a - b * exact(IntegerBinary::FloorDiv, a, b),
            IntegerBinary::Max => a.max(b),
            IntegerBinary::Min => a.min(b),
        }
    }

    fn assert_exact<T: Integer + std::fmt::Debug>(
        pairs: &[(T, T)],
        wide: impl Fn(T) -> i128,
        narrow: impl Fn(i128) -> T,
    ) {
        let (a, b): (Vec<T>, Vec<T>) = pairs.iter().copied().unzip();
        let walk = Walk::new(&[a.len()], [&[1], &[1]]).unwrap();
        on_every_cpu(|cpu| {
            for op in ALL {
                let mut out = vec![narrow(5); a.len()];
                let divides = [
                    IntegerBinary::Div,
                    IntegerBinary::FloorDiv,
                    IntegerBinary::Mod,
                ]
                .contains(&op);
                let run = integer_binary(cpu, op, &walk, &a, &b, &mut out);
                if divides && b.contains(&T::ZERO) {
                    assert_eq!(run, Err(KernelError::DivisionByZero));
                    assert!(out.iter().all(|x| *x == narrow(5)));
                    continue;
                }
                run.unwrap();
                for ((a, b), out) in a.iter().zip(&b).zip(&out) {
                    assert_eq!(
                        *out,
                        narrow(exact(op, wide(*a), wide(*b))),
                        "{op:?}({a:?}, {b:?})"
                    );
                }
            }
        });
    }

    /// Pairs of integers, many of them small, and so often equal, or 0.
    fn pairs(bits: u32) -> impl Strategy<Value = Vec<(i128, i128)>> {
        let one = || prop_oneof![-4i128..5, 0..1i128 << bits];
        let without_zero = || one().prop_map(|x| if x == 0 { 3 } else { x });
        prop_oneof![
            3 => prop::collection::vec((one(), without_zero()), 0..40),
            1 => prop::collection::vec((one(), one()), 0..40),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn integers_of_all_types_wrap_around_the_exact_result(wide in pairs(64), narrow in pairs(32), bytes in pairs(8)) {
            fn cut<T>(pairs: &[(i128, i128)], to: impl Fn(i128) -> T) -> Vec<(T, T)> {
                pairs.iter().map(|(a, b)| (to(*a), to(*b))).collect()
            }
            assert_exact(&cut(&wide, |x| x as i64), i128::from, |x| x as i64);
            assert_exact(&cut(&narrow, |x| x as i32), i128::from, |x| x as i32);
            assert_exact(&cut(&narrow, |x| x as u32), i128::from, |x| x as u32);
            assert_exact(&cut(&bytes, |x| x as u8), i128::from, |x| x as u8);
        }
    }

    #[test]
    fn one_integer_at_a_time() {
        let walk = Walk::new(&[3], [&[1]]).unwrap();
        let mut out = [7i64; 3];
        let mut run = |op| {
            integer_unary(Cpu::best(), op, &walk, &[-3, 4, i64::MIN], &mut out).unwrap();
            out
        };
        assert_eq!(run(IntegerUnary::Neg), [3, -4, i64::MIN]);
        assert_eq!(run(IntegerUnary::Abs), [3, 4, i64::MIN]);
        assert_eq!(run(IntegerUnary::Relu), [0, 4, 0]);
    }

    #[test]
    fn a_zero_that_is_not_read_divides_nothing() {
        // Every second number of the right side.
        let walk = Walk::new(&[2], [&[1], &[2]]).unwrap();
        let mut out = [0i64; 2];
        integer_binary(
            Cpu::best(),
            IntegerBinary::Div,
            &walk,
            &[6, 8],
            &[2, 0, 4],
            &mut out,
        )
        .unwrap();
        assert_eq!(out, [3, 2]);
    }
}
