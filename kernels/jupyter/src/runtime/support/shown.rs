//! How the value of a cell's last expression is shown.
//!
//! The generated code reads `(&&Wrap(value)).peel()…​.evcxr_display()`. Method lookup tries `&T` before
//! `&&T`, so a type's own `evcxr_display` (its own method, or one of a trait in scope) wins over
//! [`Fallback`], which stands one reference further out and prints `Debug`. One build decides.

use std::fmt::{self, Debug, Write as _};
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use crate::mark;

/// A borrowed value whose type is to be freed of references and boxes.
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

/// Shows a value without a picture of its own through `Debug`.
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
        print_debug(&self, std::any::type_name::<T>());
    }
}

/// Shows a value of a type that only the end of the cell decides (`1 + x` of a closure's `x`).
pub fn show_by_debug<T: Debug>(value: &T) {
    (&value).evcxr_display();
}

/// Marks what is displayed while this lives as the cell's result.
pub struct Showing(());

impl Showing {
    #[allow(clippy::new_without_default)]
    #[inline(never)]
    pub fn new() -> Self {
        put("result");
        Showing(())
    }
}

impl Drop for Showing {
    #[inline(never)]
    fn drop(&mut self) {
        put("shown");
    }
}

fn put(word: &str) {
    // A closed standard output is the cell's own doing.
    let _ = writeln!(std::io::stdout(), "{}{word}", mark());
}

/// Characters up to which a value stands on one line.
const LINE: usize = 80;
/// Bytes after which a value is cut.
const LONGEST: usize = 1 << 20;

#[inline(never)]
fn print_debug(value: &dyn Debug, type_name: &str) {
    if type_name == "()" {
        return;
    }
    let mut text = Limited { text: String::new(), limit: LINE };
    let fits = write!(text, "{value:?}").is_ok() && !text.text.contains('\n');
    let text = if fits {
        text.text
    } else {
        let mut pretty = Limited { text: String::new(), limit: LONGEST };
        if write!(pretty, "{value:#?}").is_err() {
            pretty.text.push_str("\n… cut after 1 MiB");
        }
        pretty.text
    };
    let mut out = std::io::stdout().lock();
    // A closed standard output is the cell's own doing.
    let _ = write!(out, "{}text:{}\n{text}", mark(), text.len());
}

/// Text that refuses to grow past a limit, so that showing a large value costs little.
struct Limited {
    text: String,
    limit: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.text.len() + part.len() > self.limit {
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}
