//! The range of a slider, checked.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use super::error::WidgetError;
use super::number::Number;

/// Whole numbers beyond this, 2⁵³, are not exact in the frontend.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A range with a step, in the frontend's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub low: f64,
    pub high: f64,
    pub step: f64,
    pub whole: bool,
}

impl Span {
    /// Checks the range and the step; without a step, whole numbers go by 1 and others by a
    /// hundredth of the range.
    ///
    /// # Errors
    /// When the range is empty, not finite or too wide, or the step is not positive.
    pub fn new<T: Number>(
        name: &str,
        range: &RangeInclusive<T>,
        step: Option<T>,
    ) -> Result<Span, WidgetError> {
        let (low, high) = (range.start().to_f64(), range.end().to_f64());
        let shown = format!("{:?}..={:?}", range.start(), range.end());
        let wrong = |what: String| WidgetError::new(format!("the slider {name:?}: {what}"));
        if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
            return Err(wrong(format!("its range {shown} is not finite"))
                .help("a range between two ordinary numbers, such as 0.0..=1.0"));
        }
        if low >= high {
            let help = if low > high {
                format!(
                    "the smaller end first: {:?}..={:?}",
                    range.end(),
                    range.start()
                )
            } else {
                "an end that is larger than the start".to_owned()
            };
            return Err(wrong(format!("its range {shown} leaves nothing to choose")).help(help));
        }
        if T::WHOLE && (low.abs() > EXACT || high.abs() > EXACT) {
            return Err(wrong(format!("its range {shown} goes beyond 2^53"))
                .help("smaller numbers: the browser cannot tell larger ones apart"));
        }
        let step_or_default = match step {
            Some(step) => step.to_f64(),
            None if T::WHOLE => 1.0,
            None => (high - low) / 100.0,
        };
        if !(step_or_default > 0.0 && step_or_default <= high - low) {
            return Err(wrong(format!(
                "its step {step_or_default} does not fit the range {shown}"
            ))
            .help(format!("a step above 0 and up to {}", high - low)));
        }
        Ok(Span {
            low,
            high,
            step: step_or_default,
            whole: T::WHOLE,
        })
    }

    /// # Errors
    /// When the number is outside the range.
    pub fn check<T: Number>(&self, name: &str, number: T) -> Result<f64, WidgetError> {
        let value = number.to_f64();
        if self.low <= value && value <= self.high {
            return Ok(value);
        }
        let what = format!("the slider {name:?}: {number:?} is not in {}", self.shown());
        Err(WidgetError::new(what).help("a value in the range, or a wider range"))
    }

    /// The nearest number in the range.
    pub fn clamp(&self, number: f64) -> f64 {
        let number = if self.whole { number.round() } else { number };
        number.clamp(self.low, self.high)
    }

    pub fn shown(&self) -> impl Debug + std::fmt::Display {
        format!("{}..={}", self.low, self.high)
    }

    /// "from 2 to 8 in steps of 1"
    pub fn words(&self) -> String {
        format!(
            "from {} to {} in steps of {}",
            self.low, self.high, self.step
        )
    }

    /// How the frontend writes the number beside the slider, in d3's language.
    pub fn readout(&self) -> String {
        if self.whole {
            return "d".to_owned();
        }
        let digits = (-self.step.log10()).ceil().clamp(0.0, 12.0);
        format!(".{digits}f")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_leave_no_choice_are_refused_with_advice() {
        let text = |result: Result<Span, WidgetError>| result.unwrap_err().to_string();
        #[expect(clippy::reversed_empty_ranges)]
        let reversed = text(Span::new("bits", &(8..=2), None));
        assert!(
            reversed.contains("\"bits\"") && reversed.contains("2..=8"),
            "{reversed}"
        );
        assert!(text(Span::new("x", &(1.0..=1.0), None)).contains("larger"));
        assert!(text(Span::new("x", &(0.0..=f64::NAN), None)).contains("finite"));
        assert!(text(Span::new("x", &(f64::MIN..=f64::MAX), None)).contains("finite"));
        assert!(text(Span::new("n", &(0..=i64::MAX), None)).contains("2^53"));
        assert!(text(Span::new("n", &(0..=3), Some(4))).contains("up to 3"));
        assert!(text(Span::new("n", &(0..=3), Some(0))).contains("above 0"));
    }

    #[test]
    fn steps_and_readouts_follow_the_range() {
        let span = Span::new("x", &(0.0..=1.0), None).unwrap();
        assert_eq!((span.step, span.readout().as_str()), (0.01, ".2f"));
        let span = Span::new("x", &(0f32..=0.5), Some(0.1)).unwrap();
        assert_eq!((span.step, span.readout().as_str()), (0.1, ".1f"));
        let span = Span::new("n", &(2..=8), None).unwrap();
        assert_eq!((span.step, span.readout().as_str()), (1.0, "d"));
        assert_eq!((span.clamp(99.0), span.clamp(2.6)), (8.0, 3.0));
    }
}
