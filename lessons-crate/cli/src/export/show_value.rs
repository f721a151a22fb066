//! Shows the value at the end of a notebook cell: what draws itself does, anything else prints its
//! `Debug` form.

#![allow(dead_code)]

use std::fmt::{self, Debug};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// Shows a value, without moving it.
macro_rules! show_value {
    ($value:expr) => {
        match &($value) {
            value => {
                #[allow(unused_imports)]
                use $crate::show_value::{Fallback as _, Peel as _, PeelOne as _, Wrap};
                (&&Wrap((&&Wrap(value)).peel())).peel().evcxr_display()
            }
        }
    };
}

/// At the end of a notebook cell, numbers whose type nothing decides become `i32` and `f64`.
#[allow(unused_macros)]
macro_rules! settle {
    ($($name:ident),*) => {{
        #[allow(unused_imports)]
        use $crate::show_value::{Leave as _, Settle as _, Wrap};
        $( (&Wrap(&$name)).settle(); )*
    }};
}

/// A borrowed value whose type method lookup is asked about.
pub struct Wrap<'a, T: ?Sized>(pub &'a T);

/// Looks through one reference or smart pointer.
pub trait PeelOne<'a> {
    type Inner: ?Sized;
    fn peel(&self) -> &'a Self::Inner;
}

macro_rules! peel_one {
    ($($pointer:ty),*) => {$(
        impl<'a, T: ?Sized> PeelOne<'a> for &Wrap<'a, $pointer> {
            type Inner = T;
            fn peel(&self) -> &'a T {
                self.0
            }
        }
    )*};
}

peel_one!(&'a T, &'a mut T, Box<T>, Rc<T>, Arc<T>);

/// Anything else is its own core.
pub trait Peel<'a> {
    type Inner: ?Sized;
    fn peel(&self) -> &'a Self::Inner;
}

impl<'a, T: ?Sized> Peel<'a> for Wrap<'a, T> {
    type Inner = T;
    fn peel(&self) -> &'a T {
        self.0
    }
}

/// What has no `evcxr_display` of its own: method lookup comes here last.
pub trait Fallback {
    type Value: ?Sized;
    fn evcxr_display(&self)
    where
        Self::Value: Debug;
}

impl<T: ?Sized> Fallback for &T {
    type Value = T;
    fn evcxr_display(&self)
    where
        T: Debug,
    {
        if std::any::type_name::<T>() == "()" {
            return;
        }
        let line = format!("{self:?}");
        if line.len() <= 80 && !line.contains('\n') {
            println!("{line}");
        } else {
            println!("{self:#?}");
        }
    }
}

/// Types whose numbers are `i32` and `f64`.
pub trait Settled {}

macro_rules! settled {
    ($($name:ty),*) => {$( impl Settled for $name {} )*};
}

settled!(i32, f64, bool, char, String, &str);
impl<T: Settled> Settled for Vec<T> {}
impl<T: Settled> Settled for Option<T> {}
impl<T: Settled, const N: usize> Settled for [T; N] {}
impl<A: Settled, B: Settled> Settled for (A, B) {}
impl<A: Settled, B: Settled, C: Settled> Settled for (A, B, C) {}
impl<K: Settled, V: Settled> Settled for std::collections::HashMap<K, V> {}
impl<K: Settled, V: Settled> Settled for std::collections::BTreeMap<K, V> {}

/// Method lookup comes here first, and makes undecided numbers `i32` and `f64` for it.
pub trait Settle {
    fn settle(&self) {}
}

impl<T: Settled> Settle for Wrap<'_, T> {}

/// Any other type stays what it is.
pub trait Leave {
    fn settle(&self) {}
}

impl<T: ?Sized> Leave for &Wrap<'_, T> {}

/// What `?` makes of an error: its text, and where it was raised.
pub struct Failure {
    message: String,
    location: &'static Location<'static>,
}

impl<E: fmt::Display> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Failure {
            message: format!("{error:#}"),
            location: Location::caller(),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  at {}", self.message, self.location)
    }
}
