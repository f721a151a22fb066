//! A logarithmic axis whose ticks are round numbers, however few decades it covers.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// Within one decade: what stands between its powers of ten.
const WITHIN: [&[f64]; 4] = [
    &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 3.0],
    &[1.0],
];
/// Between ends whose quotient is less than this, ticks stand at equal steps.
const NARROW: f64 = 3.0;

/// An axis from one number above zero to another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LogAxis {
    range: Range<f64>,
}

impl LogAxis {
    pub fn over(range: Range<f64>) -> LogAxis {
        LogAxis { range }
    }

    fn holds(&self, value: f64) -> bool {
        // A tick at the very end must not be lost to rounding.
        value >= self.range.start * (1.0 - 1e-9) && value <= self.range.end * (1.0 + 1e-9)
    }

    /// As many round numbers as fit, and at least two wherever the axis has them.
    fn ticks(&self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        if self.range.end / self.range.start < NARROW {
            return self.even_ticks(most);
        }
        let decades =
            self.range.start.log10().floor() as i32..=self.range.end.log10().ceil() as i32;
        let ticks = |within: &[f64], every: i32| -> Vec<f64> {
            let powers = decades.clone().filter(|power| power.rem_euclid(every) == 0);
            let values = powers.flat_map(|power| within.iter().map(move |at| scaled(*at, power)));
            values.filter(|value| self.holds(*value)).collect()
        };
        let dense = WITHIN.iter().map(|within| ticks(within, 1));
        let sparse = (2..400).map(|every| ticks(&[1.0], every));
        dense
            .chain(sparse)
            .find(|ticks| ticks.len() <= most)
            .filter(|ticks| ticks.len() >= 2)
            .unwrap_or_else(|| vec![self.range.start, self.range.end])
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn even_ticks(&self, most: usize) -> Vec<f64> {
        let span = self.range.end - self.range.start;
        let rough = (span / most as f64).log10().floor() as i32;
        let multiples = (rough..rough + 3).flat_map(|power| [1.0, 2.0, 5.0].map(|at| (at, power)));
        for (multiple, power) in multiples {
            let step = scaled(multiple, power);
            let first = (self.range.start / step).ceil();
            let count = (self.range.end / step).floor() - first;
            if (0.0..most as f64).contains(&count) {
                let places = 0..=count as usize;
                return places
                    .map(|at| scaled((first + at as f64) * multiple, power))
                    .collect();
            }
        }
        vec![self.range.start, self.range.end]
    }
}

/// `at · 10^power`, as the number that is written so.
fn scaled(at: f64, power: i32) -> f64 {
    format!("{at}e{power}").parse().unwrap_or(f64::NAN)
}

impl Ranged for LogAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        // Quotients of numbers far apart overflow, their logarithms do not.
        let [start, end] = [self.range.start, self.range.end].map(f64::ln);
        let part = (value.ln() - start) / (end - start);
        let part = if part.is_finite() { part } else { 0.0 };
        from + (f64::from(to - from) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.max_num_points() {
            0 => Vec::new(),
            most => self.ticks(most),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(from: f64, to: f64) -> Vec<f64> {
        LogAxis::over(from..to).ticks(7)
    }

    #[test]
    fn ticks_are_round_numbers_over_any_range() {
        assert_eq!(ticks(1.0, 1e6).len(), 7);
        assert_eq!(ticks(3.0, 250.0), [5.0, 10.0, 20.0, 50.0, 100.0, 200.0]);
        assert_eq!(ticks(0.95, 5.5), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(ticks(1e-3, 1e3).len(), 7);
        assert_eq!(ticks(1.0, 1.3), [1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3]);
    }

    #[test]
    fn every_axis_has_a_few_ticks_in_order() {
        for decades in [
            0.01, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 8.0, 40.0, 300.0,
        ] {
            for start in [1e-3, 0.7, 3.3, 8.0, 12_345.0] {
                let axis = LogAxis::over(start..start * 10f64.powf(decades));
                let ticks = axis.ticks(7);
                assert!((2..=7).contains(&ticks.len()), "{axis:?}: {ticks:?}");
                assert!(
                    ticks.is_sorted() && ticks.iter().all(|tick| axis.holds(*tick)),
                    "{axis:?}: {ticks:?}"
                );
            }
        }
    }

    #[test]
    fn equal_quotients_are_equally_far_apart() {
        let axis = LogAxis::over(1.0..10_000.0);
        let at = |value: f64| axis.map(&value, (100, 500));
        assert_eq!(
            [1.0, 10.0, 100.0, 1000.0, 1e4].map(at),
            [100, 200, 300, 400, 500]
        );
        assert_eq!(axis.map(&100.0, (500, 100)), 300);
    }
}
