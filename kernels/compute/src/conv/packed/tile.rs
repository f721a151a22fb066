//! The innermost loop: windows side by side, for one panel's output channels, summed up in registers.

use crate::gemm::tile::VECTORS;
use crate::isa::Isa;
use crate::simd::{Simd, prefetch_near};

/// So many channels are summed up at each place of the kernel, before the next ones are: what they read stays in the
/// first-level cache.
pub(super) const CHANNELS: usize = 32;

/// How far ahead the weights are asked for, in numbers.
const AHEAD: usize = 512;

/// The most windows of a tile, on any instruction set.
pub(super) const MAX_PIXELS: usize = 14;

/// The most windows whose sums, two vectors each, fit into the registers beside two vectors of weights and a number of the
/// image. The widths of images are often multiples of 7.
pub(super) const fn max_pixels(isa: Isa) -> usize {
    match isa {
        Isa::Avx512 | Isa::Neon => 14,
        Isa::Avx2 | Isa::Portable => 6,
    }
}

/// Sums of products for some windows, and for `vectors` vectors' output channels.
pub(super) struct Tile<'a> {
    /// The number that the first window has first; the next window's is the next one.
    pub pixels: *const f32,
    /// From channel to channel and from row to row of the kernel.
    pub steps: [usize; 2],
    /// Channels and rows. Of the channels, [`CHANNELS`] are summed up for each place of the kernel, then the next ones.
    pub counts: [usize; 2],
    /// Where the columns of the kernel are.
    pub columns: &'a [usize],
    /// One row of two vectors for each step.
    pub weights: *const f32,
    /// What the sums begin with: two vectors.
    pub start: *const f32,
    /// One row of `vectors` vectors for each window.
    pub to: *mut f32,
}

impl Tile<'_> {
    /// # Safety
    /// The machine has the instruction set of `S`; all that the pointers reach is there. `pixels` is at least 1 and at most
    /// [`max_pixels`], `vectors` 1 or 2.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self, pixels: usize, vectors: usize) {
        // SAFETY: as the caller says.
        unsafe {
            if vectors == 1 {
                self.pixels::<S, 1>(pixels);
            } else {
                self.pixels::<S, VECTORS>(pixels);
            }
        }
    }

    #[inline(always)]
    unsafe fn pixels<S: Simd, const V: usize>(&self, pixels: usize) {
        let wide = S::LANES == 16 || cfg!(target_arch = "aarch64");
        // SAFETY: as the caller says.
        unsafe {
            match pixels {
                1 => self.sums::<S, 1, V>(),
                2 => self.sums::<S, 2, V>(),
                3 => self.sums::<S, 3, V>(),
                4 => self.sums::<S, 4, V>(),
                5 => self.sums::<S, 5, V>(),
                6 => self.sums::<S, 6, V>(),
                7 if wide => self.sums::<S, 7, V>(),
                8 if wide => self.sums::<S, 8, V>(),
                9 if wide => self.sums::<S, 9, V>(),
                10 if wide => self.sums::<S, 10, V>(),
                11 if wide => self.sums::<S, 11, V>(),
                12 if wide => self.sums::<S, 12, V>(),
                13 if wide => self.sums::<S, 13, V>(),
                14 if wide => self.sums::<S, 14, V>(),
                _ => unreachable!("a tile has from 1 to {MAX_PIXELS} windows"),
            }
        }
    }

    #[inline(always)]
    unsafe fn sums<S: Simd, const PIXELS: usize, const V: usize>(&self) {
        // SAFETY: all addresses are those that the caller says are there; pointers past the ends are not followed.
        unsafe {
            let mut start = [S::splat(0.0); V];
            for (v, start) in start.iter_mut().enumerate() {
                *start = S::load(self.start.add(v * S::LANES));
            }
            let mut sums = [start; PIXELS];
            let mut weights = self.weights;
            for first in (0..self.counts[0]).step_by(CHANNELS) {
                let channels = CHANNELS.min(self.counts[0] - first);
                let mut row = self.pixels.wrapping_add(first * self.steps[0]);
                for _ in 0..self.counts[1] {
                    for &column in self.columns {
                        let mut pixels = row.wrapping_add(column);
                        for _ in 0..channels {
                            prefetch_near(weights.wrapping_add(AHEAD));
                            prefetch_near(weights.wrapping_add(AHEAD + S::LANES));
                            let mut filter = [S::splat(0.0); V];
                            for (v, filter) in filter.iter_mut().enumerate() {
                                *filter = S::load(weights.add(v * S::LANES));
                            }
                            for (i, sums) in sums.iter_mut().enumerate() {
                                let x = S::splat(*pixels.add(i));
                                for (sum, filter) in sums.iter_mut().zip(filter) {
                                    *sum = S::fma(x, filter, *sum);
                                }
                            }
                            weights = weights.wrapping_add(VECTORS * S::LANES);
                            pixels = pixels.wrapping_add(self.steps[0]);
                        }
                    }
                    row = row.wrapping_add(self.steps[1]);
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (v, &sum) in sums.iter().enumerate() {
                    S::store(self.to.add((i * V + v) * S::LANES), sum);
                }
            }
        }
    }
}
