//! Where the largest, or the smallest, of many numbers stands.

use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::lanes::LANES;
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};

/// Which number is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extreme {
    Largest,
    Smallest,
}

/// Columns that are searched side by side.
const COLUMNS: usize = 64;

/// Numbers that are worth a task.
const TASK: usize = 1 << 15;

/// Writes, for each line along the middle axis of `input`, `(outer, middle, inner)` without gaps, the index of its first
/// extreme, `(outer, inner)`. NaN is passed over, but for one at the beginning of a line, whose index is then 0. Allocates
/// nothing.
///
/// # Errors
/// If lines have no elements, `input` is too short, or `out` has another length.
///
/// ```
/// use lessons_compute::arg::{Extreme, arg};
/// use lessons_compute::cpu::Cpu;
///
/// let mut at = [0; 2];
/// arg(Cpu::best(), Extreme::Largest, &[1.0, 5.0, 5.0, 4.0, 2.0, 3.0], [2, 3, 1], &mut at)?;
/// assert_eq!(at, [1, 0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
pub fn arg(
    cpu: Cpu<'_>,
    extreme: Extreme,
    input: &[f32],
    [outer, middle, inner]: [usize; 3],
    out: &mut [i64],
) -> Result<(), KernelError> {
    let results = product("the output", &[outer, inner])?;
    equal("the length of the output", results, out.len())?;
    if results == 0 {
        return Ok(());
    }
    long_enough("a line", 1, middle)?;
    let needed = product("the input", &[outer, middle, inner])?;
    long_enough("the input", needed, input.len())?;
    let to = SharedMut::new(out);
    if inner == 1 {
        cpu.pool()
            .for_ranges(outer, TASK.div_ceil(middle), |range, _| {
                // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
                let to = unsafe { to.part(range.start, range.len()) };
                for (line, to) in range.zip(to) {
                    let line = &input[line * middle..][..middle];
                    *to = match extreme {
                        Extreme::Largest => first_largest(cpu.verified(), line),
                        Extreme::Smallest => first_smallest(cpu.verified(), line),
                    } as i64;
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
            // SAFETY: as above.
            let to = unsafe { to.part(line * inner + first, width) };
            let from = &input[line * middle * inner + first..];
            match extreme {
                Extreme::Largest => columns(from, middle, inner, to, |x, best| x > best),
                Extreme::Smallest => columns(from, middle, inner, to, |x, best| x < best),
            }
        }
    });
    Ok(())
}

ladder! {
    fn first_largest(line: &[f32]) -> usize = largest_body;
    fn first_smallest(line: &[f32]) -> usize = smallest_body;
}

// The best number first, by vectors, and then where it stands: no lane carries an index.
macro_rules! first {
    ($line:expr, |$x:ident, $best:ident| $better:expr) => {{
        let line: &[f32] = $line;
        if line[0].is_nan() {
            return 0;
        }
        // NaN is never better than a number, so no lane becomes one.
        let mut lanes = [line[0]; LANES];
        let (blocks, rest) = line.as_chunks::<LANES>();
        for block in blocks {
            for (lane, &$x) in lanes.iter_mut().zip(block) {
                let $best = *lane;
                *lane = if $better { $x } else { $best };
            }
        }
        for (lane, &$x) in lanes.iter_mut().zip(rest) {
            let $best = *lane;
            *lane = if $better { $x } else { $best };
        }
        let mut best = lanes[0];
        for $x in lanes {
            let $best = best;
            best = if $better { $x } else { $best };
        }
        line.iter().position(|x| *x == best).unwrap_or(0)
    }};
}

#[inline(always)]
fn largest_body<S: Simd>(line: &[f32]) -> usize {
    first!(line, |x, best| x > best)
}

#[inline(always)]
fn smallest_body<S: Simd>(line: &[f32]) -> usize {
    first!(line, |x, best| x < best)
}

/// Lines that stand side by side, `inner` numbers from one element to the next.
#[inline(always)]
fn columns(
    from: &[f32],
    middle: usize,
    inner: usize,
    to: &mut [i64],
    better: impl Fn(f32, f32) -> bool,
) {
    let mut best = [0.0; COLUMNS];
    let best = &mut best[..to.len()];
    best.copy_from_slice(&from[..to.len()]);
    to.fill(0);
    for row in 1..middle {
        let numbers = &from[row * inner..][..to.len()];
        for ((x, best), to) in numbers.iter().zip(best.iter_mut()).zip(to.iter_mut()) {
            if better(*x, *best) {
                (*best, *to) = (*x, row as i64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test::{number, on_every_cpu};

    /// One number after the other.
    fn reference(extreme: Extreme, input: &[f32], [outer, middle, inner]: [usize; 3]) -> Vec<i64> {
        let line = |outer: usize, column: usize| {
            let mut at = 0;
            let x = |row: usize| input[(outer * middle + row) * inner + column];
            for row in 1..middle {
                let better = match extreme {
                    Extreme::Largest => x(row) > x(at),
                    Extreme::Smallest => x(row) < x(at),
                };
                at = if better { row } else { at };
            }
            at as i64
        };
        (0..outer)
            .flat_map(|outer| (0..inner).map(move |column| line(outer, column)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_first_of_the_extremes_is_found(
            outer in 0usize..4, middle in 1usize..200, inner in prop::sample::select(vec![0usize, 1, 1, 1, 2, 63, 64, 65]),
            numbers in prop::collection::vec((number(), any::<bool>()), 200), start in 0usize..200,
        ) {
            // Many equal ones, and what is no number too.
            let at = |i: usize| match numbers[(start + i * i) % 200] {
                (x, true) => x.round(),
                (x, false) => x,
            };
            let input: Vec<f32> = (0..outer * middle * inner).map(at).collect();
            let sizes = [outer, middle, inner];
            on_every_cpu(|cpu| {
                for extreme in [Extreme::Largest, Extreme::Smallest] {
                    let mut out = vec![-1; outer * inner];
                    arg(cpu, extreme, &input, sizes, &mut out).unwrap();
                    assert_eq!(out, reference(extreme, &input, sizes), "{extreme:?} {sizes:?}");
                }
            });
        }
    }

    #[test]
    fn nan_is_passed_over_unless_it_comes_first() {
        let find = |line: &[f32]| {
            let mut out = [-1];
            arg(
                Cpu::best(),
                Extreme::Largest,
                line,
                [1, line.len(), 1],
                &mut out,
            )
            .unwrap();
            out[0]
        };
        assert_eq!(find(&[1.0, f32::NAN, 3.0, 2.0]), 2);
        assert_eq!(find(&[f32::NAN, 1.0]), 0);
        assert_eq!(find(&[f32::NEG_INFINITY, f32::NAN]), 0);
        assert_eq!(find(&[-0.0, 0.0]), 0);
    }

    #[test]
    fn there_is_no_largest_of_nothing() {
        assert!(arg(Cpu::best(), Extreme::Largest, &[], [1, 0, 1], &mut [0]).is_err());
        arg(Cpu::best(), Extreme::Largest, &[], [0, 0, 1], &mut []).unwrap();
    }
}
