//! Lesson 02: a network of two linear layers.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::exercise::{Case, Exercise, random};
use super::verdict::Verdict;
use crate::graph::{Builder, Value, f32s};

/// The exercise `two_layers`: from 4 inputs over 8 hidden values to 2 outputs, with a relu between
/// the layers `fc1` and `fc2`. Prints what it finds.
///
/// ```
/// use lessons::notebook::check;
/// use lessons::prelude::*;
///
/// fn two_layers(g: &Builder, x: Value) -> Value {
///     let hidden = nn::linear(g, "fc1", x, 4, 8).relu();
///     nn::linear(g, "fc2", hidden, 8, 2)
/// }
/// check::two_layers(two_layers);
/// ```
pub fn two_layers(answer: impl FnOnce(&Builder, Value) -> Value) {
    super::show("two_layers", verdict(answer));
}

fn verdict(answer: impl FnOnce(&Builder, Value) -> Value) -> Verdict {
    let exercise = match exercise() {
        Ok(exercise) => exercise,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    exercise.check(|g| {
        let x = g.input("x", f32s(("batch", 4)));
        g.output("y", answer(g, x));
    })
}

fn exercise() -> candle_core::Result<Exercise> {
    let weights = [
        ("fc1.weight", random(11, &[8, 4])?),
        ("fc1.bias", random(12, &[8])?),
        ("fc2.weight", random(13, &[2, 8])?),
        ("fc2.bias", random(14, &[2])?),
    ];
    Ok(Exercise {
        cases: vec![
            Case::new("a batch of one row", [("x", random(1, &[1, 4])?)]),
            Case::new("a row of zeros", [("x", random(1, &[1, 4])?.zeros_like()?)]),
            Case::new("a batch of 16 rows", [("x", random(2, &[16, 4])?)]),
        ],
        weights: weights.into(),
        expected: |named| layer(named, "fc2", &layer(named, "fc1", &named["x"])?.relu()?),
        traps: &[
            (
                |named| layer(named, "fc2", &layer(named, "fc1", &named["x"])?),
                "the relu between the layers is missing: without it two linear layers are no more than one",
            ),
            (
                |named| layer(named, "fc2", &layer(named, "fc1", &named["x"])?.relu()?)?.relu(),
                "the last layer has a relu: outputs must be free to be negative",
            ),
            (
                |named| layer(named, "fc2", &layer(named, "fc1", &named["x"])?)?.relu(),
                "the relu stands after the last layer; it belongs between the two",
            ),
        ],
    })
}

/// `x · Wᵀ + b`.
fn layer(named: &BTreeMap<&str, Tensor>, prefix: &str, x: &Tensor) -> candle_core::Result<Tensor> {
    let weight = &named[format!("{prefix}.weight").as_str()];
    let bias = &named[format!("{prefix}.bias").as_str()];
    x.matmul(&weight.t()?)?.broadcast_add(bias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn;

    type Answer = fn(&Builder, Value) -> Value;

    fn first(g: &Builder, x: Value) -> Value {
        nn::linear(g, "fc1", x, 4, 8)
    }

    #[test]
    fn layers_may_be_written_by_hand_or_by_name() {
        let by_hand: Answer = |g, x| {
            let w = g.weight("fc1.weight", f32s((8, 4)));
            let hidden = (x.matmul(w.t()) + g.weight("fc1.bias", f32s((8,)))).relu();
            let w = g.weight("fc2.weight", f32s((2, 8)));
            hidden.matmul(w.t()) + g.weight("fc2.bias", f32s((2,)))
        };
        let by_name: Answer =
            |g, x| nn::linear(g, "fc2", nn::linear(g, "fc1", x, 4, 8).relu(), 8, 2);
        for answer in [by_hand, by_name] {
            let text = verdict(answer).text("two_layers");
            assert!(
                text.contains("✓ two_layers: right on all 3 inputs"),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_answers_are_told_what_they_did() {
        let says = |answer: Answer| verdict(answer).text("two_layers");
        assert!(says(|g, x| nn::linear(g, "fc2", first(g, x), 8, 2)).contains("no more than one"));
        assert!(
            says(|g, x| nn::linear(g, "fc2", first(g, x).relu(), 8, 2).relu())
                .contains("free to be negative")
        );
        assert!(
            says(|g, x| nn::linear(g, "fc2", first(g, x), 8, 2).relu()).contains("between the two")
        );
        let missing = says(|g, x| nn::linear(g, "fc1", x, 4, 8));
        assert!(missing.contains("fc2.weight"), "{missing}");
        let wrong_size = says(|g, x| nn::linear(g, "fc2", nn::linear(g, "fc1", x, 4, 8), 4, 2));
        assert!(wrong_size.contains("does not run yet"), "{wrong_size}");
    }
}
