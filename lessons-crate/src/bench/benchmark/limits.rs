//! What the machine can do at most, measured in the same run, so that every share of it is honest.

use lessons_compute::cpu::Cpu;
use lessons_compute::pool::Pool;
use lessons_compute::roofline::{copy_bandwidth, fma_peak, read_bandwidth};
use serde::Serialize;

/// As many bytes as no cache holds.
const MEMORY: usize = 1 << 27;

/// The best rates that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Limits {
    /// Fused multiply-adds on f32, two operations each, in GFLOP/s.
    pub fma_gflops: f64,
    /// Reading from memory, in GB/s.
    pub read_gbs: f64,
    /// Copying in memory, bytes read and bytes written both counted, in GB/s.
    pub copy_gbs: f64,
}

impl Limits {
    /// Measures on the threads of a pool; about a tenth of a second.
    pub(super) fn measure(pool: &Pool) -> Limits {
        let cpu = Cpu::with_pool(pool);
        Limits {
            fma_gflops: fma_peak(cpu, 20) / 1e9,
            read_gbs: read_bandwidth(cpu, MEMORY, 5) / 1e9,
            copy_gbs: copy_bandwidth(cpu, MEMORY, 5) / 1e9,
        }
    }

    /// The better of two measurements, limit by limit: what held one back was something else.
    pub fn best(self, other: Limits) -> Limits {
        Limits {
            fma_gflops: self.fma_gflops.max(other.fma_gflops),
            read_gbs: self.read_gbs.max(other.read_gbs),
            copy_gbs: self.copy_gbs.max(other.copy_gbs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_of_two_is_taken_limit_by_limit() {
        let limits = |fma_gflops, read_gbs, copy_gbs| Limits {
            fma_gflops,
            read_gbs,
            copy_gbs,
        };
        let best = limits(1.0, 5.0, 3.0).best(limits(2.0, 4.0, 3.0));
        assert_eq!(best, limits(2.0, 5.0, 3.0));
    }
}
