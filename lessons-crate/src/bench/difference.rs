//! How far results are apart: the correctness that stands beside every time.

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::{DType, Device, Tensor};

/// A result as numbers: its dims, and its elements in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub dims: Vec<usize>,
    pub elements: Vec<f64>,
    /// The type that the elements had, where that is known.
    pub dtype: Option<DType>,
}

impl Numbers {
    pub fn of(tensor: &Tensor) -> crate::Result<Numbers> {
        let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        Ok(Numbers {
            dims: tensor.dims().to_vec(),
            elements: flat.to_dtype(DType::F64)?.to_vec1()?,
            dtype: Some(tensor.dtype()),
        })
    }

    /// The largest absolute difference, and whether all elements agree: within `tolerance` of the
    /// larger of 1 and the expected element.
    ///
    /// NaN agrees with NaN and nothing else; results of different shapes never agree.
    pub fn compare(&self, expected: &Numbers, tolerance: f64) -> Difference {
        let mut difference = Difference {
            agrees: true,
            batch: self.other_batch(expected),
            precision: match (self.dtype, expected.dtype) {
                (Some(it), Some(other)) if it != other => Some((it.as_str(), other.as_str())),
                _ => None,
            },
            ..Difference::default()
        };
        if self.dims != expected.dims {
            (difference.largest, difference.agrees) = (f64::INFINITY, false);
            return difference;
        }
        for (got, expected) in self.elements.iter().zip(&expected.elements) {
            let same = got == expected || (got.is_nan() && expected.is_nan());
            let apart = if same { 0.0 } else { (got - expected).abs() };
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            difference.largest = difference.largest.max(apart);
            difference.agrees &=
                same || apart <= tolerance * expected.abs().max(1.0) && apart.is_finite();
        }
        difference
    }

    /// The sizes of both first axes, where those alone differ.
    fn other_batch(&self, expected: &Numbers) -> Option<(usize, usize)> {
        let (batch, rest) = self.dims.split_first()?;
        let (expected, expected_rest) = expected.dims.split_first()?;
        (batch != expected && rest == expected_rest).then_some((*batch, *expected))
    }

    /// Refuses NaN: what computes with it says nothing of the time that numbers take.
    pub fn without_nan(self) -> Result<Numbers, String> {
        let count = self.elements.iter().filter(|it| it.is_nan()).count();
        match count {
            0 => Ok(self),
            _ => Err(format!(
                "its result holds NaN: {count} of {} numbers",
                self.elements.len()
            )),
        }
    }
}

/// How far a result is from the one it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Difference {
    pub largest: f64,
    pub agrees: bool,
    /// The size of its first axis and of that of the other, where results differ in it alone.
    pub batch: Option<(usize, usize)>,
    /// The type of its elements and that of the other's, where they differ.
    pub precision: Option<(&'static str, &'static str)>,
}

impl Difference {
    /// What was not equal in what two implementations were to do, so that their times are of different work.
    pub fn unequal(&self) -> Option<String> {
        let batch = self
            .batch
            .map(|(it, other)| format!("a batch of {it} instead of {other}"));
        let precision = self
            .precision
            .map(|(it, other)| format!("{it} instead of {other}"));
        let unequal: Vec<String> = batch.into_iter().chain(precision).collect();
        (!unequal.is_empty()).then(|| unequal.join(" and "))
    }
}

/// Runs something that may fail or panic, as bindings to drivers do; either way there is a text.
pub(super) fn guarded<T>(run: impl FnOnce() -> crate::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(first_line(&error.to_string())),
        Err(panic) => {
            // If it was an interrupt of the notebook, it goes on.
            crate::interrupt::check_point();
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!(
                "panicked: {}",
                first_line(text.unwrap_or("without a message"))
            ))
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(elements: &[f64]) -> Numbers {
        Numbers {
            dims: vec![elements.len()],
            elements: elements.to_vec(),
            dtype: Some(DType::F32),
        }
    }

    #[test]
    fn differences_are_absolute_below_one_and_relative_above() {
        let expected = numbers(&[0.0, 1000.0]);
        assert!(numbers(&[0.0, 1000.9]).compare(&expected, 1e-3).agrees);
        assert!(!numbers(&[0.0, 1001.1]).compare(&expected, 1e-3).agrees);
        assert!(!numbers(&[0.002, 1000.0]).compare(&expected, 1e-3).agrees);
    }

    #[test]
    fn nan_infinity_and_shapes_are_never_taken_for_agreement() {
        let one = numbers(&[1.0]);
        assert!(!numbers(&[f64::NAN]).compare(&one, 1.0).agrees);
        assert!(!one.compare(&numbers(&[f64::NAN]), 1.0).agrees);
        assert!(!one.compare(&numbers(&[f64::INFINITY]), 1e-3).agrees);
        assert!(!one.compare(&numbers(&[1.0, 1.0]), 1.0).agrees);
        let broken = numbers(&[f64::NAN, f64::INFINITY]);
        assert!(broken.compare(&broken, 0.0).agrees);
    }

    #[test]
    fn unequal_work_is_told_from_another_result() {
        let rows = |dims: &[usize], dtype| Numbers {
            dims: dims.to_vec(),
            elements: vec![1.0; dims.iter().product()],
            dtype,
        };
        let eight = rows(&[8, 2], Some(DType::F32));
        let one = rows(&[1, 2], Some(DType::BF16)).compare(&eight, 1.0);
        assert!(!one.agrees);
        assert_eq!(
            one.unequal().unwrap(),
            "a batch of 1 instead of 8 and bf16 instead of f32"
        );
        assert_eq!(rows(&[8, 3], None).compare(&eight, 1.0).unequal(), None);
        assert_eq!(eight.compare(&eight, 1.0).unequal(), None);
    }

    #[test]
    fn nan_is_refused_and_counted() {
        let error = numbers(&[1.0, f64::NAN, f64::NAN])
            .without_nan()
            .unwrap_err();
        assert_eq!(error, "its result holds NaN: 2 of 3 numbers");
        assert!(numbers(&[1.0, f64::INFINITY]).without_nan().is_ok());
    }

    #[test]
    fn panics_become_texts() {
        assert_eq!(
            guarded(|| -> crate::Result<()> { panic!("no {}\nmore", "driver") }),
            Err("panicked: no driver".to_owned())
        );
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
