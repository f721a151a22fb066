//! 512-bit vectors with fused multiply-add.

use std::arch::x86_64::{
    __m512, _CMP_UNORD_Q, _mm512_add_ps, _mm512_andnot_ps, _mm512_castpd_ps, _mm512_castps_pd,
    _mm512_cmp_ps_mask, _mm512_div_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_mov_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_sqrt_ps, _mm512_storeu_ps,
    _mm512_stream_ps, _mm512_sub_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd,
    _mm512_unpacklo_ps, _mm512_xor_ps,
};

use super::Simd;
use crate::math::{Fused, MulAdd};

/// 512-bit vectors with fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512;

impl MulAdd for Avx512 {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        Fused::mul_add(a, b, c)
    }

    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        Fused::square_error(x)
    }
}

impl Simd for Avx512 {
    type Vector = __m512;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        // SAFETY: as above, and 16 numbers may be read from there.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: __m512) {
        // SAFETY: as above, and 16 numbers may be written there.
        unsafe { _mm512_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, vector: __m512) {
        // SAFETY: as for `store`, and the address is aligned.
        unsafe { _mm512_stream_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            // Of `max(a, b)`, the instruction gives `b` where either is NaN.
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
            _mm512_mask_mov_ps(_mm512_max_ps(a, b), nan, a)
        }
    }

    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            // Of `min(a, b)`, the instruction gives `b` where either is NaN.
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
            _mm512_mask_mov_ps(_mm512_min_ps(a, b), nan, a)
        }
    }

    #[inline(always)]
    unsafe fn relu(x: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), x) }
    }

    #[inline(always)]
    unsafe fn sqrt(x: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_sqrt_ps(x) }
    }

    #[inline(always)]
    unsafe fn abs(x: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_andnot_ps(_mm512_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    unsafe fn neg(x: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_xor_ps(_mm512_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m512 {
        let mask = ((1u32 << count) - 1) as u16;
        // SAFETY: the caller's machine has the instruction set, and so many numbers may be read from there.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m512, count: usize) {
        let mask = ((1u32 << count) - 1) as u16;
        // SAFETY: the caller's machine has the instruction set, and so many numbers may be written there.
        unsafe { _mm512_mask_storeu_ps(to, mask, vector) }
    }

    #[inline(always)]
    // Four places of `turned` are written in each turn of the loop.
    #[allow(clippy::needless_range_loop)]
    unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: the caller's machine has the instruction set; 16 rows may be read, and 16 written.
        unsafe {
            // Of each four rows and each fourth of their length, a turned block: `turned[j][g]` has of columns `j`, `j + 4`,
            // `j + 8` and `j + 12` what is in rows `4 g` to `4 g + 3`.
            let mut turned = [[_mm512_setzero_ps(); 4]; 4];
            for g in 0..4 {
                let row = from.add(4 * g * from_row);
                let (a, b) = (_mm512_loadu_ps(row), _mm512_loadu_ps(row.add(from_row)));
                let (c, d) = (
                    _mm512_loadu_ps(row.add(2 * from_row)),
                    _mm512_loadu_ps(row.add(3 * from_row)),
                );
                let (low, next_low) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
                let (low, next_low) = (_mm512_castps_pd(low), _mm512_castps_pd(next_low));
                let (high, next_high) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
                let (high, next_high) = (_mm512_castps_pd(high), _mm512_castps_pd(next_high));
                turned[0][g] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, next_low));
                turned[1][g] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, next_low));
                turned[2][g] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, next_high));
                turned[3][g] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, next_high));
            }
            for (j, &[a, b, c, d]) in turned.iter().enumerate() {
                let first = _mm512_shuffle_f32x4::<0x44>(a, b);
                let second = _mm512_shuffle_f32x4::<0x44>(c, d);
                let third = _mm512_shuffle_f32x4::<0xee>(a, b);
                let fourth = _mm512_shuffle_f32x4::<0xee>(c, d);
                let columns = [
                    _mm512_shuffle_f32x4::<0x88>(first, second),
                    _mm512_shuffle_f32x4::<0xdd>(first, second),
                    _mm512_shuffle_f32x4::<0x88>(third, fourth),
                    _mm512_shuffle_f32x4::<0xdd>(third, fourth),
                ];
                for (block, column) in columns.into_iter().enumerate() {
                    _mm512_storeu_ps(to.add((4 * block + j) * to_row), column);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
}
