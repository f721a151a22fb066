//! What was probably meant by a name that is not known.

use crate::bench::error::BenchError;

/// The known name that is most like this one, if one is like it at all.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    known
        .into_iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_suggested() {
        let known = ["threads", "tolerance", "name"];
        assert_eq!(nearest("tread", known), Some("threads"));
        assert_eq!(nearest("tolerence", known), Some("tolerance"));
        assert_eq!(nearest("colour", known), None);
    }
}
