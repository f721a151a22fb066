//! One pool of threads for all kernels: it waits by spinning for at most a millisecond and then parks, so that jobs of a
//! few microseconds are worth sharing and an idle pool costs nothing.
//!
//! A job is a borrowed closure. The calling thread takes part as worker 0, so a pool of `n` threads has `n - 1` of its own
//! and never more than `n` compute. Workers join a job while it is open; when the caller has found nothing left to do it
//! closes the job and waits for those that joined. So a worker that wakes up late, on a busy machine, holds up nobody.

mod memory;
mod shared;
#[cfg(test)]
mod tests;
mod work;

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

pub(crate) use self::memory::SharedMut;
use self::shared::Shared;

/// The most threads that a pool has.
pub const MAX_THREADS: usize = 64;

thread_local! {
    /// Whether this thread is inside a job, of whichever pool.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A pool of threads; see the [module](self).
///
/// ```
/// use lessons_compute::pool::Pool;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// let pool = Pool::new(2);
/// let sum = AtomicUsize::new(0);
/// pool.for_each(100, |task, _worker| {
///     sum.fetch_add(task, Ordering::Relaxed);
/// });
/// assert_eq!(sum.into_inner(), 4950);
/// ```
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    /// The threads of the pool. Locked by whoever runs a job: there is one at a time.
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// A pool in which `threads` threads compute, the caller among them; at least 1, at most [`MAX_THREADS`].
    pub fn new(threads: usize) -> Pool {
        let pool = Pool {
            shared: Arc::new(Shared::new()),
            workers: Mutex::new(Vec::new()),
        };
        pool.set_threads(threads);
        pool
    }

    /// The pool that everything shares which was given none: as many threads as the machine has processors, until
    /// [`set_threads`](Pool::set_threads) says otherwise.
    pub fn global() -> &'static Pool {
        static GLOBAL: OnceLock<Pool> = OnceLock::new();
        GLOBAL.get_or_init(|| {
            Pool::new(std::thread::available_parallelism().map_or(1, |threads| threads.get()))
        })
    }

    /// How many threads compute: those of the pool and the caller.
    pub fn threads(&self) -> usize {
        self.shared.threads()
    }

    /// Changes the number of threads, once the job that runs has ended. Threads too many have ended when this returns; if
    /// the system refuses a new thread, the pool goes on with those it has. Inside a job it does nothing.
    pub fn set_threads(&self, threads: usize) {
        if INSIDE.get() {
            return;
        }
        let wanted = threads.clamp(1, MAX_THREADS) - 1;
        let mut workers = self.lock();
        self.shared.set_workers(wanted);
        if workers.len() > wanted {
            self.shared.wake(&workers);
            for worker in workers.drain(wanted..) {
                // A worker ends without a result, and its jobs' panics are caught.
                let _ = worker.join();
            }
        }
        while workers.len() < wanted {
            let shared = Arc::clone(&self.shared);
            let index = workers.len() + 1;
            let thread = std::thread::Builder::new()
                .name(format!("lessons-{index}"))
                .spawn(move || shared.work(index));
            match thread {
                Ok(thread) => workers.push(thread),
                Err(_) => break,
            }
        }
        self.shared.set_workers(workers.len());
    }

    /// Calls `job` on the calling thread, as worker 0, and on each worker of the pool that comes before that call returns,
    /// with its number. So `job` must by itself find all that is to be done. Inside another job it is called once.
    ///
    /// # Panics
    /// With the panic of `job`, once all its calls have ended.
    pub(crate) fn broadcast(&self, job: &(dyn Fn(usize) + Sync)) {
        if INSIDE.get() || self.threads() == 1 {
            return job(0);
        }
        let workers = self.lock();
        if workers.is_empty() {
            drop(workers);
            return job(0);
        }
        let panic = self.shared.run(&workers, job);
        drop(workers);
        if let Some(panic) = panic {
            std::panic::resume_unwind(panic);
        }
    }

    /// A panic while the lock is held leaves nothing half done, so poisoning says nothing.
    fn lock(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.set_workers(0);
        let workers = std::mem::take(&mut *self.lock());
        self.shared.wake(&workers);
        for worker in workers {
            let _ = worker.join();
        }
    }
}
