//! What samples say: quantiles, intervals by bootstrap, scatter.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How often samples are drawn anew for an interval.
const RESAMPLES: usize = 400;
/// The share of resamples that an interval leaves out, half of it at each end.
const LEFT_OUT: f64 = 0.05;

/// A range that holds the true value with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Whether the value lies in the interval, its ends included.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The value below which this share of samples in ascending order lies, interpolated linearly
/// between the two nearest ones: type 7 of Hyndman and Fan (1996). `None` where there are no samples.
pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    Some(between(low, high, place.fract()))
}

/// The same of samples in any order. NaN where there are none.
pub(super) fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut samples = samples.to_vec();
    select_quantile(&mut samples, share)
}

/// [`quantile`], for samples whose order does not matter afterwards.
fn select_quantile(samples: &mut [f64], share: f64) -> f64 {
    let Some(last) = samples.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (_, low, above) = samples.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
    let low = *low;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) => between(low, high, place.fract()),
        None => low,
    }
}

/// From `low` at 0 to `high` at 1, without overflow.
fn between(low: f64, high: f64, part: f64) -> f64 {
    low * (1.0 - part) + high * part
}

/// The standard deviation as a share of the mean: of the sample, with n - 1. 0 for fewer than two.
pub(super) fn coefficient_of_variation(samples: &[f64]) -> f64 {
    let count = samples.len() as f64;
    if samples.len() < 2 {
        return 0.0;
    }
    let mean = samples.iter().sum::<f64>() / count;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt() / mean
}

/// The interval of the median by the percentile bootstrap (Efron, 1979), from a fixed seed.
pub(super) fn median_interval(samples: &[f64]) -> Interval {
    let mut generator = StdRng::seed_from_u64(0);
    let medians = (0..RESAMPLES).map(|_| resampled_median(samples, &mut generator));
    interval(medians.collect())
}

/// The interval of the quotient of two medians, each resampled by itself.
pub(super) fn ratio_interval(above: &[f64], below: &[f64]) -> Interval {
    let mut generator = StdRng::seed_from_u64(0);
    let ratios = (0..RESAMPLES)
        .map(|_| resampled_median(above, &mut generator) / resampled_median(below, &mut generator));
    interval(ratios.collect())
}

fn resampled_median(samples: &[f64], generator: &mut StdRng) -> f64 {
    let draw = |_| samples[generator.random_range(0..samples.len())];
    let mut drawn: Vec<f64> = (0..samples.len()).map(draw).collect();
    select_quantile(&mut drawn, 0.5)
}

fn interval(values: Vec<f64>) -> Interval {
    Interval {
        low: quantile(&values, LEFT_OUT / 2.0),
        high: quantile(&values, 1.0 - LEFT_OUT / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let samples = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&samples, 0.0), 1.0);
        assert_eq!(quantile(&samples, 0.5), 2.5);
        assert_eq!(quantile(&samples, 1.0), 4.0);
        assert_eq!(quantile_of_sorted(&[1.0, 2.0, 3.0, 4.0], 0.25), Some(1.75));
        assert!(quantile(&[], 0.5).is_nan() && quantile_of_sorted(&[], 0.5).is_none());
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_samples() {
        let mut generator = StdRng::seed_from_u64(7);
        for count in 1..40 {
            let samples: Vec<f64> = (0..count)
                .map(|_| generator.random_range(0.0..1.0))
                .collect();
            let mut sorted = samples.clone();
            sorted.sort_by(f64::total_cmp);
            for share in [0.0, 0.1, 0.5, 0.95, 0.99, 1.0] {
                assert_eq!(
                    Some(quantile(&samples, share)),
                    quantile_of_sorted(&sorted, share)
                );
            }
        }
    }

    #[test]
    fn scatter_is_a_share_of_the_mean() {
        assert_eq!(coefficient_of_variation(&[2.0, 2.0, 2.0]), 0.0);
        assert_eq!(coefficient_of_variation(&[5.0]), 0.0);
        let apart = coefficient_of_variation(&[1.0, 3.0]);
        assert!((apart - 2f64.sqrt() / 2.0).abs() < 1e-12, "{apart}");
    }

    /// Of 200 sets of samples from a known distribution, about 95 % of the intervals hold its median.
    #[test]
    fn intervals_hold_the_true_median_about_as_often_as_they_say() {
        let mut generator = StdRng::seed_from_u64(3);
        let held = (0..200)
            .filter(|_| {
                let samples: Vec<f64> = (0..31)
                    .map(|_| -generator.random_range(f64::MIN_POSITIVE..1.0).ln())
                    .collect();
                median_interval(&samples).holds(2f64.ln())
            })
            .count();
        assert!((180..=199).contains(&held), "{held} of 200");
    }

    #[test]
    fn intervals_of_ratios_hold_the_ratio_and_tell_equal_ones_from_different_ones() {
        let samples = |scale: f64| -> Vec<f64> {
            (0..50)
                .map(|n| scale * (1.0 + 0.1 * f64::from(n % 7)))
                .collect()
        };
        let twice = ratio_interval(&samples(2.0), &samples(1.0));
        assert!(twice.holds(2.0) && !twice.holds(1.0), "{twice:?}");
        assert!(ratio_interval(&samples(1.0), &samples(1.0)).holds(1.0));
    }
}
