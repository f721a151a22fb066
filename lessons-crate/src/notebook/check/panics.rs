//! Runs a learner's function without letting a panic through, or its message onto the screen.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What the function returned, or the message of its panic.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    result.map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}

/// Whether a panic comes from `todo!()` or `unimplemented!()`.
pub fn is_unfinished(message: &str) -> bool {
    message.starts_with("not yet implemented") || message.starts_with("not implemented")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_caught_with_their_messages() {
        assert_eq!(caught(|| 1), Ok(1));
        assert_eq!(
            caught(|| -> () { panic!("index {}", 3) }),
            Err("index 3".to_owned())
        );
        let unfinished = |run: fn()| is_unfinished(&caught(run).unwrap_err());
        assert!(
            unfinished(|| todo!())
                && unfinished(|| todo!("the relu"))
                && unfinished(|| unimplemented!())
        );
        assert!(!unfinished(|| panic!("at the disco")));
    }
}
