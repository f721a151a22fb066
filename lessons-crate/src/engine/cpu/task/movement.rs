//! Steps that compute nothing: they bring elements of any dtype to other places.

use lessons_compute::copy::join;
use lessons_compute::cpu::Cpu;
use lessons_compute::walk::Walk;

use super::data::by_size;
use super::{Bits, Data, Out, OutBits, mixed, refused};
use crate::engine::error::RunError;

/// Writes the elements of a view in row-major order.
///
/// # Errors
/// When the view does not lie within the data.
pub fn copy(cpu: Cpu<'_>, walk: &Walk<1>, x: Data<'_>, out: Out<'_>) -> Result<(), RunError> {
    by_size!(out, [x], |out, x| lessons_compute::copy::copy(
        cpu, walk, x, out
    )
    .map_err(refused))
}

/// Operands end to end: for each of `outer` places, `sizes[i]` elements of operand `i`.
///
/// # Errors
/// When an operand has fewer.
pub fn concat(
    outer: usize,
    sizes: &[usize],
    reads: &[Data<'_>],
    out: Out<'_>,
) -> Result<(), RunError> {
    let whole = sizes.iter().sum();
    macro_rules! parts {
        ($out:expr, $size:ident) => {{
            let mut start = 0;
            for (read, size) in reads.iter().zip(sizes) {
                let Bits::$size(part) = read.bits() else {
                    return Err(mixed());
                };
                join(outer, part, *size, [whole, start], $out).map_err(refused)?;
                start += size;
            }
        }};
    }
    match out.bits() {
        OutBits::B8(out) => parts!(out, B8),
        OutBits::B16(out) => parts!(out, B16),
        OutBits::B32(out) => parts!(out, B32),
        OutBits::B64(out) => parts!(out, B64),
    }
    Ok(())
}
