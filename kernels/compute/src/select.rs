//! One of two values, element by element.

use crate::cpu::Cpu;
use crate::error::KernelError;
use crate::walk::{Row, Walk};

/// Writes the element of `a` where the mask is not 0, and that of `b` elsewhere. Allocates nothing. The arrays of the walk are
/// the mask, `a` and `b`, in this order.
///
/// # Errors
/// If an array is too short, or the output has another length than its shape says.
///
/// ```
/// use lessons_compute::{cpu::Cpu, select::select, walk::Walk};
///
/// let walk = Walk::new(&[3], [&[1], &[1], &[0]])?;
/// let mut out = [0.0; 3];
/// select(Cpu::best(), &walk, &[1, 0, 1], &[1.0, 2.0, 3.0], &[-1.0], &mut out)?;
/// assert_eq!(out, [1.0, -1.0, 3.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn select<T: Copy + Send + Sync>(
    cpu: Cpu<'_>,
    walk: &Walk<3>,
    mask: &[u8],
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> Result<(), KernelError> {
    walk.check_output(out.len())?;
    walk.check(0, mask.len())?;
    walk.check(1, a.len())?;
    walk.check(2, b.len())?;
    let [mask_step, a_step, b_step] = walk.steps();
    walk.for_each_row(cpu, out, |out, [mask_start, a_start, b_start]| {
        let mask = Row::new(mask, mask_start, mask_step, out.len());
        let a = Row::new(a, a_start, a_step, out.len());
        let b = Row::new(b, b_start, b_step, out.len());
        match (mask, a, b) {
            (Row::Run(mask), Row::Run(a), Row::Run(b)) => {
                for (((out, mask), a), b) in out.iter_mut().zip(mask).zip(a).zip(b) {
                    *out = if *mask != 0 { *a } else { *b };
                }
            }
            (Row::Run(mask), Row::Run(a), Row::Same(b)) => {
                for ((out, mask), a) in out.iter_mut().zip(mask).zip(a) {
                    *out = if *mask != 0 { *a } else { b };
                }
            }
            (Row::Run(mask), Row::Same(a), Row::Run(b)) => {
                for ((out, mask), b) in out.iter_mut().zip(mask).zip(b) {
                    *out = if *mask != 0 { a } else { *b };
                }
            }
            (Row::Same(mask), a, b) => match if mask != 0 { a } else { b } {
                Row::Run(values) => out.copy_from_slice(values),
                Row::Same(value) => out.fill(value),
                apart => {
                    for (at, out) in out.iter_mut().enumerate() {
                        *out = apart.get(at);
                    }
                }
            },
            (mask, a, b) => {
                for (at, out) in out.iter_mut().enumerate() {
                    *out = if mask.get(at) != 0 {
                        a.get(at)
                    } else {
                        b.get(at)
                    };
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
        fn each_element_is_the_one_that_the_mask_says(
            rows in 0usize..6, columns in 0usize..40, seed in any::<u64>(), kinds in prop::array::uniform3(0usize..4),
        ) {
            // Dense, the same everywhere, a column, or transposed.
            let strides = kinds.map(|kind| [[columns, 1], [0, 0], [1, 0], [1, rows]][kind]);
            let mask: Vec<u8> = (0..rows * columns + 6).map(|at| (seed >> (at % 64)) as u8 & 1).collect();
            let a: Vec<i64> = (0..mask.len() as i64).collect();
            let b: Vec<i64> = a.iter().map(|x| -x - 1).collect();
            let [m, x, y] = &strides;
            let walk = Walk::new(&[rows, columns], [m, x, y]).unwrap();
            on_every_cpu(|cpu| {
                let mut out = vec![7; rows * columns];
                select(cpu, &walk, &mask, &a, &b, &mut out).unwrap();
                for (at, out) in out.iter().enumerate() {
                    let [m, a_at, b_at] = strides.map(|[down, right]| at / columns * down + at % columns * right);
                    assert_eq!(*out, if mask[m] != 0 { a[a_at] } else { b[b_at] });
                }
            });
        }
    }
}
