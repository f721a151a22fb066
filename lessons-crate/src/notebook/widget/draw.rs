//! What can be shown in an area.

use std::fmt::Display;

use crate::figure::Show;
use crate::figure::svg::escape;
use crate::notebook::Bundle;

/// A figure or whatever draws itself as one, a text, a bundle, or a result of one of these.
pub trait Draw {
    fn bundle(&self) -> Bundle;
}

impl<T: Show> Draw for T {
    fn bundle(&self) -> Bundle {
        self.figure().bundle()
    }
}

impl Draw for str {
    fn bundle(&self) -> Bundle {
        Bundle::text(self)
    }
}

impl Draw for &str {
    fn bundle(&self) -> Bundle {
        Bundle::text(*self)
    }
}

impl Draw for String {
    fn bundle(&self) -> Bundle {
        Bundle::text(self)
    }
}

impl Draw for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

/// An error is shown in the figure's place.
impl<T: Draw, E: Display> Draw for Result<T, E> {
    fn bundle(&self) -> Bundle {
        match self {
            Ok(drawn) => drawn.bundle(),
            Err(error) => failure(&error.to_string()),
        }
    }
}

/// Says that something went wrong, so that screen readers say it, too.
pub(super) fn failure(message: &str) -> Bundle {
    let html = format!("<pre role=\"alert\">{}</pre>", escape(message));
    Bundle::text(message).with("text/html", html)
}
