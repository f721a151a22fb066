//! The variables that live between cells: name to boxed value.
//!
//! What is generic here is compiled anew in every cell, so it only calls functions that are not.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

struct Slot {
    value: Box<dyn Any>,
    type_name: &'static str,
}

struct Slots(BTreeMap<String, Slot>);

// SAFETY: only the one thread that runs cells takes, keeps and drops values.
unsafe impl Send for Slots {}

static SLOTS: Mutex<Slots> = Mutex::new(Slots(BTreeMap::new()));

fn slots() -> MutexGuard<'static, Slots> {
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first of `names` that holds no value.
pub(crate) fn missing<'n>(names: &[&'n str]) -> Option<&'n str> {
    let slots = slots();
    names.iter().copied().find(|name| !slots.0.contains_key(*name))
}

pub(crate) fn names() -> Vec<String> {
    slots().0.keys().cloned().collect()
}

/// Drops variables.
pub(crate) fn forget(names: &[&str]) {
    for name in names {
        let slot = slots().0.remove(*name);
        // Dropped without the lock: a destructor may do anything.
        drop(slot);
    }
}

/// Moves a variable out of the store.
///
/// # Panics
/// When there is no such variable, or it has another type; the kernel asks for neither.
pub fn take<T: Any>(name: &str) -> T {
    let value = take_unchecked(name, TypeId::of::<T>(), type_name::<T>());
    // SAFETY: `take_unchecked` has compared the types, and the box was `keep`'s.
    unsafe { *Box::from_raw(value.cast::<T>()) }
}

/// The pointer of the box that holds the variable, which is of the type `wanted`.
#[inline(never)]
fn take_unchecked(name: &str, wanted: TypeId, wanted_name: &str) -> *mut () {
    let slot = slots().0.remove(name);
    let Some(Slot { value, type_name: stored }) = slot else {
        panic!("the variable `{name}` is not in the store");
    };
    // Equal names with unequal ids: the value was stored before some type of the notebook was
    // redefined, which gives every later cell a new crate id. The kernel drops each variable whose
    // type depends on a redefined item, so both types come from the same source text, and rustc lays
    // them out alike.
    if (*value).type_id() == wanted || stored == wanted_name {
        return Box::into_raw(value).cast();
    }
    slots().0.insert(name.into(), Slot { value, type_name: stored });
    panic!("the variable `{name}` has the type `{stored}`, not `{wanted_name}`");
}

/// Moves a variable into the store; what was there under its name is dropped.
pub fn keep<T: Any>(name: &str, value: T) {
    keep_boxed(name, Box::new(value), type_name::<T>());
}

#[inline(never)]
fn keep_boxed(name: &str, value: Box<dyn Any>, type_name: &'static str) {
    let old = slots().0.insert(name.to_owned(), Slot { value, type_name });
    // Dropped without the lock: a destructor may do anything.
    drop(old);
}
