//! Memory that the threads of a pool write together.

/// Memory that several threads write, each another part.
#[derive(Debug)]
pub(crate) struct SharedMut<T = f32> {
    start: *mut T,
    len: usize,
}

impl<T> Clone for SharedMut<T> {
    fn clone(&self) -> SharedMut<T> {
        *self
    }
}

impl<T> Copy for SharedMut<T> {}

// SAFETY: the pointer is to values that may go to other threads; whoever takes a part says that nobody else has it at that
// time.
unsafe impl<T: Send> Send for SharedMut<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<T> {}

impl<T> SharedMut<T> {
    pub fn new(data: &mut [T]) -> SharedMut<T> {
        SharedMut {
            start: data.as_mut_ptr(),
            len: data.len(),
        }
    }

    /// `len` elements from `start` on.
    ///
    /// # Safety
    /// The slice that this was made of is still borrowed, and no other thread has any of these elements meanwhile.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part<'a>(&self, start: usize, len: usize) -> &'a mut [T] {
        assert!(start <= self.len && len <= self.len - start);
        // SAFETY: the part is inside the slice, which the caller says is this thread's.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }

    /// Where element `index` is.
    pub fn at(&self, index: usize) -> *mut T {
        self.start.wrapping_add(index)
    }
}
