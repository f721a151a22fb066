//! Functions that are called when something changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::notebook::comm::caught;

/// One function. While it runs, further calls are put together into one that follows.
pub(super) struct Listener {
    call: Mutex<Box<dyn FnMut() + Send>>,
    due: AtomicBool,
}

impl Listener {
    pub fn new(call: impl FnMut() + Send + 'static) -> Arc<Listener> {
        Arc::new(Listener {
            call: Mutex::new(Box::new(call)),
            due: AtomicBool::new(false),
        })
    }

    /// Calls the function, on this thread, unless it is running already: then whoever runs it
    /// calls it once more. A panic has been printed by the panic hook and ends here.
    pub fn call(&self) {
        self.due.store(true, Ordering::SeqCst);
        while self.due.load(Ordering::SeqCst) {
            let mut call = match self.call.try_lock() {
                Ok(call) => call,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            while self.due.swap(false, Ordering::SeqCst) {
                let _ = caught(&mut *call);
            }
        }
    }
}

/// A widget's listeners, called in the order in which they came.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<Arc<Listener>>>);

impl Listeners {
    pub fn add(&self, listener: Arc<Listener>) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(listener);
    }

    pub fn call(&self) {
        let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let listeners = listeners.clone();
        for listener in listeners {
            listener.call();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_call_from_within_follows_afterwards() {
        static OWN: OnceLock<Arc<Listener>> = OnceLock::new();
        static DEPTH: AtomicUsize = AtomicUsize::new(0);
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let listener = OWN.get_or_init(|| {
            Listener::new(|| {
                assert_eq!(DEPTH.fetch_add(1, Ordering::SeqCst), 0);
                if CALLS.fetch_add(1, Ordering::SeqCst) == 0 {
                    let own = OWN.get().unwrap();
                    own.call();
                    own.call();
                }
                DEPTH.fetch_sub(1, Ordering::SeqCst);
            })
        });
        listener.call();
        assert_eq!(CALLS.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_panic_costs_neither_the_listener_nor_the_next_one() {
        let calls = Arc::new(AtomicUsize::new(0));
        let listeners = Listeners::default();
        for _ in 0..2 {
            let calls = calls.clone();
            listeners.add(Listener::new(move || {
                calls.fetch_add(1, Ordering::SeqCst);
                panic!("this panic is part of the test");
            }));
        }
        listeners.call();
        listeners.call();
        assert_eq!(calls.load(Ordering::SeqCst), 4);
    }
}
