//! 256-bit vectors with fused multiply-add.

use std::arch::x86_64::{
    __m256, _CMP_UNORD_Q, _mm256_add_ps, _mm256_andnot_ps, _mm256_blendv_ps, _mm256_castpd_ps,
    _mm256_castps_pd, _mm256_cmp_ps, _mm256_cmpgt_epi32, _mm256_div_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_mul_ps, _mm256_permute2f128_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32,
    _mm256_setzero_ps, _mm256_sqrt_ps, _mm256_storeu_ps, _mm256_stream_ps, _mm256_sub_ps,
    _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps, _mm256_xor_ps,
};

use super::Simd;
use crate::math::{Fused, MulAdd};

/// 256-bit vectors with fused multiply-add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2;

impl MulAdd for Avx2 {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        Fused::mul_add(a, b, c)
    }

    #[inline(always)]
    fn square_error(x: f32) -> f32 {
        Fused::square_error(x)
    }
}

impl Simd for Avx2 {
    type Vector = __m256;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        // SAFETY: as above, and 8 numbers may be read from there.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: __m256) {
        // SAFETY: as above, and 8 numbers may be written there.
        unsafe { _mm256_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn stream(to: *mut f32, vector: __m256) {
        // SAFETY: as for `store`, and the address is aligned.
        unsafe { _mm256_stream_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn max(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            // Of `max(a, b)`, the instruction gives `b` where either is NaN.
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a);
            _mm256_blendv_ps(_mm256_max_ps(a, b), a, nan)
        }
    }

    #[inline(always)]
    unsafe fn min(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe {
            // Of `min(a, b)`, the instruction gives `b` where either is NaN.
            let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a);
            _mm256_blendv_ps(_mm256_min_ps(a, b), a, nan)
        }
    }

    #[inline(always)]
    unsafe fn relu(x: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), x) }
    }

    #[inline(always)]
    unsafe fn sqrt(x: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_sqrt_ps(x) }
    }

    #[inline(always)]
    unsafe fn abs(x: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    unsafe fn neg(x: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_xor_ps(_mm256_set1_ps(-0.0), x) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> __m256 {
        // SAFETY: the caller's machine has the instruction set, and so many numbers may be read from there.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), numbers);
            _mm256_maskload_ps(from, mask)
        }
    }

    #[inline(always)]
    unsafe fn store_first(to: *mut f32, vector: __m256, count: usize) {
        // SAFETY: the caller's machine has the instruction set, and so many numbers may be written there.
        unsafe {
            let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), numbers);
            _mm256_maskstore_ps(to, mask, vector);
        }
    }

    #[inline(always)]
    // Four places of `turned` are written in each turn of the loop.
    #[allow(clippy::needless_range_loop)]
    unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: the caller's machine has the instruction set; eight rows may be read, and eight written.
        unsafe {
            // `turned[j][g]` has of columns `j` and `j + 4` what is in rows `4 g` to `4 g + 3`.
            let mut turned = [[_mm256_setzero_ps(); 2]; 4];
            for g in 0..2 {
                let row = from.add(4 * g * from_row);
                let (a, b) = (_mm256_loadu_ps(row), _mm256_loadu_ps(row.add(from_row)));
                let (c, d) = (
                    _mm256_loadu_ps(row.add(2 * from_row)),
                    _mm256_loadu_ps(row.add(3 * from_row)),
                );
                let (low, next_low) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (low, next_low) = (_mm256_castps_pd(low), _mm256_castps_pd(next_low));
                let (high, next_high) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                let (high, next_high) = (_mm256_castps_pd(high), _mm256_castps_pd(next_high));
                turned[0][g] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, next_low));
                turned[1][g] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, next_low));
                turned[2][g] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, next_high));
                turned[3][g] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, next_high));
            }
            for (j, &[a, b]) in turned.iter().enumerate() {
                let first = _mm256_permute2f128_ps::<0x20>(a, b);
                let second = _mm256_permute2f128_ps::<0x31>(a, b);
                _mm256_storeu_ps(to.add(j * to_row), first);
                _mm256_storeu_ps(to.add((4 + j) * to_row), second);
            }
        }
    }

    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the caller's machine has the instruction set.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
}
