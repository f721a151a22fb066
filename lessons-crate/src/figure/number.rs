//! Numbers as people read them, the same on every machine.

/// A number at `digits` significant digits at most: `0.125`, `1234`, `1.5e7`, `NaN`, `∞`.
pub fn short(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    let rounded: f64 = format!("{value:.*e}", digits.max(1) - 1)
        .parse()
        .unwrap_or(value);
    let size = rounded.abs();
    if rounded == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e5).contains(&size) {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

/// A count with its thousands apart: `1 234 567`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of bytes in units of a thousand: `12.3 kB`.
pub fn bytes(count: f64) -> String {
    scaled(count, &["B", "kB", "MB", "GB", "TB"])
}

/// A number with the unit that leaves few digits before the point, each a thousand times the one
/// before.
pub(super) fn scaled(mut value: f64, units: &[&str]) -> String {
    let (mut unit, mut rest) = match units.split_first() {
        Some((first, rest)) => (*first, rest),
        None => return short(value, 3),
    };
    // What would be rounded to a thousand is one of the next unit.
    while value.abs() >= 999.5
        && let Some((next, larger)) = rest.split_first()
    {
        value /= 1000.0;
        (unit, rest) = (*next, larger);
    }
    format!("{} {unit}", short(value, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_significant_digits() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.123_456, "0.1235"),
            (123_456.0, "1.235e5"),
            (-2.5, "-2.5"),
            (1.5e-7, "1.5e-7"),
            (6.02e23, "6.02e23"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-∞"),
        ];
        for (value, shown) in cases {
            assert_eq!(short(value, 4), shown);
        }
    }

    #[test]
    fn bytes_take_the_unit_that_fits() {
        let shown = [0.0, 999.0, 999.6, 12_345.0, 3.2e9, 5e16].map(bytes);
        assert_eq!(
            shown,
            ["0 B", "999 B", "1 kB", "12.3 kB", "3.2 GB", "50000 TB"]
        );
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1\u{202f}000");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
