//! What was probably meant by a name that is not known.

use crate::bench::error::BenchError;
use crate::nearest::nearest;

/// An error of the TOML reader, with the name that was probably meant.
///
/// The reader says ``unknown field `x`, expected one of `a`, `b` `` and the like: the first name in
/// back quotes is the one that is not known, and the others are those that are.
pub fn with_suggestion(error: &toml::de::Error) -> BenchError {
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    let suggestion = match message.starts_with("unknown ") {
        true => names.next().and_then(|name| nearest(name, names)),
        false => None,
    };
    let what = error.to_string();
    let what = what.trim_end();
    match suggestion {
        Some(name) => BenchError::new(format!("{what}; did you mean `{name}`?")),
        None => BenchError::new(what),
    }
}
