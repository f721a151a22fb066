//! Memory that the threads of a pool write together.

/// Memory that several threads write, each another part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedMut {
    start: *mut f32,
    len: usize,
}

// SAFETY: the pointer is to numbers; whoever takes a part says that nobody else has it at that time.
unsafe impl Send for SharedMut {}
// SAFETY: as above.
unsafe impl Sync for SharedMut {}

impl SharedMut {
    pub fn new(data: &mut [f32]) -> SharedMut {
        SharedMut {
            start: data.as_mut_ptr(),
            len: data.len(),
        }
    }

    /// `len` numbers from `start` on.
    ///
    /// # Safety
    /// The slice that this was made of is still borrowed, and no other thread has any of these numbers meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part<'a>(&self, start: usize, len: usize) -> &'a mut [f32] {
        assert!(start <= self.len && len <= self.len - start);
        // SAFETY: the part is inside the slice, which the caller says is this thread's.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }

    /// Where element `index` is.
    pub fn at(&self, index: usize) -> *mut f32 {
        self.start.wrapping_add(index)
    }
}
