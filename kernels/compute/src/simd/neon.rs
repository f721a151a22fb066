//! 128-bit vectors of Arm with fused multiply-add.

use std::arch::aarch64::{
    float32x4_t, vabsq_f32, vaddq_f32, vbslq_f32, vceqq_f32, vcgtq_f32, vcltq_f32, vcombine_f32,
    vdivq_f32, vdupq_n_f32, vfmaq_f32, vget_high_f32, vget_low_f32, vld1q_f32, vmulq_f32,
    vmvnq_u32, vnegq_f32, vorrq_u32, vsqrtq_f32, vst1q_f32, vsubq_f32, vtrnq_f32,
};

use super::Simd;
use crate::math::{Fused, MulAdd};

/// 128-bit vectors of Arm with fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon;

impl MulAdd for Neon {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        Fused::mul_add(a, b, c)
    }

    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        Fused::square_error(x)
    }
}

impl Simd for Neon {
    type Vector = float32x4_t;
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(x: f32) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> float32x4_t {
        // SAFETY: as above, and 4 numbers may be read from there.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: float32x4_t) {
        // SAFETY: as above, and 4 numbers may be written there.
        unsafe { vst1q_f32(to, vector) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, vector: float32x4_t) {
        // SAFETY: as for `store`.
        unsafe { vst1q_f32(to, vector) }
    }

    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vdivq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            let nan = vmvnq_u32(vceqq_f32(a, a));
            vbslq_f32(vorrq_u32(vcgtq_f32(a, b), nan), a, b)
        }
    }

    #[inline(always)]
    unsafe fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            let nan = vmvnq_u32(vceqq_f32(a, a));
            vbslq_f32(vorrq_u32(vcltq_f32(a, b), nan), a, b)
        }
    }

    #[inline(always)]
    unsafe fn relu(x: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            let zero = vdupq_n_f32(0.0);
            vbslq_f32(vcgtq_f32(zero, x), zero, x)
        }
    }

    #[inline(always)]
    unsafe fn sqrt(x: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vsqrtq_f32(x) }
    }

    #[inline(always)]
    unsafe fn abs(x: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vabsq_f32(x) }
    }

    #[inline(always)]
    unsafe fn neg(x: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vnegq_f32(x) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> float32x4_t {
        let mut numbers = [0.0; 4];
        // SAFETY: as for `load`, and so many numbers may be read from there.
        unsafe {
            std::ptr::copy_nonoverlapping(from, numbers.as_mut_ptr(), count.min(4));
            vld1q_f32(numbers.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: float32x4_t, count: usize) {
        let mut numbers = [0.0; 4];
        // SAFETY: as for `store`, and so many numbers may be written there.
        unsafe {
            vst1q_f32(numbers.as_mut_ptr(), vector);
            std::ptr::copy_nonoverlapping(numbers.as_ptr(), to, count.min(4));
        }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: the caller's machine has the instruction set; four rows may be read, and four written.
        unsafe {
            let (a, b) = (vld1q_f32(from), vld1q_f32(from.add(from_row)));
            let (c, d) = (
                vld1q_f32(from.add(2 * from_row)),
                vld1q_f32(from.add(3 * from_row)),
            );
            let (ab, cd) = (vtrnq_f32(a, b), vtrnq_f32(c, d));
            vst1q_f32(to, vcombine_f32(vget_low_f32(ab.0), vget_low_f32(cd.0)));
            vst1q_f32(
                to.add(to_row),
                vcombine_f32(vget_low_f32(ab.1), vget_low_f32(cd.1)),
            );
            vst1q_f32(
                to.add(2 * to_row),
                vcombine_f32(vget_high_f32(ab.0), vget_high_f32(cd.0)),
            );
            vst1q_f32(
                to.add(3 * to_row),
                vcombine_f32(vget_high_f32(ab.1), vget_high_f32(cd.1)),
            );
        }
    }

    #[inline(always)]
    unsafe fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { vfmaq_f32(c, a, b) }
    }
}
