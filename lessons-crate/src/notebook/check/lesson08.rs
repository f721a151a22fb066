//! Lesson 08: a sentence as the mean of its tokens.

use candle_core::{Device, Tensor};

use super::exercise::{Case, Exercise, random};
use super::verdict::Verdict;
use crate::graph::{Value, f32s};
use crate::weights::Weights;

/// The exercise `mean_pool`: the mean of the hidden states of a sentence's tokens, padding left
/// out, instead of the state of the first token. The answer is given `hidden` of type
/// `f32[batch, seq, 3]` and `mask` of type `f32[batch, seq]`, 1 for tokens and 0 for padding, and
/// returns `f32[batch, 3]`. Prints what it finds.
///
/// ```
/// use lessons::notebook::check;
/// use lessons::prelude::*;
///
/// fn mean_pool(hidden: Value, mask: Value) -> Value {
///     let mask = mask.reshape(("batch", "seq", 1));
///     (hidden * mask).sum(1) / mask.sum(1)
/// }
/// check::mean_pool(mean_pool);
/// ```
pub fn mean_pool(answer: impl FnOnce(Value, Value) -> Value) {
    super::show("mean_pool", verdict(answer));
}

fn verdict(answer: impl FnOnce(Value, Value) -> Value) -> Verdict {
    let exercise = match exercise() {
        Ok(exercise) => exercise,
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    exercise.check(|g| {
        let hidden = g.input("hidden", f32s(("batch", "seq", 3)));
        let mask = g.input("mask", f32s(("batch", "seq")));
        g.output("sentence", answer(hidden, mask));
    })
}

fn exercise() -> candle_core::Result<Exercise> {
    let case = |what, seed, lengths: &[usize], seq: usize| {
        let mask: Vec<f32> = lengths
            .iter()
            .flat_map(|length| (0..seq).map(move |token| f32::from(token < *length)))
            .collect();
        let batch = lengths.len();
        let mask = Tensor::from_vec(mask, (batch, seq), &Device::Cpu)?;
        let hidden = random(seed, &[batch, seq, 3])?;
        candle_core::Result::Ok(Case::new(what, [("hidden", hidden), ("mask", mask)]))
    };
    Ok(Exercise {
        cases: vec![
            case("one sentence without padding", 1, &[4], 4)?,
            case("a sentence of a single token", 2, &[1], 1)?,
            case("a batch with padding", 3, &[5, 2, 3], 5)?,
            case("a sentence that is almost all padding", 4, &[1, 64], 64)?,
        ],
        weights: Weights::new(),
        expected: |named| {
            let mask = named["mask"].unsqueeze(2)?;
            named["hidden"]
                .broadcast_mul(&mask)?
                .sum(1)?
                .broadcast_div(&mask.sum(1)?)
        },
        traps: &[
            (
                |named| named["hidden"].mean(1),
                "the padding counts as tokens: multiply by the mask before the sum, and divide by the sum of the mask",
            ),
            (
                |named| {
                    named["hidden"]
                        .broadcast_mul(&named["mask"].unsqueeze(2)?)?
                        .mean(1)
                },
                "the sum leaves padding out, but it is divided by the padded length: divide by the sum of the mask",
            ),
            (
                |named| {
                    named["hidden"]
                        .broadcast_mul(&named["mask"].unsqueeze(2)?)?
                        .sum(1)
                },
                "this is the sum: divide by how many tokens there are, the sum of the mask",
            ),
            (
                |named| named["hidden"].narrow(1, 0, 1)?.squeeze(1),
                "this is the first token alone, as DistilBERT's own classifier takes it: take the mean of all",
            ),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = fn(Value, Value) -> Value;

    fn says(answer: Answer) -> String {
        verdict(answer).text("mean_pool")
    }

    fn masked(hidden: Value, mask: Value) -> Value {
        hidden * mask.reshape(("batch", "seq", 1))
    }

    #[test]
    fn sums_and_matrix_products_both_pass() {
        let by_sums: Answer = |hidden, mask| masked(hidden, mask).sum(1) / mask.sum_keepdim(1);
        let by_matmul: Answer = |hidden, mask| {
            let row = (mask / mask.sum_keepdim(1)).reshape(("batch", 1, "seq"));
            row.matmul(hidden).reshape(("batch", 3))
        };
        for answer in [by_sums, by_matmul] {
            assert!(
                says(answer).contains("✓ mean_pool: right on all 4 inputs"),
                "{}",
                says(answer)
            );
        }
    }

    #[test]
    fn wrong_answers_are_told_what_they_did() {
        assert!(says(|hidden, _| hidden.mean(1)).contains("padding counts as tokens"));
        assert!(says(|hidden, mask| masked(hidden, mask).mean(1)).contains("padded length"));
        assert!(says(|hidden, mask| masked(hidden, mask).sum(1)).contains("this is the sum"));
        assert!(
            says(|hidden, _| hidden.slice(1, 0, 1).reshape(("batch", 3))).contains("first token")
        );
        assert!(says(|hidden, mask| hidden * mask).contains("does not run yet"));
        assert!(says(|_, _| todo!()).contains("still to do"));
    }
}
