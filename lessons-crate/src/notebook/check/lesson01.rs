//! Lesson 01: a leaky ReLU out of ReLUs.

use candle_core::{Device, Tensor};

use super::exercise::{Case, Exercise, random};
use super::verdict::Verdict;
use crate::graph::{Value, f32s};
use crate::weights::Weights;

/// The exercise `leaky_relu`: `x` where it is positive and `0.1 x` where it is not, out of
/// `relu`, `-`, `*` alone. Prints what it finds.
///
/// ```
/// use lessons::notebook::check;
/// use lessons::prelude::*;
///
/// fn leaky_relu(x: Value) -> Value {
///     x.relu() - 0.1 * (-x).relu()
/// }
/// check::leaky_relu(leaky_relu);
/// ```
pub fn leaky_relu(answer: impl FnOnce(Value) -> Value) {
    super::show("leaky_relu", verdict(answer));
}

fn verdict(answer: impl FnOnce(Value) -> Value) -> Verdict {
    let exercise = match exercise() {
        Ok(exercise) => exercise,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    exercise.check(|g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", answer(x));
    })
}

fn exercise() -> candle_core::Result<Exercise> {
    let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu);
    Ok(Exercise {
        cases: vec![
            Case::new(
                "numbers on both sides of zero",
                [("x", tensor(&[-2.0, -0.5, 0.5, 2.0])?)],
            ),
            Case::new("zeros", [("x", tensor(&[0.0, -0.0])?)]),
            Case::new("large numbers", [("x", tensor(&[1e6, -1e6])?)]),
            Case::new("a single number", [("x", tensor(&[-1.0])?)]),
            Case::new("random numbers", [("x", random(1, &[1000])?)]),
        ],
        weights: Weights::new(),
        expected: |named| named["x"].relu()? - (named["x"].neg()?.relu()? * 0.1)?,
        traps: &[
            (
                |named| named["x"].relu(),
                "this is the plain relu: give the negative numbers a path of their own, relu(-x)",
            ),
            (
                |named| named["x"].relu()? + (named["x"].neg()?.relu()? * 0.1)?,
                "relu(-x) is positive where x is negative, so it must be taken away, not added",
            ),
            (
                |named| named["x"].relu()? - named["x"].neg()?.relu()?,
                "relu(x) - relu(-x) is x itself: the negative side is to be scaled by 0.1",
            ),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_answers_pass_however_they_are_written() {
        for answer in [
            (|x: Value| x.relu() - 0.1 * (-x).relu()) as fn(Value) -> Value,
            |x| x.maximum(0.1 * x),
            |x| 0.9 * x.relu() + 0.1 * x,
        ] {
            let text = verdict(answer).text("leaky_relu");
            assert_eq!(text, "\x1b[32m✓ leaky_relu: right on all 5 inputs\x1b[0m");
        }
    }

    #[test]
    fn wrong_answers_are_told_what_they_did() {
        let perhaps = |answer: fn(Value) -> Value| verdict(answer).text("leaky_relu");
        assert!(perhaps(|x| x.relu()).contains("plain relu"));
        assert!(perhaps(|x| x.relu() + 0.1 * (-x).relu()).contains("taken away"));
        assert!(perhaps(|x| x).contains("x itself"));
        assert!(perhaps(|x| 2 * (x.relu() - 0.1 * (-x).relu())).contains("same factor"));
        assert!(perhaps(|_| todo!("write it")).contains("still to do"));
        assert!(perhaps(|_| panic!("oh")).contains("it panicked: oh"));
        assert!(perhaps(|x| x.sum(0)).contains("the shapes differ"));
        assert!(perhaps(|x| x.reshape((3, 3, 3))).contains("does not run"));
    }
}
