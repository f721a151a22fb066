//! Views as arrays without gaps, and arrays end to end, of elements of any size.

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::walk::{Walk, map};

/// Writes the elements of a view in row-major order. Allocates nothing.
///
/// # Errors
/// If the array is too short, or the output has another length than its shape says.
///
/// ```
/// use lessons_compute::{copy::copy, cpu::Cpu, walk::Walk};
///
/// let transposed = Walk::new(&[2, 2], [&[1, 2]])?;
/// let mut out = [0; 4];
/// copy(Cpu::best(), &transposed, &[1, 2, 3, 4], &mut out)?;
/// assert_eq!(out, [1, 3, 2, 4]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn copy<T: Copy + Send + Sync>(
    cpu: Cpu<'_>,
    walk: &Walk<1>,
    a: &[T],
    out: &mut [T],
) -> Result<(), KernelError> {
    map(cpu, walk, a, out, |x| x)
}

/// Writes one of the arrays that are joined end to end: of `outer` rows of the output, each `whole` long, what begins at
/// `start` is the array's next `size` elements. Allocates nothing.
///
/// # Errors
/// If the array is too short, its rows are longer than those of the output, or these do not fill it.
///
/// ```
/// use lessons_compute::copy::join;
///
/// let mut out = [0; 6];
/// join(2, &[1, 2], 1, [3, 0], &mut out)?;
/// join(2, &[3, 4, 5, 6], 2, [3, 1], &mut out)?;
/// assert_eq!(out, [1, 3, 4, 2, 5, 6]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn join<T: Copy>(
    outer: usize,
    part: &[T],
    size: usize,
    [whole, start]: [usize; 2],
    out: &mut [T],
) -> Result<(), KernelError> {
    long_enough(
        "an operand",
        product("an operand", &[outer, size])?,
        part.len(),
    )?;
    equal(
        "the length of the output",
        product("the output", &[outer, whole])?,
        out.len(),
    )?;
    let end = start.checked_add(size).filter(|end| *end <= whole);
    let Some(end) = end else {
        return Err(KernelError::Short {
            what: "a row of the output",
            needed: start.saturating_add(size),
            given: whole,
        });
    };
    if size > 0 {
        for (part, out) in part.chunks_exact(size).zip(out.chunks_exact_mut(whole)) {
            out[start..end].copy_from_slice(part);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let mut out = [0u8; 4];
        assert!(join(2, &[1, 2, 3], 2, [2, 0], &mut out).is_err());
        assert!(join(2, &[1, 2], 1, [2, 2], &mut out).is_err());
        assert!(join(2, &[1, 2], 1, [2, usize::MAX], &mut out).is_err());
        assert!(join(3, &[1, 2, 3], 1, [2, 0], &mut out).is_err());
        assert_eq!(out, [0; 4]);
        join::<u8>(2, &[], 0, [2, 2], &mut out).unwrap();
        join::<u8>(0, &[], 3, [5, 1], &mut []).unwrap();
        join(4, &[1, 2, 3, 4], 1, [1, 0], &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4]);
    }
}
