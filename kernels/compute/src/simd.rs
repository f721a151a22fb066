//! Vectors of f32, one type for each instruction set, for the loops that the compiler must not be left to arrange: the tiles
//! of matrix products. Other kernels are plain loops over slices, compiled for each instruction set by [`ladder`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use self::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use self::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use self::neon::Neon;
pub(crate) use self::portable::Portable;
use crate::math::MulAdd;

/// The vectors of one instruction set. All functions are inlined into their caller, which must be compiled for it.
///
/// # Safety
/// Every function may only run on a machine that has the instruction set; `load` reads and `store` writes
/// [`LANES`](Simd::LANES) numbers, of any alignment, which must be there.
pub(crate) trait Simd: MulAdd {
    type Vector: Copy;
    /// Numbers in a vector.
    const LANES: usize;

    unsafe fn splat(x: f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    /// As `store`, past the caches; `to` must be a multiple of the vector's size. What was written is only sure to be seen by
    /// other threads after [`fence`].
    unsafe fn stream(to: *mut f32, vector: Self::Vector);
    unsafe fn add(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn sub(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn div(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// As [`crate::math::max`].
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// As [`crate::math::min`].
    unsafe fn min(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// As [`crate::math::relu`].
    unsafe fn relu(x: Self::Vector) -> Self::Vector;
    unsafe fn sqrt(x: Self::Vector) -> Self::Vector;
    unsafe fn abs(x: Self::Vector) -> Self::Vector;
    unsafe fn neg(x: Self::Vector) -> Self::Vector;
    /// Loads `count` numbers, at most [`LANES`](Simd::LANES), and zeros behind them; only those must be there.
    unsafe fn load_first(from: *const f32, count: usize) -> Self::Vector;
    /// Stores the first `count` numbers of the vector, at most [`LANES`](Simd::LANES); only those must be there.
    unsafe fn store_first(to: *mut f32, vector: Self::Vector, count: usize);
    /// Turns rows into columns: [`LANES`](Simd::LANES) rows of as many numbers, at distances of `from_row` and `to_row`.
    unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize);
    /// `a · b + c`.
    unsafe fn fma(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
}

/// Defines a function that picks, at run time, one of several compilations of a body that is generic over [`Simd`]:
/// `ladder! { fn name(argument: Type, …) -> Type = body; }` makes `name(isa, argument, …)`. The body must be
/// `#[inline(always)]`, so that it becomes part of the function that is compiled for the instruction set.
macro_rules! ladder {
    ($($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $body:ident;)*) => {$(
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments)]
        $visibility fn $name(isa: $crate::isa::Verified, $($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            fn avx512($($argument: $type),*) $(-> $result)? {
                $body::<$crate::simd::Avx512>($($argument),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) $(-> $result)? {
                $body::<$crate::simd::Avx2>($($argument),*)
            }
            match isa.isa() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a `Verified` is only made of an instruction set that this machine was seen to have.
                $crate::isa::Isa::Avx512 => unsafe { avx512($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::isa::Isa::Avx2 => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "aarch64")]
                $crate::isa::Isa::Neon => $body::<$crate::simd::Neon>($($argument),*),
                _ => $body::<$crate::simd::Portable>($($argument),*),
            }
        }
    )*};
}
pub(crate) use ladder;

/// Asks for a cache line before it is needed, into the second-level cache.
#[inline(always)]
pub(crate) fn prefetch(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a prefetch of any address is allowed.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// As [`prefetch`], into the first-level cache.
#[inline(always)]
pub(crate) fn prefetch_near(line: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of any address is allowed.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}

/// Makes what was streamed visible before anything that this thread writes later.
#[inline(always)]
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    ladder! {
        fn turned(from: &[f32], to: &mut [f32]) = turned_body;
        fn first(from: &[f32], to: &mut [f32]) = first_body;
    }

    const ROW: usize = 19;

    #[inline(always)]
    fn turned_body<S: Simd>(from: &[f32], to: &mut [f32]) {
        assert!(from.len() >= S::LANES * ROW && to.len() >= S::LANES * ROW);
        // SAFETY: this runs where `S` is there, and both slices have all rows.
        unsafe { S::transpose(from.as_ptr(), ROW, to.as_mut_ptr(), ROW) };
    }

    #[inline(always)]
    fn first_body<S: Simd>(from: &[f32], to: &mut [f32]) {
        assert!(from.len() <= S::LANES && to.len() <= S::LANES);
        // SAFETY: this runs where `S` is there; as many numbers are loaded as there are, and stored as there is room for.
        unsafe {
            S::store_first(
                to.as_mut_ptr(),
                S::load_first(from.as_ptr(), from.len()),
                to.len(),
            )
        };
    }

    fn lanes(isa: Isa) -> usize {
        match isa {
            Isa::Avx512 => 16,
            Isa::Avx2 => 8,
            Isa::Neon | Isa::Portable => 4,
        }
    }

    #[test]
    fn rows_become_columns() {
        let from: Vec<f32> = (0..16 * ROW).map(|i| i as f32).collect();
        for isa in Isa::available() {
            let (mut to, lanes) = (vec![-1.0; 16 * ROW], lanes(isa));
            turned(isa.verify().unwrap(), &from, &mut to);
            for (i, &x) in to.iter().enumerate() {
                let (row, column) = (i / ROW, i % ROW);
                let inside = row < lanes && column < lanes;
                let expected = if inside {
                    from[column * ROW + row]
                } else {
                    -1.0
                };
                assert_eq!(x, expected, "{} {i}", isa.name());
            }
        }
    }

    #[test]
    fn only_as_many_numbers_are_loaded_and_stored_as_asked() {
        for isa in Isa::available() {
            for (loaded, count) in
                (0..=lanes(isa)).flat_map(|n| (0..=lanes(isa)).map(move |m| (n, m)))
            {
                // Behind the last of them there is nothing that may be read.
                let from: Box<[f32]> = (0..loaded).map(|i| i as f32 + 1.0).collect();
                let mut to = [-1.0; 16];
                first(isa.verify().unwrap(), &from, &mut to[..count]);
                for (i, x) in to.into_iter().enumerate() {
                    let number = from.get(i).copied().unwrap_or(0.0);
                    assert_eq!(x, if i < count { number } else { -1.0 });
                }
            }
        }
    }
}
