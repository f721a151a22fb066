//! What this machine can do at most, and so how long a kernel takes at least.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lessons_compute::cpu::Cpu;
use lessons_compute::roofline::{fma_peak, read_bandwidth};

/// Bytes of a working set that fits into a second-level cache, and of one that fits into none.
const IN_CACHE: usize = 1 << 18;
const IN_MEMORY: usize = 1 << 27;

/// The roofs of a roofline (Williams, Waterman and Patterson, 2009), measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Floating-point operations a second, of all threads.
    pub flops: f64,
    /// Bytes a second, read from the second-level caches of all threads.
    pub cache: f64,
    /// Bytes a second, read from memory.
    pub memory: f64,
}

impl Limits {
    /// Those of a number of threads, measured when they are first asked for.
    pub(super) fn of(cpu: Cpu<'_>) -> Limits {
        static MEASURED: Mutex<BTreeMap<usize, Limits>> = Mutex::new(BTreeMap::new());
        let mut measured = MEASURED.lock().unwrap_or_else(PoisonError::into_inner);
        *measured
            .entry(cpu.pool().threads())
            .or_insert_with(|| Limits::measure(cpu))
    }

    /// Measures the threads of a CPU; this takes some tens of milliseconds.
    fn measure(cpu: Cpu<'_>) -> Limits {
        Limits {
            flops: fma_peak(cpu, 5),
            cache: read_bandwidth(cpu, IN_CACHE * cpu.pool().threads(), 3),
            memory: read_bandwidth(cpu, IN_MEMORY, 2),
        }
    }

    /// The time that a kernel takes at least: its arithmetic at the peak, or its bytes, weights from
    /// memory and values from the cache, whichever is longer.
    ///
    /// ```
    /// use lessons::engine::Limits;
    /// use std::time::Duration;
    ///
    /// let limits = Limits { flops: 1e9, cache: 1e9, memory: 5e8 };
    /// assert_eq!(limits.at_least(1_000, 0, 10_000), Duration::from_micros(10));
    /// assert_eq!(limits.at_least(90_000, 1_000, 1_000), Duration::from_micros(90));
    /// ```
    pub fn at_least(&self, flops: usize, weights: usize, values: usize) -> Duration {
        let arithmetic = flops as f64 / self.flops;
        let bytes = weights as f64 / self.memory + values as f64 / self.cache;
        Duration::try_from_secs_f64(arithmetic.max(bytes)).unwrap_or_default()
    }
}
