//! A thread with a runtime of its own, for what must be answered however busy the rest is.

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Runs tasks on one thread until it is dropped.
pub struct Lane {
    handle: Handle,
    /// Ends the thread when it goes.
    _end: oneshot::Sender<()>,
}

impl Lane {
    /// # Errors
    /// When the thread can't be started.
    pub fn start(name: &str) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                let _ = runtime.block_on(ended);
                runtime.shutdown_background();
            })?;
        Ok(Self { handle, _end: end })
    }

    /// Tasks spawned here, and those that they spawn, run on this thread.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}
