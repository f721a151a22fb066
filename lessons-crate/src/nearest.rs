//! The known name that was probably meant.

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
