//! One operation over one block: the loops, and the ladder of instruction sets that they are compiled for.

use super::program::{BinaryOp, UnaryOp};
use crate::isa::{Isa, Verified};
use crate::math::{self, Fused, MulAdd, Unfused};
use crate::simd::{Simd, ladder};

/// What an operation reads: as many numbers as it writes, or one for all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values<'a> {
    Slice(&'a [f32]),
    Scalar(f32),
}

/// Writes `op(a)` to `to`.
pub(crate) fn unary(isa: Verified, op: UnaryOp, to: &mut [f32], a: Values<'_>) {
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
pub(crate) fn binary(isa: Verified, op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
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

/// No vector loop that a compiler makes of `map!` or `zip!` takes more numbers at a time. What is left of a block is filled
/// up to so many: the loop then runs once more instead of number by number.
const GROUP: usize = 64;

// The loops are macros because a function that is handed over as a value is not always inlined, and then not vectorised.
macro_rules! map {
    ($to:expr, $a:expr, |$x:ident| $value:expr) => {{
        let (whole, rest) = $to.split_at_mut($to.len() - $to.len() % GROUP);
        let (a, a_rest) = $a.split_at(whole.len());
        let (mut group, mut a_group) = ([0.0f32; GROUP], [1.0f32; GROUP]);
        if !rest.is_empty() {
            a_group[..rest.len()].copy_from_slice(a_rest);
        }
        let filled = if rest.is_empty() { 0 } else { GROUP };
        for (to, a) in [(whole, a), (&mut group[..filled], &a_group[..filled])] {
            for (to, &$x) in to.iter_mut().zip(a) {
                *to = $value;
            }
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&group[..rest.len()]);
        }
    }};
}

macro_rules! zip {
    ($to:expr, $a:expr, $b:expr, |$x:ident, $y:ident| $value:expr) => {
        match ($a, $b) {
            (Values::Slice(a), Values::Slice(b)) => {
                let (whole, rest) = $to.split_at_mut($to.len() - $to.len() % GROUP);
                let ((a, a_rest), (b, b_rest)) = (a.split_at(whole.len()), b.split_at(whole.len()));
                let mut group = [0.0f32; GROUP];
                let (mut a_group, mut b_group) = ([1.0f32; GROUP], [1.0f32; GROUP]);
                if !rest.is_empty() {
                    a_group[..rest.len()].copy_from_slice(a_rest);
                    b_group[..rest.len()].copy_from_slice(b_rest);
                }
                let filled = if rest.is_empty() { 0 } else { GROUP };
                let last = (&mut group[..filled], &a_group[..filled], &b_group[..filled]);
                for (to, a, b) in [(whole, a, b), last] {
                    for ((to, &$x), &$y) in to.iter_mut().zip(a).zip(b) {
                        *to = $value;
                    }
                }
                if !rest.is_empty() {
                    rest.copy_from_slice(&group[..rest.len()]);
                }
            }
            (Values::Slice(a), Values::Scalar($y)) => map!($to, a, |$x| $value),
            (Values::Scalar($x), Values::Slice(b)) => map!($to, b, |$y| $value),
            (Values::Scalar($x), Values::Scalar($y)) => $to.fill($value),
        }
    };
}

#[inline(always)]
fn unary_loops<M: MulAdd>(op: UnaryOp, to: &mut [f32], a: &[f32]) {
    match op {
        UnaryOp::Neg => map!(to, a, |x| -x),
        UnaryOp::Abs => map!(to, a, |x| x.abs()),
        UnaryOp::Exp => map!(to, a, |x| math::exp::<M>(x)),
        UnaryOp::Log => map!(to, a, |x| math::log::<M>(x)),
        UnaryOp::Log1p => map!(to, a, |x| math::log1p::<M>(x)),
        UnaryOp::Sqrt => map!(to, a, |x| x.sqrt()),
        UnaryOp::Rsqrt => map!(to, a, |x| 1.0 / x.sqrt()),
        UnaryOp::Recip => map!(to, a, |x| 1.0 / x),
        // Element by element, so that no result depends on what stands beside it in the block.
        UnaryOp::Sin if any_too_large(a) => map!(to, a, |x| match too_large(x) {
            true => x.sin(),
            false => math::sin::<M>(x),
        }),
        UnaryOp::Cos if any_too_large(a) => map!(to, a, |x| match too_large(x) {
            true => x.cos(),
            false => math::cos::<M>(x),
        }),
        UnaryOp::Sin => map!(to, a, |x| math::sin::<M>(x)),
        UnaryOp::Cos => map!(to, a, |x| math::cos::<M>(x)),
        UnaryOp::Acos => map!(to, a, |x| math::acos::<M>(x)),
        UnaryOp::Tanh => map!(to, a, |x| math::tanh::<M>(x)),
        UnaryOp::Atanh => map!(to, a, |x| math::atanh::<M>(x)),
        UnaryOp::Erf => map!(to, a, |x| math::erf::<M>(x)),
        UnaryOp::Sigmoid => map!(to, a, |x| math::sigmoid::<M>(x)),
        UnaryOp::Floor => map!(to, a, |x| x.floor()),
        UnaryOp::Ceil => map!(to, a, |x| x.ceil()),
        UnaryOp::Round => map!(to, a, |x| x.round_ties_even()),
        UnaryOp::Trunc => map!(to, a, |x| x.trunc()),
        UnaryOp::Relu => map!(to, a, |x| math::relu(x)),
        UnaryOp::Gelu => map!(to, a, |x| math::gelu::<M>(x)),
        UnaryOp::GeluTanh => map!(to, a, |x| math::gelu_tanh::<M>(x)),
        UnaryOp::GeluQuick => map!(to, a, |x| math::gelu_quick::<M>(x)),
        UnaryOp::Silu => map!(to, a, |x| math::silu::<M>(x)),
    }
}

#[inline(always)]
fn binary_loops(op: BinaryOp, to: &mut [f32], a: Values<'_>, b: Values<'_>) {
    match op {
        BinaryOp::Add => zip!(to, a, b, |a, b| a + b),
        BinaryOp::Sub => zip!(to, a, b, |a, b| a - b),
        BinaryOp::Mul => zip!(to, a, b, |a, b| a * b),
        BinaryOp::Div => zip!(to, a, b, |a, b| a / b),
        BinaryOp::FloorDiv => zip!(to, a, b, |a, b| math::floor_div(a, b)),
        BinaryOp::Mod => zip!(to, a, b, |a, b| math::modulo(a, b)),
        BinaryOp::Pow => zip!(to, a, b, |a, b| math::pow(a, b)),
        BinaryOp::Max => zip!(to, a, b, |a, b| math::max(a, b)),
        BinaryOp::Min => zip!(to, a, b, |a, b| math::min(a, b)),
        BinaryOp::Equal => zip!(to, a, b, |a, b| mask(a == b)),
        BinaryOp::NotEqual => zip!(to, a, b, |a, b| mask(a != b)),
        BinaryOp::Less => zip!(to, a, b, |a, b| mask(a < b)),
        BinaryOp::LessEqual => zip!(to, a, b, |a, b| mask(a <= b)),
        BinaryOp::Greater => zip!(to, a, b, |a, b| mask(a > b)),
        BinaryOp::GreaterEqual => zip!(to, a, b, |a, b| mask(a >= b)),
    }
}

#[inline(always)]
fn mask(holds: bool) -> f32 {
    if holds { 1.0 } else { 0.0 }
}

ladder! {
    /// Writes the number of `a` where the mask is not 0, and that of `b` elsewhere.
    pub(super) fn select(to: &mut [f32], mask: Values<'_>, a: Values<'_>, b: Values<'_>) = select_body;
}

#[inline(always)]
fn select_body<S: Simd>(to: &mut [f32], mask: Values<'_>, a: Values<'_>, b: Values<'_>) {
    let mask = match mask {
        Values::Slice(mask) => mask,
        Values::Scalar(mask) => {
            return match if mask != 0.0 { a } else { b } {
                Values::Slice(values) => to.copy_from_slice(values),
                Values::Scalar(value) => to.fill(value),
            };
        }
    };
    match (a, b) {
        (Values::Slice(a), Values::Slice(b)) => {
            for (((to, mask), a), b) in to.iter_mut().zip(mask).zip(a).zip(b) {
                *to = if *mask != 0.0 { *a } else { *b };
            }
        }
        (Values::Slice(a), Values::Scalar(b)) => {
            for ((to, mask), a) in to.iter_mut().zip(mask).zip(a) {
                *to = if *mask != 0.0 { *a } else { b };
            }
        }
        (Values::Scalar(a), Values::Slice(b)) => {
            for ((to, mask), b) in to.iter_mut().zip(mask).zip(b) {
                *to = if *mask != 0.0 { a } else { *b };
            }
        }
        (Values::Scalar(a), Values::Scalar(b)) => {
            for (to, mask) in to.iter_mut().zip(mask) {
                *to = if *mask != 0.0 { a } else { b };
            }
        }
    }
}

/// Whether a number is one that the vector code for sine and cosine cannot reduce.
#[inline(always)]
fn too_large(x: f32) -> bool {
    x.abs() > math::TRIGONOMETRY_MAX
}

#[inline(always)]
fn any_too_large(block: &[f32]) -> bool {
    block.iter().fold(false, |any, x| any | too_large(*x))
}
