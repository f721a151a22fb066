//! Check points: where a running cell looks whether it has been asked to stop.
//!
//! Each compiled cell has a [`CheckPoint`] of its own, a byte beside its code, which its loops read.
//! An interrupt sets the bytes of all cells that have run; who finds its byte set calls [`stop`],
//! which decides. The thread that runs the cell stops, and so do threads that run the cell's own
//! code. Threads of earlier cells go on, and so does a thread that unwinds already.
//!
//! Stopping is an unwind with a private payload, which no panic hook prints. A cell that catches it
//! meets it again at its next check point.

use std::cell::Cell;
use std::panic::{Location, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Nobody has asked.
const CALM: u8 = 0;
/// The cell that runs is asked to stop, and code of this one may be what it is running.
const LOOK: u8 = 1;
/// This is the cell that was asked to stop.
const STOP: u8 = 2;

/// What a cell's check points read.
pub struct CheckPoint(AtomicU8);

impl CheckPoint {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        CheckPoint(AtomicU8::new(CALM))
    }

    /// Stops the cell if that was asked for.
    #[inline(always)]
    #[track_caller]
    pub fn check(&'static self) {
        if self.0.load(Ordering::Relaxed) != CALM {
            stop(self);
        }
    }
}

/// The payload of a stopping unwind: where in a cell it began.
pub(crate) struct Interrupted(pub Option<&'static Location<'static>>);

/// Whether the cell that runs now, or is about to, has been asked to stop.
static ASKED: AtomicBool = AtomicBool::new(false);
/// Whether a check point has stopped it, or one of its threads.
static STOPPED: AtomicBool = AtomicBool::new(false);
/// Guards the changes of all of this; reading needs no guard.
static CELLS: Mutex<Cells> = Mutex::new(Cells { all: Vec::new(), current: None, waiting: None });

struct Cells {
    /// Every cell that has run and has check points.
    all: Vec<&'static CheckPoint>,
    /// The one that runs now.
    current: Option<&'static CheckPoint>,
    /// Wakes it while it waits for a future.
    waiting: Option<Waker>,
}

thread_local! {
    /// Whether this thread runs the cell.
    static RUNS_CELL: Cell<bool> = const { Cell::new(false) };
}

fn cells() -> MutexGuard<'static, Cells> {
    CELLS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cells {
    fn ask(&self) {
        ASKED.store(true, Ordering::Relaxed);
        for point in &self.all {
            let own = self.current.is_some_and(|current| std::ptr::eq(current, *point));
            // One that was to stop before may still have threads that have not heard of it.
            point.0.fetch_max(if own { STOP } else { LOOK }, Ordering::Relaxed);
        }
    }

    fn calm(&self) {
        if ASKED.swap(false, Ordering::Relaxed) {
            for point in &self.all {
                let _ = point.0.compare_exchange(LOOK, CALM, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }
}

/// A cell begins on this thread.
pub(crate) fn begin(own: Option<&'static CheckPoint>) {
    let mut cells = cells();
    RUNS_CELL.set(true);
    STOPPED.store(false, Ordering::Relaxed);
    cells.current = own;
    if let Some(own) = own {
        own.0.store(CALM, Ordering::Relaxed);
        if !cells.all.iter().any(|known| std::ptr::eq(*known, own)) {
            cells.all.push(own);
        }
    }
    if ASKED.load(Ordering::Relaxed) {
        cells.ask();
    }
}

/// The cell has ended. If it was asked to stop, its own check points stay set, so that the threads
/// that it has left behind stop as well.
pub(crate) fn end() {
    let mut cells = cells();
    RUNS_CELL.set(false);
    cells.waiting = None;
    cells.calm();
}

/// Called whenever the cell's future is polled: true when the cell is to stop. While it waits, an
/// interrupt wakes it.
pub(crate) fn asked_while_waiting(waker: &Waker) -> bool {
    let mut cells = cells();
    match &mut cells.waiting {
        Some(known) => known.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
    ASKED.load(Ordering::Relaxed)
}

/// Stops the cell.
pub(crate) fn stop_waiting() {
    raise(None);
}

/// Whether an interrupt has stopped the cell that runs now, in whatever thread.
pub(crate) fn stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// Called by the runtime's control thread: the cell that runs, or is about to, is to stop.
#[unsafe(no_mangle)]
pub extern "C" fn lessons_cell_interrupt() {
    let waiting = {
        let mut cells = cells();
        cells.ask();
        cells.waiting.take()
    };
    // Without the lock: what is woken is the runtime's business.
    if let Some(waiting) = waiting {
        waiting.wake();
    }
}

/// Called by the runtime before a cell begins: nobody has asked it to stop yet.
#[unsafe(no_mangle)]
pub extern "C" fn lessons_cell_no_interrupt() {
    cells().calm();
}

/// A check point in a library that cells call; it finds this function by its name. Only the thread
/// that runs the cell stops here.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn lessons_cell_check_point() {
    if ASKED.load(Ordering::Relaxed) && RUNS_CELL.get() {
        raise(None);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn stop(own: &'static CheckPoint) {
    let stops = if RUNS_CELL.get() {
        ASKED.load(Ordering::Relaxed)
    } else {
        own.0.load(Ordering::Relaxed) == STOP
    };
    if stops {
        raise(Some(Location::caller()));
    }
}

fn raise(at: Option<&'static Location<'static>>) {
    // A destructor that loops must not begin a second unwind: that would abort.
    if std::thread::panicking() {
        return;
    }
    if ASKED.load(Ordering::Relaxed) {
        STOPPED.store(true, Ordering::Relaxed);
    }
    resume_unwind(Box::new(Interrupted(at)));
}
