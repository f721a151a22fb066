//! Four numbers at a time, in Rust alone.

use super::Simd;
use crate::math::{self, MulAdd, Unfused};

/// Four numbers at a time, in Rust alone; every target has vectors of four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl MulAdd for Portable {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        Unfused::mul_add(a, b, c)
    }

    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        Unfused::square_error(x)
    }
}

impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: four numbers may be read from there.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [f32; 4]) {
        // SAFETY: four numbers may be written there.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(vector) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, vector: [f32; 4]) {
        // SAFETY: as for `store`.
        unsafe { Self::store(to, vector) }
    }

    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    unsafe fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    unsafe fn div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] / b[i])
    }

    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| math::max(a[i], b[i]))
    }

    #[inline(always)]
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| math::min(a[i], b[i]))
    }

    #[inline(always)]
    unsafe fn relu(x: [f32; 4]) -> [f32; 4] {
        x.map(math::relu)
    }

    #[inline(always)]
    unsafe fn sqrt(x: [f32; 4]) -> [f32; 4] {
        x.map(f32::sqrt)
    }

    #[inline(always)]
    unsafe fn abs(x: [f32; 4]) -> [f32; 4] {
        x.map(f32::abs)
    }

    #[inline(always)]
    unsafe fn neg(x: [f32; 4]) -> [f32; 4] {
        x.map(|x| -x)
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> [f32; 4] {
        let mut numbers = [0.0; 4];
        for (i, x) in numbers.iter_mut().enumerate().take(count) {
            // SAFETY: so many numbers may be read from there.
            *x = unsafe { from.add(i).read() };
        }
        numbers
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: [f32; 4], count: usize) {
        for (i, x) in vector.into_iter().enumerate().take(count) {
            // SAFETY: so many numbers may be written there.
            unsafe { to.add(i).write(x) };
        }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: four rows may be read, and four written.
        unsafe {
            let rows: [[f32; 4]; 4] = std::array::from_fn(|i| Self::load(from.add(i * from_row)));
            for j in 0..4 {
                Self::store(to.add(j * to_row), rows.map(|row| row[j]));
            }
        }
    }

    #[inline(always)]
    unsafe fn fma(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }
}
