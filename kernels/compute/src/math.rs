//! Functions of f32, free of branches: every case is a select, so that the compiler makes vector code of a loop over them.
//!
//! All are `#[inline(always)]` and take, as a type, how the instruction set multiplies and adds ([`MulAdd`]); call them from
//! a function that is compiled for that instruction set. Polynomials are minimax fits (Remez exchange), their coefficients
//! rounded to f32 one after the other, lowest first, the rest fitted again each time.

mod activation;
mod division;
mod erf;
mod exp;
mod inverse;
mod log;
mod power;
#[cfg(test)]
pub(crate) mod test;
mod trigonometry;

pub use activation::{gelu, gelu_quick, gelu_tanh, relu, sigmoid, silu};
pub use division::{floor_div, modulo};
pub use erf::{erf, normal_tail};
pub use exp::{exp, tanh};
pub use inverse::{acos, atanh};
pub use log::{log, log1p};
pub use power::pow;
pub use trigonometry::{TRIGONOMETRY_MAX, cos, sin};

/// How an instruction set computes `a · b + c`.
pub trait MulAdd {
    /// `a · b + c`.
    fn mul_add(a: f32, b: f32, c: f32) -> f32;

    /// What rounding takes away from `x · x`: `x² = x * x + square_error(x)`, exactly, unless it overflows or underflows.
    fn square_error(x: f32) -> f32;
}

/// In one rounding: for targets with fused multiply-add. Elsewhere each is a slow library call.
#[derive(Clone, Copy, Debug)]
pub struct Fused;

/// In two roundings: for every target.
#[derive(Clone, Copy, Debug)]
pub struct Unfused;

impl MulAdd for Fused {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        x.mul_add(x, -(x * x))
    }
}

impl MulAdd for Unfused {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    /// Dekker's product (1971): halves of 12 bits have exact products.
    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        let high = f32::from_bits(x.to_bits() & 0xffff_f000);
        let low = x - high;
        ((high * high - x * x) + 2.0 * high * low) + low * low
    }
}

/// `c[0] + c[1] x + c[2] x² + …`, by Horner's scheme.
#[inline(always)]
fn polynomial<M: MulAdd, const N: usize>(x: f32, c: [f32; N]) -> f32 {
    let mut sum = c[N - 1];
    for c in c[..N - 1].iter().rev() {
        sum = M::mul_add(sum, x, *c);
    }
    sum
}

/// The larger of the two; NaN if either is. Of two zeros the second.
///
/// ```
/// use lessons_compute::math::max;
/// assert_eq!(max(1.0, 2.0), 2.0);
/// assert!(max(f32::NAN, 2.0).is_nan() && max(2.0, f32::NAN).is_nan());
/// ```
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// The smaller of the two; NaN if either is. Of two zeros the second.
///
/// ```
/// use lessons_compute::math::min;
/// assert_eq!(min(1.0, 2.0), 1.0);
/// assert!(min(f32::NAN, 2.0).is_nan() && min(2.0, f32::NAN).is_nan());
/// ```
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}
