//! The threads that a model computes on.

use std::sync::Arc;

use lessons_compute::cpu::Cpu;
use lessons_compute::pool::{MAX_THREADS, Pool};

use crate::engine::error::RunError;

/// The pool that everything shares, or one of a session's own.
#[derive(Debug, Clone, Default)]
pub struct Threads(Option<Arc<Own>>);

#[derive(Debug)]
struct Own {
    pool: Pool,
    /// candle computes on rayon's threads; this pool has as many.
    rayon: rayon::ThreadPool,
}

impl Threads {
    /// Exactly so many, for our kernels and for candle.
    ///
    /// # Errors
    /// When there would be none or more than [`MAX_THREADS`], or the system refuses them.
    pub fn own(threads: usize) -> Result<Threads, RunError> {
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(
                RunError::new(format!("a session cannot compute on {threads} threads"))
                    .help(format!("a number from 1 to {MAX_THREADS}")),
            );
        }
        let rayon = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| RunError::new(error.to_string()))?;
        let pool = Pool::new(threads);
        Ok(Threads(Some(Arc::new(Own { pool, rayon }))))
    }

    pub fn cpu(&self) -> Cpu<'_> {
        match &self.0 {
            Some(own) => Cpu::with_pool(&own.pool),
            None => Cpu::best(),
        }
    }

    pub fn count(&self) -> usize {
        self.cpu().pool().threads()
    }

    /// Runs what computes through candle.
    pub fn candle<T: Send>(&self, compute: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(own) => own.rayon.install(compute),
            None => compute(),
        }
    }
}
