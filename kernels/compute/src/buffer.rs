//! Memory for packed weights: zeroed, and beginning where a cache line does.

use std::ops::{Deref, DerefMut};

/// One cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// Numbers that begin where a cache line does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    lines: Vec<Line>,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Buffer {
        let count = len.div_ceil(16);
        let mut lines = Vec::with_capacity(count);
        advise_huge_pages(lines.as_ptr(), count);
        lines.resize(count, Line([0.0; 16]));
        Buffer { lines, len }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: lines are arrays of 16 numbers without padding (their size is their alignment), and `len` of those are there.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// Large weights are read as one stream: with pages of 2 MB the processor looks up far fewer of them. Only a hint.
fn advise_huge_pages(start: *const Line, lines: usize) {
    #[cfg(target_os = "linux")]
    {
        use std::ffi::{c_int, c_void};
        unsafe extern "C" {
            fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
        }
        const MADV_HUGEPAGE: c_int = 14;
        const HUGE: usize = 2 << 20;
        let begin = (start as usize).next_multiple_of(HUGE);
        let end = (start as usize + lines * size_of::<Line>()) / HUGE * HUGE;
        if begin < end {
            // SAFETY: the range lies within memory that this process allocated, and the advice changes no contents. That it
            // fails where the kernel has no huge pages does not matter.
            unsafe { madvise(begin as *mut c_void, end - begin, MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_zeroed_and_as_long_as_asked() {
        for len in [0, 1, 16, 17, 3 << 20] {
            let mut buffer = Buffer::zeros(len);
            assert_eq!(buffer.len(), len);
            assert!(len == 0 || (buffer.as_ptr() as usize).is_multiple_of(64));
            assert!(buffer.iter().all(|&x| x == 0.0));
            if let Some(last) = buffer.last_mut() {
                *last = 1.0;
            }
        }
    }
}
