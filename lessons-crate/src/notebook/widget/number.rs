//! The numbers that sliders give.

use std::fmt::{Debug, Display};

use serde_json::{Number as JsonNumber, Value};

/// A number that a slider can give: `i32`, `i64`, `u32`, `usize`, `f32` or `f64`.
pub trait Number: Copy + PartialOrd + Display + Debug + Send + Sync + 'static + Sealed {}

/// What the frontend's numbers, which are `f64`, mean to a type.
pub trait Sealed {
    const WHOLE: bool;
    fn to_f64(self) -> f64;
    /// The nearest number of the type.
    fn from_f64(number: f64) -> Self;
}

macro_rules! numbers {
    ($($type:ty: $whole:literal),*) => {$(
        impl Number for $type {}
        impl Sealed for $type {
            const WHOLE: bool = $whole;

            fn to_f64(self) -> f64 {
                if Self::WHOLE {
                    self as f64
                } else {
                    // By its decimal digits: 0.1 and not 0.10000000149.
                    self.to_string().parse().unwrap_or(self as f64)
                }
            }

            fn from_f64(number: f64) -> Self {
                (if Self::WHOLE { number.round() } else { number }) as $type
            }
        }
    )*};
}

numbers!(i32: true, i64: true, u32: true, usize: true, f32: false, f64: false);

/// JSON as the frontend writes it: whole numbers without a decimal point.
pub(super) fn json(number: f64, whole: bool) -> Value {
    if whole {
        return Value::from(number as i64);
    }
    JsonNumber::from_f64(number).map_or(Value::Null, Value::Number)
}
