//! The processes of a session, and what an interrupt does to them.
//!
//! While a cell compiles an interrupt ends the compilers and nothing is lost. While it runs the first
//! asks it to stop at its next check point; only a second one ends the runtime. Between cells an
//! interrupt does nothing.

use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::process::Runner;
use crate::engine::{Interrupter, Output};

/// How long a cell may take to stop before it is said that it has not.
const PATIENCE: Duration = Duration::from_secs(1);
/// Within this time a second interrupt is taken for a double click: it counts when the time is over.
const DOUBLE_CLICK: Duration = Duration::from_millis(250);

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Compiler,
    Runtime,
}

/// Shared between the engine and its interrupter.
#[derive(Default, Clone)]
pub struct Running(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Process groups of children that have not been reaped.
    groups: Vec<(i32, Role)>,
    /// What the cell under way waits for.
    phase: Phase,
    /// When the first interrupt of the cell came.
    interrupted: Option<Instant>,
    /// Whether a second one came.
    insisted: bool,
    /// Counts the cells that have run, so that a thread that waits knows its own.
    turn: u64,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    Compiling,
    Running {
        runner: Runner,
        /// The variables that a second interrupt would cost.
        at_stake: Vec<String>,
    },
}

impl Running {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins: earlier interrupts are none of its business.
    pub fn begin(&self) {
        let mut state = self.state();
        state.interrupted = None;
        state.insisted = false;
        state.phase = Phase::Compiling;
    }

    /// A cell of the request is compiled.
    pub fn begin_compiling(&self) {
        self.enter(Phase::Compiling);
    }

    /// The cell is about to run; false when it was interrupted before.
    pub fn begin_run(&self, runner: Runner, at_stake: Vec<String>) -> bool {
        let mut state = self.state();
        state.turn += 1;
        state.phase = Phase::Running { runner, at_stake };
        state.interrupted.is_none()
    }

    /// The request has ended.
    pub fn finish(&self) {
        self.enter(Phase::Idle);
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        state.turn += 1;
        state.phase = phase;
        drop(state);
        self.0.changed.notify_all();
    }

    pub fn interrupted(&self) -> bool {
        self.state().interrupted.is_some()
    }

    /// Whether the user asked twice, and the runtime was ended for that.
    pub fn insisted(&self) -> bool {
        self.state().insisted
    }

    /// A child has started as the leader of its process group.
    pub fn add(&self, group: i32, role: Role) {
        let mut state = self.state();
        state.groups.push((group, role));
        if role == Role::Compiler && state.interrupted.is_some() {
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

    /// After an interrupt: says when the cell does not stop, and ends its process when the user
    /// insists.
    fn follow_up(&self, turn: u64, asked: Instant) {
        let mut told = false;
        let mut state = self.state();
        loop {
            let Phase::Running { runner, at_stake } = &state.phase else {
                return;
            };
            if state.turn != turn {
                return;
            }
            let waited = asked.elapsed();
            if state.insisted && waited >= DOUBLE_CLICK {
                state.kill_all(Role::Runtime);
                return;
            }
            if waited >= PATIENCE && !told {
                told = true;
                let note = unheard(at_stake).into_bytes();
                let runner = runner.clone();
                // Who receives it may have something to say to us.
                drop(state);
                runner.emit(Output::Stderr(note));
                state = self.state();
                continue;
            }
            let until = match (state.insisted, told) {
                (true, _) => DOUBLE_CLICK,
                (false, false) => PATIENCE,
                (false, true) => Duration::MAX,
            };
            let left = until
                .saturating_sub(waited)
                .clamp(Duration::from_millis(1), Duration::from_secs(3600));
            state = self
                .0
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl State {
    fn kill_all(&self, wanted: Role) {
        for &(group, role) in &self.groups {
            if role == wanted {
                kill_group(group);
            }
        }
    }
}

impl Interrupter for Running {
    fn interrupt(&self) {
        let mut state = self.state();
        match &state.phase {
            Phase::Idle => return,
            Phase::Compiling => {
                state.interrupted.get_or_insert_with(Instant::now);
                state.kill_all(Role::Compiler);
            }
            Phase::Running { runner, .. } => {
                if state.interrupted.is_some() {
                    state.insisted = true;
                } else {
                    runner.ask_to_stop();
                    let asked = Instant::now();
                    state.interrupted = Some(asked);
                    let (this, turn) = (self.clone(), state.turn);
                    let follow_up = std::thread::Builder::new()
                        .name("interrupt".into())
                        .spawn(move || this.follow_up(turn, asked));
                    if follow_up.is_err() {
                        // Nobody would see a second interrupt.
                        state.kill_all(Role::Runtime);
                    }
                }
            }
        }
        drop(state);
        self.0.changed.notify_all();
    }

    fn shut_down(&self) {
        let mut state = self.state();
        state.interrupted.get_or_insert_with(Instant::now);
        state.kill_all(Role::Compiler);
        state.kill_all(Role::Runtime);
    }
}

/// What is said of a cell that was asked to stop and goes on.
fn unheard(at_stake: &[String]) -> String {
    let mut text = "\nThe cell was asked to stop, but has reached no check point yet: loops have them, \
                    a sleep, a read, `unsafe` code and a library's own loops have none. It stops at \
                    the next one. A second interrupt ends its process at once"
        .to_owned();
    if at_stake.is_empty() {
        text.push_str("; no variable would be lost.\n");
    } else {
        let _ = writeln!(
            text,
            ", and these variables are lost with it: {}. (`:replay` then runs the cells that made \
             them again.)",
            at_stake.join(", ")
        );
    }
    text
}

fn kill_group(group: i32) {
    // SAFETY: sends a signal; the group is that of a child which has not been reaped yet.
    unsafe {
        libc::killpg(group, libc::SIGKILL);
    }
}
