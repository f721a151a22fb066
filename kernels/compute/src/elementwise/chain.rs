//! Several cheap operations in a row, each on the result of the one before: done on a few vectors at a time, in registers.

use super::kernel::Values;
use super::program::{BinaryOp, UnaryOp};
use crate::simd::{Simd, ladder};

/// The most operations in one chain.
pub(super) const MAX_LINKS: usize = 16;

/// Vectors that go through a chain together: enough to make up for choosing the operation.
const VECTORS: usize = 8;

/// One operation of a chain, on the value so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Link<T> {
    Unary(UnaryOp),
    /// `op(value, operand)`.
    Right(BinaryOp, T),
    /// `op(operand, value)`.
    Left(BinaryOp, T),
}

impl<T> Link<T> {
    /// The same operation on another kind of operand.
    pub fn map<U>(self, operand: impl FnOnce(T) -> U) -> Link<U> {
        match self {
            Link::Unary(op) => Link::Unary(op),
            Link::Right(op, of) => Link::Right(op, operand(of)),
            Link::Left(op, of) => Link::Left(op, operand(of)),
        }
    }
}

/// Whether an operation of one operand is a few instructions, and so may be part of a chain.
pub(super) fn is_cheap_unary(op: UnaryOp) -> bool {
    matches!(
        op,
        UnaryOp::Neg
            | UnaryOp::Abs
            | UnaryOp::Sqrt
            | UnaryOp::Rsqrt
            | UnaryOp::Recip
            | UnaryOp::Relu
    )
}

/// Whether an operation of two operands may be part of a chain.
pub(super) fn is_cheap_binary(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Max
            | BinaryOp::Min
    )
}

ladder! {
    /// Writes what the links make of `first` to `to`; past the caches if `stream`.
    pub(super) fn chain(to: &mut [f32], first: Values<'_>, links: &[Link<Values<'_>>], stream: bool) = chain_body;
}

#[inline(always)]
fn chain_body<S: Simd>(
    to: &mut [f32],
    first: Values<'_>,
    links: &[Link<Values<'_>>],
    stream: bool,
) {
    let len = to.len();
    let check = |values: Values<'_>| {
        if let Values::Slice(slice) = values {
            assert!(slice.len() >= len);
        }
    };
    check(first);
    for link in links {
        match *link {
            Link::Unary(_) => {}
            Link::Right(_, operand) | Link::Left(_, operand) => check(operand),
        }
    }
    let stream = stream
        && to
            .as_ptr()
            .addr()
            .is_multiple_of(S::LANES * size_of::<f32>());
    let mut at = 0;
    // SAFETY: this runs where `S` is there; all slices have as many numbers as `to`, and each group ends at `len` at most.
    unsafe {
        while at + VECTORS * S::LANES <= len {
            if stream {
                group::<S, VECTORS, true>(to.as_mut_ptr(), first, links, at);
            } else {
                group::<S, VECTORS, false>(to.as_mut_ptr(), first, links, at);
            }
            at += VECTORS * S::LANES;
        }
        while at + S::LANES <= len {
            group::<S, 1, false>(to.as_mut_ptr(), first, links, at);
            at += S::LANES;
        }
    }
    if at < len {
        last::<S>(&mut to[at..], first, links, at);
    }
}

/// The numbers after the last whole vector: their operands are copied into vectors of their own.
#[inline(always)]
fn last<S: Simd>(to: &mut [f32], first: Values<'_>, links: &[Link<Values<'_>>], at: usize) {
    let mut copies = [[1.0; 16]; MAX_LINKS + 1];
    let (head, rest) = copies.split_at_mut(1);
    let mut links_of_copies = [Link::Unary(UnaryOp::Neg); MAX_LINKS];
    let first = copy(first, at, to.len(), &mut head[0]);
    for ((to_link, link), room) in links_of_copies.iter_mut().zip(links).zip(rest) {
        let len = to.len();
        *to_link = link.map(|operand| copy(operand, at, len, room));
    }
    let mut out = [0.0; 16];
    // SAFETY: this runs where `S` is there; all slices and `out` are 16 numbers, and no vector has more.
    unsafe {
        group::<S, 1, false>(out.as_mut_ptr(), first, &links_of_copies[..links.len()], 0);
    }
    to.copy_from_slice(&out[..to.len()]);
}

