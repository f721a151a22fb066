//! The folder in which evcxr works, under a session's: what a killed kernel leaves of it, its runtime
//! or the next session removes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context;

use crate::engine::direct::session;

/// The process's folder. evcxr makes its own in the process's one folder for temporary files, so all
/// engines of a process have theirs in this one.
static PATH: OnceLock<PathBuf> = OnceLock::new();
/// How many engines there are.
static ENGINES: Mutex<usize> = Mutex::new(0);

/// A share in the process's folder, which goes with the last of them.
pub struct Folder(PathBuf);

impl Folder {
    /// # Errors
    /// When the system's folder for temporary files cannot be written, or something has already
    /// chosen another place for this process's.
    pub fn open() -> anyhow::Result<Folder> {
        let mut engines = engines();
        let path = match PATH.get() {
            Some(path) => path.clone(),
            None => {
                let path = session::folder()?.keep();
                tempfile::env::override_temp_dir(&path).map_err(|other| {
                    anyhow::anyhow!("temporary files go to {} already", other.display())
                })?;
                PATH.get_or_init(|| path).clone()
            }
        };
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        *engines += 1;
        Ok(Folder(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let mut engines = engines();
        *engines -= 1;
        if *engines == 0 {
            // What cannot be removed now, the next session sweeps up.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn engines() -> MutexGuard<'static, usize> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}
