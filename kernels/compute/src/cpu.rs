//! Where a kernel runs: on which instruction set and on which threads.

use crate::isa::{Isa, Verified};
use crate::pool::Pool;

/// An instruction set that this machine has, and a pool of threads: what every kernel is given. Two words, `Copy`.
///
/// ```
/// use lessons_compute::{cpu::Cpu, isa::Isa, pool::Pool};
///
/// let one_thread = Pool::new(1);
/// let cpu = Cpu::new(Isa::Portable, &one_thread).expect("every machine has it");
/// assert_eq!((cpu.isa().name(), cpu.pool().threads()), ("portable", 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cpu<'a> {
    isa: Verified,
    pool: &'a Pool,
}

impl Cpu<'static> {
    /// The widest instruction set of this machine, and the pool that everything shares.
    pub fn best() -> Cpu<'static> {
        Cpu::with_pool(Pool::global())
    }
}

impl<'a> Cpu<'a> {
    /// `None` if this machine lacks the instruction set.
    pub fn new(isa: Isa, pool: &'a Pool) -> Option<Cpu<'a>> {
        let isa = isa.verify()?;
        Some(Cpu { isa, pool })
    }

    /// The widest instruction set of this machine, and the given pool.
    pub fn with_pool(pool: &'a Pool) -> Cpu<'a> {
        let isa = Verified::best();
        Cpu { isa, pool }
    }

    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.isa.isa()
    }

    /// The pool of threads.
    pub fn pool(self) -> &'a Pool {
        self.pool
    }

    pub(crate) fn verified(self) -> Verified {
        self.isa
    }
}
