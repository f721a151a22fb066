//! What the threads of a pool share: the job, and the protocol by which workers join it.

use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::INSIDE;

/// How long a thread spins before it parks.
const SPIN: Duration = Duration::from_micros(900);

/// The state of the job is one number: how many workers joined (16 bits), whether more may (1 bit), which job it is.
const JOINED: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const NUMBER: u64 = 1 << 17;

type Job<'a> = &'a (dyn Fn(usize) + Sync);
type Panic = Box<dyn Any + Send>;

/// On cache lines of its own: who spins on one must not be disturbed by who writes another.
#[repr(align(128))]
struct Line<T>(T);

pub(super) struct Shared {
    state: Line<AtomicU64>,
    /// How many of those that joined have ended.
    ended: Line<AtomicUsize>,
    /// How many workers may be parked.
    parked: Line<AtomicUsize>,
    /// How many workers the pool has; one with a higher number ends.
    workers: AtomicUsize,
    /// Whether the caller may be parked.
    caller_parked: AtomicBool,
    /// Written while no job is open and read by workers that joined, never both at once.
    job: UnsafeCell<Option<(Job<'static>, Thread)>>,
    panic: Mutex<Option<Panic>>,
}

// SAFETY: all fields are `Sync` but `job`, whose contents are `Sync`; it is written by the one thread that holds the pool's
// lock, before it opens a job (release) and after it has closed it and every worker that joined has ended (acquire); workers
// read it only between joining an open job (acquire) and ending (release).
unsafe impl Sync for Shared {}
// SAFETY: `job` is `None` whenever no job runs, and the rest is `Send`.
unsafe impl Send for Shared {}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub fn new() -> Shared {
        Shared {
            state: Line(AtomicU64::new(0)),
            ended: Line(AtomicUsize::new(0)),
            parked: Line(AtomicUsize::new(0)),
            workers: AtomicUsize::new(0),
            caller_parked: AtomicBool::new(false),
            job: UnsafeCell::new(None),
            panic: Mutex::new(None),
        }
    }

    pub fn threads(&self) -> usize {
        self.workers.load(Ordering::Relaxed) + 1
    }

    pub fn set_workers(&self, workers: usize) {
        self.workers.store(workers, Ordering::SeqCst);
    }

    pub fn wake(&self, workers: &[JoinHandle<()>]) {
        for worker in workers {
            worker.thread().unpark();
        }
    }

    /// Runs `job` on this thread and on the workers that join. The caller holds the pool's lock. Returns the first panic.
    pub fn run(&self, workers: &[JoinHandle<()>], job: Job<'_>) -> Option<Panic> {
        // SAFETY: the closure is called only by workers that join, and this function does not return before all of them have
        // ended: `call` catches panics, and nothing else between here and the end of the wait can unwind.
        let job_for_workers = unsafe { std::mem::transmute::<Job<'_>, Job<'static>>(job) };
        // SAFETY: no job is open and the last one's workers have ended, so nobody reads; the lock keeps other writers away.
        unsafe { *self.job.get() = Some((job_for_workers, std::thread::current())) };
        self.ended.0.store(0, Ordering::Relaxed);
        let number = self.state.0.load(Ordering::Relaxed) & !(JOINED | OPEN);
        self.state
            .0
            .store(number.wrapping_add(NUMBER) | OPEN, Ordering::SeqCst);
        if self.parked.0.load(Ordering::SeqCst) > 0 {
            self.wake(workers);
        }
        self.call(job, 0);
        let joined = (self.state.0.fetch_and(!OPEN, Ordering::SeqCst) & JOINED) as usize;
        self.wait_for_end(joined);
        // SAFETY: the job is closed and all who joined it have ended.
        unsafe { *self.job.get() = None };
        self.panic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn wait_for_end(&self, joined: usize) {
        let all_ended = || self.ended.0.load(Ordering::SeqCst) == joined;
        if spin_until(all_ended) {
            return;
        }
        self.caller_parked.store(true, Ordering::SeqCst);
        while !all_ended() {
            std::thread::park();
        }
        self.caller_parked.store(false, Ordering::SeqCst);
    }

    /// Calls the job and keeps its panic, if it is the first.
    fn call(&self, job: Job<'_>, index: usize) {
        let outer = INSIDE.replace(true);
        let result = catch_unwind(AssertUnwindSafe(|| job(index)));
        INSIDE.set(outer);
        if let Err(panic) = result {
            self.panic
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(panic);
        }
    }

    /// The life of worker `index`.
    pub fn work(&self, index: usize) {
        let mut seen = self.state.0.load(Ordering::SeqCst) & !(JOINED | OPEN);
        if seen != 0 {
            // A job that is open at this moment may be joined.
            seen = seen.wrapping_sub(NUMBER);
        }
        loop {
            let ends = || index > self.workers.load(Ordering::SeqCst);
            let new = || self.state.0.load(Ordering::SeqCst) & !(JOINED | OPEN) != seen;
            if !spin_until(|| new() || ends()) {
                self.parked.0.fetch_add(1, Ordering::SeqCst);
                while !new() && !ends() {
                    std::thread::park();
                }
                self.parked.0.fetch_sub(1, Ordering::SeqCst);
            }
            if ends() {
                return;
            }
            match self.join() {
                Ok(number) => {
                    seen = number;
                    // SAFETY: this worker has joined, so the job is there and stays until `ended` says so.
                    let Some((job, caller)) = (unsafe { (*self.job.get()).clone() }) else {
                        unreachable!("an open job has a closure")
                    };
                    self.call(job, index);
                    self.ended.0.fetch_add(1, Ordering::SeqCst);
                    if self.caller_parked.load(Ordering::SeqCst) {
                        caller.unpark();
                    }
                }
                Err(number) => seen = number,
            }
        }
    }

    /// Joins the job if it is open; the number of the job in either case.
    fn join(&self) -> Result<u64, u64> {
        let joined = self
            .state
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| {
                (state & OPEN != 0).then_some(state + 1)
            });
        let number = |state| state & !(JOINED | OPEN);
        joined.map(number).map_err(number)
    }
}

/// Spins until `condition` holds, and not longer than [`SPIN`]. Returns whether it holds.
fn spin_until(condition: impl Fn() -> bool) -> bool {
    let mut start = None;
    loop {
        for _ in 0..200 {
            if condition() {
                return true;
            }
            std::hint::spin_loop();
        }
        let start = *start.get_or_insert_with(Instant::now);
        if start.elapsed() > SPIN {
            return condition();
        }
    }
}
