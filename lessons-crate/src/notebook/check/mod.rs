//! Exercises that check themselves: one green line, or what is different and why it may be.
//!
//! [`close`] compares two tensors. The functions named after an exercise take the learner's function,
//! run the graph that it builds on inputs it does not see, and compare with a plain computation.
//! Nothing here fails or panics: a wrong, unfinished or crashing answer is a verdict too.

mod exercise;
mod lesson01;
mod lesson02;
mod lesson08;
mod panics;
mod verdict;

pub use lesson01::leaky_relu;
pub use lesson02::two_layers;
pub use lesson08::mean_pool;

use candle_core::Tensor;

use exercise::Numbers;
use verdict::{Verdict, compare};

/// Says whether a tensor is what was expected, to within 1e-5 relative to the larger of 1 and the
/// expected element.
///
/// ```
/// use lessons::notebook::check;
/// use lessons::prelude::*;
///
/// let got = Tensor::new(&[1f32, 2.0], &Cpu)?;
/// check::close("doubled", &got, &Tensor::new(&[1f32, 2.0], &Cpu)?);
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn close(name: &str, got: &Tensor, expected: &Tensor) {
    show(name, verdict_of(got, expected));
}

fn verdict_of(got: &Tensor, expected: &Tensor) -> Verdict {
    match (Numbers::of(got), Numbers::of(expected)) {
        (Ok(got), Ok(expected)) => match compare(&got, &expected) {
            Some(mismatch) => Verdict::Wrong {
                mismatch,
                on: None,
                perhaps: None,
            },
            None => Verdict::Right("all elements agree".to_owned()),
        },
        (Err(error), _) | (_, Err(error)) => Verdict::Failed(error.to_string()),
    }
}

fn show(name: &str, verdict: Verdict) {
    println!("{}", verdict.text(name));
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn close_tells_right_from_wrong() {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let right = verdict_of(&tensor(&[1.0, 1e6]), &tensor(&[1.000_001, 1e6 + 1.0]));
        assert!(right.text("x").contains("✓ x: all elements agree"));
        let wrong = verdict_of(&tensor(&[1.0, 2.0]), &tensor(&[1.0, 2.1])).text("x");
        assert!(wrong.contains("first difference at [1]"), "{wrong}");
        let ids = Tensor::new(&[1i64, 2], &Device::Cpu).unwrap();
        assert!(verdict_of(&ids, &ids).text("ids").contains('✓'));
    }
}
