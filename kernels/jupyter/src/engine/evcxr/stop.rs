//! Interrupts: evcxr's compilers are ended, and a running cell's process is.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::engine::Interrupter;
use crate::engine::direct::running::Running;

/// What a cell was doing when it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    Compiling,
    Running,
}

/// Shared between the engine, the thread that has its cells run, and those who interrupt them.
pub struct Stop {
    this: Weak<Stop>,
    /// Knows the runtime's process group.
    running: Running,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where evcxr's compilers work, known from the first cell on.
    folder: Option<PathBuf>,
    /// What the cell under way does; none between cells.
    doing: Option<Stopped>,
    stopped: Option<Stopped>,
    over: bool,
}

impl Stop {
    pub fn new() -> Arc<Stop> {
        Arc::new_cyclic(|this| Stop {
            this: this.clone(),
            running: Running::default(),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn running(&self) -> &Running {
        &self.running
    }

    /// evcxr has compiled this: its project is around it.
    pub fn compiles_to(&self, object: &Path) {
        let mut state = self.state();
        if state.folder.is_none() {
            let mut around = object.ancestors();
            let project = around.find(|folder| folder.join("Cargo.toml").is_file());
            state.folder = project.map(PathBuf::from);
        }
    }

    /// A cell begins.
    pub fn begin(&self) {
        let mut state = self.state();
        state.doing = Some(Stopped::Compiling);
        state.stopped = None;
    }

    /// The cell has ended; what it was doing when it was stopped, if it was.
    pub fn finish(&self) -> Option<Stopped> {
        let mut state = self.state();
        state.doing = None;
        state.stopped
    }

    /// What evcxr has compiled is about to run; false when it was stopped before.
    pub fn begin_run(&self) -> bool {
        let mut state = self.state();
        if state.over || state.stopped.is_some() {
            return false;
        }
        if let Some(doing) = &mut state.doing {
            *doing = Stopped::Running;
        }
        true
    }

    /// It has run; evcxr may compile it again.
    pub fn end_run(&self) {
        if let Some(doing) = &mut self.state().doing {
            *doing = Stopped::Compiling;
        }
    }

    /// Where compilers work for a cell that was stopped.
    fn unwanted_compilers(&self) -> Option<PathBuf> {
        let state = self.state();
        let unwanted = state.doing == Some(Stopped::Compiling) && state.stopped.is_some();
        state.folder.clone().filter(|_| unwanted)
    }

    /// Ends compilers until the cell has: evcxr starts several, one after another.
    fn stop_compiling(&self) {
        let Some(this) = self.this.upgrade() else {
            return;
        };
        std::thread::spawn(move || {
            while let Some(folder) = this.unwanted_compilers() {
                kill_in(&folder);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
    }
}

impl Interrupter for Stop {
    fn interrupt(&self) {
        let mut state = self.state();
        if state.stopped.is_some() {
            return;
        }
        state.stopped = state.doing;
        match state.doing {
            None => {}
            Some(Stopped::Compiling) => self.stop_compiling(),
            Some(Stopped::Running) => self.running.shut_down(),
        }
    }

    fn shut_down(&self) {
        let mut state = self.state();
        state.over = true;
        state.stopped = state.doing;
        if state.doing == Some(Stopped::Compiling) {
            self.stop_compiling();
        }
        self.running.shut_down();
    }
}

/// Ends the processes that work in a folder: evcxr does not say which it has started.
#[cfg(target_os = "linux")]
fn kill_in(folder: &Path) {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return;
    };
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let works_here = std::fs::read_link(entry.path().join("cwd"));
        if works_here.is_ok_and(|place| place.starts_with(folder)) {
            // SAFETY: sends a signal, to a process that was in our folder just now.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
            }
        }
    }
}

/// Without a look at the processes, compilers end by themselves; what they made is not run.
#[cfg(not(target_os = "linux"))]
fn kill_in(_folder: &Path) {}
