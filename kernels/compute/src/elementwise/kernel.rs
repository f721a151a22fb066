//! One operation over one block: the loops, and the ladder of instruction sets that they are compiled for.

use super::program::{BinaryOp, UnaryOp};
use crate::isa::{Isa, Verified};
use crate::math::{self, Fused, MulAdd, Unfused};

/// What an operation reads: as many numbers as it writes, or one for all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values<'a> {
    Slice(&'a [f32]),
    Scalar(f32),
}

/// Writes `op(a)` to `to`.
pub(super) fn unary(isa: Verified, op: UnaryOp, to: &mut [f32], a: Values<'_>) {
    let a = match a {
        Values::Slice(a) => a,
        Values::Scalar(a) => {
            let mut result = [0.0];
            unary(isa, op, &mut result, Values::Slice(&[a]));
            return to.fill(result[0]);
        }
    };
    match isa.isa() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Verified` is only made of an instruction set that this machine was seen to have.
        Isa::Avx512 => unsafe { unary_avx512(op, to, a) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { unary_avx2(op, to, a) },
        Isa::Neon => unary_loops::<Fused>(op, to, a),
        _ => unary_loops::<Unfused>(op, to, a),
    }
}

/// Writes `op(a, b)` to `to`.
pub(super) fn binary(isa: Verified, op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
    match isa.isa() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a `Verified` is only made of an instruction set that this machine was seen to have.
        Isa::Avx512 => unsafe { binary_avx512(op, to, a, b) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx2 => unsafe { binary_avx2(op, to, a, b) },
        _ => binary_loops(op, to, a, b),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn unary_avx512(op: UnaryOp, to: &mut [f32], a: &[f32]) {
    unary_loops::<Fused>(op, to, a);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn unary_avx2(op: UnaryOp, to: &mut [f32], a: &[f32]) {
    unary_loops::<Fused>(op, to, a);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn binary_avx512(op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
    binary_loops(op, to, a, b);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn binary_avx2(op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
    binary_loops(op, to, a, b);
}

#[inline(always)]
fn unary_loops<M: MulAdd>(op: UnaryOp, to: &mut [f32], a: &[f32]) {
    match op {
        UnaryOp::Neg => map(to, a, |x| -x),
        UnaryOp::Abs => map(to, a, f32::abs),
        UnaryOp::Exp => map(to, a, math::exp::<M>),
        UnaryOp::Log => map(to, a, math::log::<M>),
        UnaryOp::Sqrt => map(to, a, f32::sqrt),
        UnaryOp::Rsqrt => map(to, a, |x| 1.0 / x.sqrt()),
        UnaryOp::Recip => map(to, a, |x| 1.0 / x),
        UnaryOp::Sin if too_large(a) => map(to, a, f32::sin),
        UnaryOp::Cos if too_large(a) => map(to, a, f32::cos),
        UnaryOp::Sin => map(to, a, math::sin::<M>),
        UnaryOp::Cos => map(to, a, math::cos::<M>),
        UnaryOp::Tanh => map(to, a, math::tanh::<M>),
        UnaryOp::Erf => map(to, a, math::erf::<M>),
        UnaryOp::Sigmoid => map(to, a, math::sigmoid::<M>),
        UnaryOp::Relu => map(to, a, math::relu),
        UnaryOp::Gelu => map(to, a, math::gelu::<M>),
        UnaryOp::GeluTanh => map(to, a, math::gelu_tanh::<M>),
        UnaryOp::GeluQuick => map(to, a, math::gelu_quick::<M>),
        UnaryOp::Silu => map(to, a, math::silu::<M>),
    }
}

#[inline(always)]
fn binary_loops(op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
    match op {
        BinaryOp::Add => zip(to, a, b, |a, b| a + b),
        BinaryOp::Sub => zip(to, a, b, |a, b| a - b),
        BinaryOp::Mul => zip(to, a, b, |a, b| a * b),
        BinaryOp::Div => zip(to, a, b, |a, b| a / b),
        BinaryOp::Pow => zip(to, a, b, math::pow),
        BinaryOp::Max => zip(to, a, b, math::max),
        BinaryOp::Min => zip(to, a, b, math::min),
    }
}

/// Whether a block has a number that the vector code for sine and cosine cannot reduce.
#[inline(always)]
fn too_large(a: &[f32]) -> bool {
    a.iter()
        .fold(false, |any, a| any | (a.abs() > math::TRIGONOMETRY_MAX))
}

/// No vector loop that a compiler makes of [`map`] or [`zip`] takes more numbers at a time. What is left of a block is filled
/// up to so many: the loop then runs once more instead of number by number.
const GROUP: usize = 64;

#[inline(always)]
fn map(to: &mut [f32], a: &[f32], f: impl Fn(f32) -> f32) {
    let whole = to.len() - to.len() % GROUP;
    let (to, to_rest) = to.split_at_mut(whole);
    let (a, a_rest) = a.split_at(whole);
    let (mut to_group, mut a_group) = ([0.0; GROUP], [1.0; GROUP]);
    a_group[..a_rest.len()].copy_from_slice(a_rest);
    let rest = if a_rest.is_empty() { 0 } else { GROUP };
    for (to, a) in [(to, a), (&mut to_group[..rest], &a_group[..rest])] {
        for (to, &a) in to.iter_mut().zip(a) {
            *to = f(a);
        }
    }
    to_rest.copy_from_slice(&to_group[..to_rest.len()]);
}

#[inline(always)]
fn zip(to: &mut [f32], a: Values<'_>, b: Values<'_>, f: impl Fn(f32, f32) -> f32) {
    match (a, b) {
        (Values::Slice(a), Values::Slice(b)) => {
            let whole = to.len() - to.len() % GROUP;
            let (to, to_rest) = to.split_at_mut(whole);
            let ((a, a_rest), (b, b_rest)) = (a.split_at(whole), b.split_at(whole));
            let (mut to_group, mut a_group, mut b_group) =
                ([0.0; GROUP], [1.0; GROUP], [1.0; GROUP]);
            a_group[..a_rest.len()].copy_from_slice(a_rest);
            b_group[..b_rest.len()].copy_from_slice(b_rest);
            let rest = if a_rest.is_empty() { 0 } else { GROUP };
            for (to, a, b) in [
                (to, a, b),
                (&mut to_group[..rest], &a_group[..rest], &b_group[..rest]),
            ] {
                for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                    *to = f(a, b);
                }
            }
            to_rest.copy_from_slice(&to_group[..to_rest.len()]);
        }
        (Values::Slice(a), Values::Scalar(b)) => map(to, a, |a| f(a, b)),
        (Values::Scalar(a), Values::Slice(b)) => map(to, b, |b| f(a, b)),
        (Values::Scalar(a), Values::Scalar(b)) => to.fill(f(a, b)),
    }
}
