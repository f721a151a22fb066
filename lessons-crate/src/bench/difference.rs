//! How far results are apart: the correctness that stands beside every time.

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::{DType, Device, Tensor};

/// A result as numbers: its dims, and its elements in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub dims: Vec<usize>,
    pub elements: Vec<f64>,
}

impl Numbers {
    pub fn of(tensor: &Tensor) -> crate::Result<Numbers> {
        let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        Ok(Numbers {
            dims: tensor.dims().to_vec(),
            elements: flat.to_dtype(DType::F64)?.to_vec1()?,
        })
    }

    /// The largest absolute difference, and whether all elements agree: within `tolerance` of the
    /// larger of 1 and the expected element.
    ///
    /// NaN agrees with NaN and nothing else; results of different shapes never agree.
    pub fn compare(&self, expected: &Numbers, tolerance: f64) -> Difference {
        if self.dims != expected.dims {
            return Difference {
                largest: f64::INFINITY,
                agrees: false,
            };
        }
        let mut difference = Difference {
            largest: 0.0,
            agrees: true,
        };
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
}

/// How far a result is from the one it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    pub largest: f64,
    pub agrees: bool,
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
    fn panics_become_texts() {
        assert_eq!(
            guarded(|| -> crate::Result<()> { panic!("no {}\nmore", "driver") }),
            Err("panicked: no driver".to_owned())
        );
        assert_eq!(guarded(|| Ok(1)), Ok(1));
    }
}
