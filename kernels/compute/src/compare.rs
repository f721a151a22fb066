//! Comparisons, whose results are bytes 0 and 1, and logic of such bytes.

use crate::cpu::Cpu;
use crate::error::KernelError;
use crate::walk::{Walk, map, zip};

/// A question about two numbers. About NaN the answer is no, but for [`NotEqual`](Comparison::NotEqual).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// An operation on two bytes that are true where they are not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Logic {
    And,
    Or,
    /// Whether exactly one is true.
    Xor,
}

/// Writes 1 where the comparison holds, and 0 elsewhere. Allocates nothing.
///
/// # Errors
/// If an array is too short, or the output has another length than its shape says.
///
/// ```
/// use lessons_compute::compare::{Comparison, compare};
/// use lessons_compute::{cpu::Cpu, walk::Walk};
///
/// // Each of a row of three beside one number.
/// let walk = Walk::new(&[3], [&[1], &[0]])?;
/// let mut out = [7; 3];
/// compare(Cpu::best(), Comparison::Less, &walk, &[1.0, 2.0, f32::NAN], &[2.0], &mut out)?;
/// assert_eq!(out, [1, 0, 0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn compare<T: PartialOrd + Copy + Sync>(
    cpu: Cpu<'_>,
    op: Comparison,
    walk: &Walk<2>,
    a: &[T],
    b: &[T],
    out: &mut [u8],
) -> Result<(), KernelError> {
    match op {
        Comparison::Equal => zip(cpu, walk, a, b, out, |a, b| u8::from(a == b)),
        Comparison::NotEqual => zip(cpu, walk, a, b, out, |a, b| u8::from(a != b)),
        Comparison::Less => zip(cpu, walk, a, b, out, |a, b| u8::from(a < b)),
        Comparison::LessEqual => zip(cpu, walk, a, b, out, |a, b| u8::from(a <= b)),
        Comparison::Greater => zip(cpu, walk, a, b, out, |a, b| u8::from(a > b)),
        Comparison::GreaterEqual => zip(cpu, walk, a, b, out, |a, b| u8::from(a >= b)),
    }
}

/// Joins bytes that are true where they are not 0. Allocates nothing.
///
/// # Errors
/// As [`compare`].
pub fn logic(
    cpu: Cpu<'_>,
    op: Logic,
    walk: &Walk<2>,
    a: &[u8],
    b: &[u8],
    out: &mut [u8],
) -> Result<(), KernelError> {
    let join = |f: fn(bool, bool) -> bool| move |a: u8, b: u8| u8::from(f(a != 0, b != 0));
    match op {
        Logic::And => zip(cpu, walk, a, b, out, join(|a, b| a & b)),
        Logic::Or => zip(cpu, walk, a, b, out, join(|a, b| a | b)),
        Logic::Xor => zip(cpu, walk, a, b, out, join(|a, b| a ^ b)),
    }
}

/// Writes 1 where a byte is 0, and 0 elsewhere. Allocates nothing.
///
/// # Errors
/// As [`compare`].
pub fn not(cpu: Cpu<'_>, walk: &Walk<1>, a: &[u8], out: &mut [u8]) -> Result<(), KernelError> {
    map(cpu, walk, a, out, |a| u8::from(a == 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test::{number, on_every_cpu};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_pair_is_compared(pairs in prop::collection::vec((number(), number(), any::<bool>()), 0..150)) {
            let a: Vec<f32> = pairs.iter().map(|(a, ..)| *a).collect();
            let b: Vec<f32> = pairs.iter().map(|(a, b, same)| if *same { *a } else { *b }).collect();
            let walk = Walk::new(&[a.len()], [&[1], &[1]]).unwrap();
            type Holds = fn(&f32, &f32) -> bool;
            let ops: [(Comparison, Holds); 6] = [
                (Comparison::Equal, f32::eq),
                (Comparison::NotEqual, f32::ne),
                (Comparison::Less, f32::lt),
                (Comparison::LessEqual, f32::le),
                (Comparison::Greater, f32::gt),
                (Comparison::GreaterEqual, f32::ge),
            ];
            on_every_cpu(|cpu| {
                for (op, holds) in ops {
                    let mut out = vec![7; a.len()];
                    compare(cpu, op, &walk, &a, &b, &mut out).unwrap();
                    let expected: Vec<u8> = a.iter().zip(&b).map(|(a, b)| u8::from(holds(a, b))).collect();
                    assert_eq!(out, expected, "{op:?}");
                }
            });
        }
    }

    #[test]
    fn logic_has_its_truth_tables() {
        let (a, b) = ([0, 0, 1, 255], [0, 3, 0, 1]);
        let walk = Walk::new(&[4], [&[1], &[1]]).unwrap();
        let mut out = [7; 4];
        let mut table = |op| {
            logic(Cpu::best(), op, &walk, &a, &b, &mut out).unwrap();
            out
        };
        assert_eq!(table(Logic::And), [0, 0, 0, 1]);
        assert_eq!(table(Logic::Or), [0, 1, 1, 1]);
        assert_eq!(table(Logic::Xor), [0, 1, 1, 0]);
        let walk = Walk::new(&[4], [&[1]]).unwrap();
        not(Cpu::best(), &walk, &a, &mut out).unwrap();
        assert_eq!(out, [1, 1, 0, 0]);
    }
}
