//! Numbers in order: quantiles, and what has no place among them.

use candle_core::Tensor;
use rayon::slice::ParallelSliceMut;

use crate::bench::quantile_of_sorted;
use crate::figure::error::FigureError;
use crate::figure::heat_map::values_of;
use crate::figure::number::{grouped, short};

/// The finite ones of some values in ascending order, and how many others there were.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub sorted: Vec<f64>,
    pub nans: usize,
    pub infinite: usize,
}

impl Sample {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Sample {
        let (mut nans, mut infinite) = (0, 0);
        let mut sorted: Vec<f64> = values
            .into_iter()
            .inspect(|value| {
                nans += usize::from(value.is_nan());
                infinite += usize::from(value.is_infinite());
            })
            .filter(|value| value.is_finite())
            .collect();
        sorted.par_sort_unstable_by(f64::total_cmp);
        Sample {
            sorted,
            nans,
            infinite,
        }
    }

    /// All elements of a tensor.
    pub fn of_tensor(tensor: &Tensor) -> Result<Sample, FigureError> {
        Ok(Sample::of(values_of(tensor)?))
    }

    pub fn least(&self) -> Option<f64> {
        self.sorted.first().copied()
    }

    pub fn greatest(&self) -> Option<f64> {
        self.sorted.last().copied()
    }

    /// The value below which a part from 0 to 1 of the values lies; `None` where there is no value.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        quantile_of_sorted(&self.sorted, part)
    }

    /// `3 NaN and 1 infinite are not drawn`; `None` where all are.
    pub fn left_out(&self) -> Option<String> {
        let counts = [(self.nans, "NaN"), (self.infinite, "infinite")];
        let words: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{} {name}", grouped(count)))
            .collect();
        let verb = if self.nans + self.infinite == 1 {
            "is"
        } else {
            "are"
        };
        (!words.is_empty()).then(|| format!("{} {verb} not drawn", words.join(" and ")))
    }
}

/// The quantiles that text twins list.
pub(super) const QUANTILES: [(f64, &str); 9] = [
    (0.0, "least"),
    (0.01, "1 %"),
    (0.05, "5 %"),
    (0.25, "25 %"),
    (0.5, "median"),
    (0.75, "75 %"),
    (0.95, "95 %"),
    (0.99, "99 %"),
    (1.0, "greatest"),
];

/// One row a quantile and one column a sample; below them what is not drawn.
pub(super) fn table(samples: &[(String, &Sample)]) -> Vec<Vec<String>> {
    let row = |name: &str, cell: &dyn Fn(&Sample) -> String| {
        let cells = samples.iter().map(|(_, sample)| cell(sample));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let names = samples.iter().map(|(name, _)| name.clone());
    let mut rows: Vec<Vec<String>> = vec![
        std::iter::once("quantile".to_owned())
            .chain(names)
            .collect(),
        row("values", &|sample| grouped(sample.sorted.len())),
    ];
    for (part, name) in QUANTILES {
        rows.push(row(name, &|sample| {
            sample
                .quantile(part)
                .map_or("–".to_owned(), |value| short(value, 4))
        }));
    }
    if samples.iter().any(|(_, sample)| sample.nans > 0) {
        rows.push(row("NaN", &|sample| grouped(sample.nans)));
    }
    if samples.iter().any(|(_, sample)| sample.infinite > 0) {
        rows.push(row("infinite", &|sample| grouped(sample.infinite)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        let sample = Sample::of([4.0, 1.0, f64::NAN, 3.0, 2.0, f64::NEG_INFINITY]);
        assert_eq!(sample.quantile(0.5), Some(2.5));
        assert_eq!(sample.quantile(0.0), Some(1.0));
        assert_eq!(sample.quantile(1.0), Some(4.0));
        assert_eq!(
            sample.left_out().unwrap(),
            "1 NaN and 1 infinite are not drawn"
        );
        assert_eq!(Sample::of([]).quantile(0.5), None);
        let huge = Sample::of([-f64::MAX, f64::MAX]);
        assert_eq!(huge.quantile(0.5), Some(0.0));
    }
}
