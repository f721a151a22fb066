//! The processes of a session, and what an interrupt ends.
//!
//! While a cell compiles an interrupt ends the compilers and nothing is lost; while it runs it ends
//! the runtime; between cells it does nothing. A cell that learns to stop by itself is asked here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Interrupter;

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Compiler,
    Runtime,
}

/// Shared between the engine and its interrupter.
#[derive(Debug, Default, Clone)]
pub struct Running(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Process groups of children that have not been reaped.
    groups: Vec<(i32, Role)>,
    /// What the cell under way waits for.
    phase: Option<Role>,
    interrupted: bool,
}

impl Running {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cell begins, with its compilation.
    pub fn begin(&self) {
        let mut state = self.state();
        state.phase = Some(Role::Compiler);
        state.interrupted = false;
    }

    /// The cell is about to run; false when it was interrupted before.
    pub fn begin_run(&self) -> bool {
        let mut state = self.state();
        state.phase = Some(Role::Runtime);
        !state.interrupted
    }

    /// The cell has ended.
    pub fn finish(&self) {
        self.state().phase = None;
    }

    pub fn interrupted(&self) -> bool {
        self.state().interrupted
    }

    /// A child has started as the leader of its process group.
    pub fn add(&self, group: i32, role: Role) {
        let mut state = self.state();
        state.groups.push((group, role));
        if state.interrupted && state.phase == Some(role) {
            kill_group(group);
        }
    }

    /// To be called before the child is reaped: its number may be given away after that.
    pub fn remove(&self, group: i32) {
        self.state().groups.retain(|&(known, _)| known != group);
    }

    /// Ends one child.
    pub fn kill(&self, group: i32) {
        if self.state().groups.iter().any(|&(known, _)| known == group) {
            kill_group(group);
        }
    }
}

impl Interrupter for Running {
    fn interrupt(&self) {
        let mut state = self.state();
        let Some(phase) = state.phase else { return };
        state.interrupted = true;
        for &(group, role) in &state.groups {
            if role == phase {
                kill_group(group);
            }
        }
    }
}

fn kill_group(group: i32) {
    // SAFETY: sends a signal; the group is that of a child which has not been reaped yet.
    unsafe {
        libc::killpg(group, libc::SIGKILL);
    }
}
