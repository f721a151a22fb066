//! Under what conditions something is measured: other load, and the clock.

use super::clock::ClockWatch;
use super::load::Watch;

/// Watches what spoils a measurement from now on.
#[derive(Debug)]
pub struct Conditions {
    load: Watch,
    clock: ClockWatch,
}

impl Conditions {
    pub fn start() -> Conditions {
        Conditions {
            clock: ClockWatch::start(),
            load: Watch::start(),
        }
    }

    /// Looks at the clock, in the middle of things.
    pub fn look(&mut self) {
        self.clock.look();
    }

    /// What to warn of; `also` are processes that belong to the measurement beside this one.
    pub fn end(mut self, also: &[u32]) -> Vec<String> {
        let load = self.load.warning(also);
        self.clock.look();
        load.into_iter().chain(self.clock.warning()).collect()
    }
}
