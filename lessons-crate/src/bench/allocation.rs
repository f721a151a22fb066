//! Allocations: how many there are while something runs, where the program has an allocator that counts.

use std::sync::OnceLock;

use serde::Serialize;

/// Allocations by all threads of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Allocations {
    pub count: u64,
    /// What was asked for, in bytes.
    pub bytes: u64,
}

/// Runs something, and counts.
pub type AllocationCounter = fn(&mut dyn FnMut()) -> Allocations;

static COUNTER: OnceLock<AllocationCounter> = OnceLock::new();

/// Tells benchmarks how allocations are counted in this program, which only its global allocator knows.
/// The first one counts; without one, reports say nothing of allocations.
pub fn count_allocations_with(counter: AllocationCounter) {
    let _ = COUNTER.set(counter);
}

/// The allocations of one more call of `run`, which makes so many calls: those of two calls without those
/// of one, so that what is allocated around them does not count. `None` where nothing counts, or a call
/// fails.
pub(super) fn of_a_run<E>(mut run: impl FnMut(u32) -> Result<(), E>) -> Option<Allocations> {
    let counter = COUNTER.get()?;
    let mut counted = |calls| {
        let mut result = Ok(());
        let allocations = counter(&mut || result = run(calls));
        result.is_ok().then_some(allocations)
    };
    let (once, twice) = (counted(1)?, counted(2)?);
    Some(Allocations {
        count: twice.count.saturating_sub(once.count),
        bytes: twice.bytes.saturating_sub(once.bytes),
    })
}
