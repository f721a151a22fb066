//! Carries an interrupt from the kernel to the cell that it is meant for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use libloading::os::unix::Library;

/// Shared between the thread that listens to the kernel and the one that runs cells.
#[derive(Default)]
pub(super) struct Interrupts(Mutex<State>);

#[derive(Default)]
struct State {
    /// The cell that runs; 0 between cells.
    running: u64,
    /// The cell that the kernel wants stopped. It may not have begun yet.
    wanted: u64,
    support: Option<Support>,
}

/// The support crate's functions.
#[derive(Clone, Copy)]
struct Support {
    interrupt: extern "C" fn(),
    no_interrupt: extern "C" fn(),
}

impl Interrupts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The support crate has been loaded.
    pub fn connect(&self, support: Option<&Library>) {
        let Some(support) = support else { return };
        // SAFETY: the support crate defines both functions with this very signature, and it is never
        // unloaded.
        let functions = unsafe {
            support
                .get::<extern "C" fn()>(b"lessons_cell_interrupt")
                .and_then(|interrupt| {
                    let no_interrupt = support.get(b"lessons_cell_no_interrupt")?;
                    Ok(Support {
                        interrupt: *interrupt,
                        no_interrupt: *no_interrupt,
                    })
                })
        };
        self.state().support = functions.ok();
    }

    /// The kernel wants this cell stopped; nothing happens when it has ended.
    pub fn ask(&self, sequence: u64) {
        let mut state = self.state();
        state.wanted = sequence;
        if state.running == sequence {
            state.call(true);
        }
    }

    /// This cell begins.
    pub fn begin(&self, sequence: u64) {
        let mut state = self.state();
        state.running = sequence;
        state.call(state.wanted == sequence);
    }

    /// The cell has ended.
    pub fn end(&self) {
        self.state().running = 0;
    }
}

impl State {
    fn call(&self, interrupt: bool) {
        if let Some(support) = self.support {
            if interrupt {
                (support.interrupt)();
            } else {
                (support.no_interrupt)();
            }
        }
    }
}