/// `len` numbers from `at` on.
#[inline(always)]
fn copy<'a>(values: Values<'_>, at: usize, len: usize, to: &'a mut [f32; 16]) -> Values<'a> {
    match values {
        Values::Scalar(value) => Values::Scalar(value),
        Values::Slice(slice) => {
            to[..len].copy_from_slice(&slice[at..][..len]);
            Values::Slice(to)
        }
    }
}

/// Takes `N` vectors from `at` on through the chain.
///
/// # Safety
/// The machine has the instruction set of `S`; from `at` on, `to` and all slices have `N` vectors, and `to + at` is a multiple
/// of a vector's size if `STREAM`.
#[inline(always)]
unsafe fn group<S: Simd, const N: usize, const STREAM: bool>(
    to: *mut f32,
    first: Values<'_>,
    links: &[Link<Values<'_>>],
    at: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut values = [S::splat(0.0); N];
        match first {
            Values::Scalar(x) => values = [S::splat(x); N],
            Values::Slice(slice) => {
                for (v, value) in values.iter_mut().enumerate() {
                    *value = S::load(slice.as_ptr().add(at + v * S::LANES));
                }
            }
        }
        macro_rules! each {
            (|$x:ident| $result:expr) => {
                for value in &mut values {
                    let $x = *value;
                    *value = $result;
                }
            };
        }
        // With the operand as `y`.
        macro_rules! with {
            ($operand:expr, |$x:ident, $y:ident| $result:expr) => {
                match $operand {
                    Values::Scalar(y) => {
                        let $y = S::splat(y);
                        each!(|$x| $result);
                    }
                    Values::Slice(slice) => {
                        for (v, value) in values.iter_mut().enumerate() {
                            let $x = *value;
                            let $y = S::load(slice.as_ptr().add(at + v * S::LANES));
                            *value = $result;
                        }
                    }
                }
            };
        }
        for link in links {
            match *link {
                Link::Unary(UnaryOp::Neg) => each!(|x| S::neg(x)),
                Link::Unary(UnaryOp::Abs) => each!(|x| S::abs(x)),
                Link::Unary(UnaryOp::Sqrt) => each!(|x| S::sqrt(x)),
                Link::Unary(UnaryOp::Rsqrt) => each!(|x| S::div(S::splat(1.0), S::sqrt(x))),
                Link::Unary(UnaryOp::Recip) => each!(|x| S::div(S::splat(1.0), x)),
                Link::Unary(UnaryOp::Relu) => each!(|x| S::relu(x)),
                Link::Right(BinaryOp::Add, b) => with!(b, |x, y| S::add(x, y)),
                Link::Right(BinaryOp::Sub, b) => with!(b, |x, y| S::sub(x, y)),
                Link::Right(BinaryOp::Mul, b) => with!(b, |x, y| S::mul(x, y)),
                Link::Right(BinaryOp::Div, b) => with!(b, |x, y| S::div(x, y)),
                Link::Right(BinaryOp::Max, b) => with!(b, |x, y| S::max(x, y)),
                Link::Right(BinaryOp::Min, b) => with!(b, |x, y| S::min(x, y)),
                Link::Left(BinaryOp::Add, b) => with!(b, |x, y| S::add(y, x)),
                Link::Left(BinaryOp::Sub, b) => with!(b, |x, y| S::sub(y, x)),
                Link::Left(BinaryOp::Mul, b) => with!(b, |x, y| S::mul(y, x)),
                Link::Left(BinaryOp::Div, b) => with!(b, |x, y| S::div(y, x)),
                Link::Left(BinaryOp::Max, b) => with!(b, |x, y| S::max(y, x)),
                Link::Left(BinaryOp::Min, b) => with!(b, |x, y| S::min(y, x)),
                Link::Unary(_) | Link::Right(..) | Link::Left(..) => {
                    unreachable!("only cheap operations are made links")
                }
            }
        }
        for (v, &value) in values.iter().enumerate() {
            let to = to.add(at + v * S::LANES);
            if STREAM {
                S::stream(to, value);
            } else {
                S::store(to, value);
            }
        }
    }
}
