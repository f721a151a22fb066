//! Ways to share out work: task by task, range by range, or one part for each thread.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{MAX_THREADS, Pool};

impl Pool {
    /// Calls `body(task, worker)` once for each `task` below `tasks`. Each thread takes the next task when it has ended one;
    /// `worker` is below [`threads`](Pool::threads) and is that of one thread at a time, so it may choose scratch memory.
    ///
    /// # Panics
    /// With the panic of `body`. Tasks that nobody had begun are left out then.
    pub fn for_each(&self, tasks: usize, body: impl Fn(usize, usize) + Sync) {
        if tasks <= 1 {
            return (0..tasks).for_each(|task| body(task, 0));
        }
        let next = AtomicUsize::new(0);
        self.broadcast(&|worker| {
            let stop = StopOnPanic(&next, tasks);
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                body(task, worker);
            }
            std::mem::forget(stop);
        });
    }

    /// Calls `body(range, worker)` for ranges that together are `0..len`, each of `grain` or, the last one, fewer; as
    /// [`for_each`](Pool::for_each).
    pub fn for_ranges(&self, len: usize, grain: usize, body: impl Fn(Range<usize>, usize) + Sync) {
        let grain = grain.max(1);
        self.for_each(len.div_ceil(grain), |task, worker| {
            let start = task * grain;
            body(start..len.min(start.saturating_add(grain)), worker);
        });
    }

    /// Cuts `0..len` into one range for each thread, all of about one length and all but the last a multiple of `align`,
    /// and calls `body(range, part)` for each. Part `i` is worker `i`'s unless that one is late: then another takes it. So
    /// from job to job a thread finds its data in its own cache.
    pub fn for_parts(&self, len: usize, align: usize, body: impl Fn(Range<usize>, usize) + Sync) {
        if len == 0 {
            return;
        }
        let align = align.max(1);
        let units = len.div_ceil(align);
        let parts = self.threads().min(units).min(MAX_THREADS);
        let run = |part: usize| {
            let bound = |part: usize| len.min(units * part / parts * align);
            body(bound(part)..bound(part + 1), part);
        };
        if parts == 1 {
            return run(0);
        }
        let taken = AtomicU64::new(0);
        self.broadcast(&|worker| {
            for part in (0..parts).map(|i| (worker + i) % parts) {
                let bit = 1u64 << part;
                if taken.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                    run(part);
                }
            }
        });
    }
}

/// Dropped by a panic, it leaves no task to the other threads.
struct StopOnPanic<'a>(&'a AtomicUsize, usize);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::Relaxed);
    }
}
