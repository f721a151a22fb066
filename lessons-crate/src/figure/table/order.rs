//! The order of a table's rows: numbers by size, text as people sort it.

use std::cmp::Ordering;

/// Compares two cells: numbers with their units, before text; empty cells and NaN after all else.
/// Digits within text count as numbers, so that `layer 2` comes before `layer 10`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let [(rank_a, number_a), (rank_b, number_b)] = [a, b].map(rank);
    rank_a
        .cmp(&rank_b)
        .then_with(|| number_a.total_cmp(&number_b))
        .then_with(|| natural(a, b))
}

/// Whether the cell belongs to the last ones, whichever way rows are sorted.
pub(super) fn is_last(cell: &str) -> bool {
    rank(cell).0 == Rank::Nothing
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Number,
    Text,
    Nothing,
}

fn rank(cell: &str) -> (Rank, f64) {
    match quantity(cell) {
        Some(number) if number.is_nan() => (Rank::Nothing, 0.0),
        Some(number) => (Rank::Number, number),
        None if cell.trim().is_empty() => (Rank::Nothing, 0.0),
        None => (Rank::Text, 0.0),
    }
}

/// What a cell such as `-1.5`, `12 345`, `12.3 kB`, `840 µs`, `5.3 ×` or `34 %` measures, in the base
/// unit. `None` for text.
fn quantity(cell: &str) -> Option<f64> {
    let cell = cell.trim().trim_start_matches(['<', '×', '+']).trim_start();
    let (sign, digits) = match cell.strip_prefix(['-', '−']) {
        Some(digits) => (-1.0, digits),
        None => (1.0, cell),
    };
    match digits {
        "∞" => return Some(sign * f64::INFINITY),
        "NaN" => return Some(f64::NAN),
        _ => {}
    }
    let is_digit = |c: char| c.is_ascii_digit() || c == '.' || c == '\u{202f}';
    let mut end = digits.find(|c| !is_digit(c)).unwrap_or(digits.len());
    if let Some(power) = digits[end..].strip_prefix('e') {
        let more = power.find(|c: char| !(c.is_ascii_digit() || c == '-'));
        end += 1 + more.unwrap_or(power.len());
    }
    let number: f64 = digits[..end].replace('\u{202f}', "").parse().ok()?;
    Some(sign * number * scale(digits[end..].trim())?)
}

/// What a unit is worth in its base unit; `None` where it is none.
fn scale(unit: &str) -> Option<f64> {
    const UNITS: [&str; 8] = ["", "s", "B", "FLOP", "B/s", "FLOP/s", "×", "%"];
    if UNITS.contains(&unit) {
        return Some(1.0);
    }
    let prefixes = [
        ("n", 1e-9),
        ("µ", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
    ];
    let (rest, worth) = prefixes
        .into_iter()
        .find_map(|(prefix, worth)| Some((unit.strip_prefix(prefix)?, worth)))?;
    UNITS.contains(&rest).then_some(worth)
}

/// Compares runs of digits as numbers and everything else letter by letter.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) else {
            return a.len().cmp(&b.len());
        };
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let (run, rest) = digits(a);
            let (other, other_rest) = digits(b);
            let order = run.len().cmp(&other.len()).then_with(|| run.cmp(other));
            if order.is_ne() {
                return order;
            }
            (a, b) = (rest, other_rest);
        } else if first != second {
            return first.cmp(&second);
        } else {
            (a, b) = (&a[first.len_utf8()..], &b[second.len_utf8()..]);
        }
    }
}

/// The digits that text starts with, without leading zeros, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_what_they_measure() {
        let ascending = [
            "-∞",
            "−2.5 kB",
            "-3",
            "800 ns",
            "2 µs",
            "1.5 ms",
            "0.5 %",
            "3",
            "12\u{202f}345",
            "12.5 kB",
            "1 MB",
            "1e7",
            "2 GFLOP/s",
            "∞",
        ];
        let values = ascending.map(|cell| quantity(cell).unwrap());
        assert!(values.is_sorted(), "{values:?}");
        assert_eq!(quantity("< 0.1 %"), Some(0.1));
        assert_eq!(quantity("5.3 ×"), Some(5.3));
        for text in ["layer 3", "3 layers", "", "e5", "%12", "1.2.3"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn text_is_sorted_as_people_do() {
        let mut cells = [
            "layer 10",
            "layer 2",
            "layer 02b",
            "",
            "7",
            "add",
            "NaN",
            "1 kB",
        ];
        cells.sort_by(|a, b| compare(a, b));
        assert_eq!(
            cells,
            [
                "7",
                "1 kB",
                "add",
                "layer 2",
                "layer 02b",
                "layer 10",
                "",
                "NaN"
            ]
        );
    }
}
