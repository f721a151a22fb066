//! What a check says, and the words it says it in.

use super::exercise::Numbers;

const TOLERANCE: f64 = 1e-5;
/// As many elements as are printed.
const MOST: usize = 8;

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Right(String),
    Wrong {
        mismatch: Mismatch,
        /// The input on which it is wrong.
        on: Option<String>,
        /// What the learner may have done instead.
        perhaps: Option<String>,
    },
    /// `todo!()`, or as good as that.
    Unfinished,
    /// It cannot be built or run, and this is the error.
    Failed(String),
}

/// How two results differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Where, in words.
    pub place: String,
    pub expected: String,
    pub yours: String,
    pub cause: Option<&'static str>,
}

impl Verdict {
    /// The lines that a cell prints.
    pub fn text(&self, name: &str) -> String {
        match self {
            Verdict::Right(says) => format!("\x1b[32m✓ {name}: {says}\x1b[0m"),
            Verdict::Unfinished => {
                format!("… {name}: still to do. Replace todo!() and run this cell again")
            }
            Verdict::Failed(error) => {
                let error = error.replace('\n', "\n    ");
                format!("\x1b[31m✗ {name}: it does not run yet\x1b[0m\n    {error}")
            }
            Verdict::Wrong {
                mismatch,
                on,
                perhaps,
            } => {
                let on = on
                    .as_ref()
                    .map(|on| format!(" on {on}"))
                    .unwrap_or_default();
                let mut text = format!(
                    "\x1b[31m✗ {name}: not yet the same{on}\x1b[0m\n    {}\n    expected  {}\n    yours     {}",
                    mismatch.place, mismatch.expected, mismatch.yours
                );
                if let Some(perhaps) = perhaps.as_deref().or(mismatch.cause) {
                    text.push_str(&format!("\n    perhaps: {perhaps}"));
                }
                text
            }
        }
    }
}

/// How `got` differs from `expected`, if it does.
pub fn compare(got: &Numbers, expected: &Numbers) -> Option<Mismatch> {
    if got.dims != expected.dims {
        let transposed = got.dims.iter().rev().eq(&expected.dims);
        return Some(Mismatch {
            place: "the shapes differ".to_owned(),
            expected: format!("{:?}", expected.dims),
            yours: format!("{:?}", got.dims),
            cause: transposed.then_some("it is transposed: .t() swaps the last two axes"),
        });
    }
    let pairs = || {
        got.elements
            .iter()
            .copied()
            .zip(expected.elements.iter().copied())
    };
    let first = pairs().position(|(got, expected)| !agrees(got, expected))?;
    Some(Mismatch {
        place: format!("first difference at {:?}", index(first, &expected.dims)),
        expected: window(&expected.elements, first),
        yours: window(&got.elements, first),
        cause: cause(&|| Box::new(pairs())),
    })
}

fn agrees(got: f64, expected: f64) -> bool {
    let same = got == expected || (got.is_nan() && expected.is_nan());
    let apart = (got - expected).abs();
    same || (apart.is_finite() && apart <= TOLERANCE * expected.abs().max(1.0))
}

type Pairs<'a> = dyn Fn() -> Box<dyn Iterator<Item = (f64, f64)> + 'a> + 'a;

/// What usually makes results differ in this way.
fn cause(pairs: &Pairs<'_>) -> Option<&'static str> {
    let all = |holds: &dyn Fn(f64, f64) -> bool| pairs().all(|(got, want)| holds(got, want));
    if pairs().any(|(got, want)| got.is_nan() && !want.is_nan()) {
        return Some(
            "NaN comes from 0 / 0, or from infinity minus infinity: what is divided by what?",
        );
    }
    if all(&|got, want| agrees(-got, want)) {
        return Some("the sign is the other way round");
    }
    if all(&|got, want| agrees(got.max(0.0), want)) {
        return Some("a relu is missing at the end");
    }
    if all(&|got, want| agrees(got, want.max(0.0))) {
        return Some("there is a relu too many at the end");
    }
    let ratio = pairs()
        .map(|(got, want)| got / want)
        .find(|ratio| ratio.is_finite() && *ratio != 0.0);
    if ratio.is_some_and(|ratio| all(&|got, want| agrees(got, want * ratio))) {
        return Some("all elements are off by the same factor");
    }
    let offset = pairs().map(|(got, want)| got - want).next();
    if offset.is_some_and(|offset| all(&|got, want| agrees(got, want + offset))) {
        return Some("all elements are off by the same amount: a bias left out, or added twice?");
    }
    None
}

/// The index along each axis of an element in row-major order.
fn index(flat: usize, dims: &[usize]) -> Vec<usize> {
    let mut rest = flat;
    let mut index: Vec<usize> = dims
        .iter()
        .rev()
        .map(|dim| {
            let along = rest % dim;
            rest /= dim;
            along
        })
        .collect();
    index.reverse();
    index
}

/// Some elements, the one at `first` among them.
fn window(elements: &[f64], first: usize) -> String {
    let start = if first < MOST { 0 } else { first };
    let end = (start + MOST).min(elements.len());
    let numbers: Vec<String> = elements[start..end]
        .iter()
        .map(|value| number(*value))
        .collect();
    let before = if start > 0 { "… " } else { "" };
    let after = if end < elements.len() { " …" } else { "" };
    format!("[{before}{}{after}]", numbers.join(", "))
}

/// Four decimals at most.
fn number(value: f64) -> String {
    if value.is_finite() && value.abs() >= 1e6 {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.4}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
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

    fn cause_of(got: &[f64], expected: &[f64]) -> &'static str {
        compare(&numbers(got), &numbers(expected))
            .unwrap()
            .cause
            .unwrap_or_default()
    }

    #[test]
    fn common_causes_are_recognized() {
        let want = [1.0, 2.0, -3.0];
        assert!(cause_of(&[-1.0, -2.0, 3.0], &want).contains("sign"));
        assert!(cause_of(&[2.0, 4.0, -6.0], &want).contains("factor"));
        assert!(cause_of(&[1.5, 2.5, -2.5], &want).contains("amount"));
        assert!(cause_of(&[1.0, 2.0, 0.0], &want).contains("too many"));
        assert!(cause_of(&want, &[1.0, 2.0, 0.0]).contains("missing"));
        assert!(cause_of(&[f64::NAN, 2.0, -3.0], &want).contains("NaN"));
        assert_eq!(cause_of(&[1.0, 7.0, 0.5], &want), "");
    }

    #[test]
    fn infinities_and_nan_are_not_close_to_numbers() {
        assert!(compare(&numbers(&[1.0]), &numbers(&[f64::INFINITY])).is_some());
        assert!(compare(&numbers(&[f64::NAN]), &numbers(&[1.0])).is_some());
        assert!(compare(&numbers(&[f64::NAN]), &numbers(&[f64::NAN])).is_none());
    }

    #[test]
    fn the_place_is_an_index_along_each_axis() {
        assert_eq!(index(5, &[2, 3]), [1, 2]);
        assert_eq!(index(0, &[]), [0usize; 0]);
        let far = window(&(0..20).map(f64::from).collect::<Vec<_>>(), 11);
        assert_eq!(far, "[… 11, 12, 13, 14, 15, 16, 17, 18 …]");
        assert_eq!(
            [
                number(-0.00001),
                number(0.25),
                number(f64::NAN),
                number(2e9)
            ],
            ["0", "0.25", "NaN", "2.000e9"]
        );
    }

    #[test]
    fn a_wrong_answer_is_shown_beside_the_right_one() {
        let mismatch = compare(&numbers(&[0.0, 1.0]), &numbers(&[-0.2, 1.0])).unwrap();
        let verdict = Verdict::Wrong {
            mismatch,
            on: Some("a pair".to_owned()),
            perhaps: None,
        };
        let expected = "\x1b[31m✗ leaky_relu: not yet the same on a pair\x1b[0m
    first difference at [0]
    expected  [-0.2, 1]
    yours     [0, 1]
    perhaps: there is a relu too many at the end";
        assert_eq!(verdict.text("leaky_relu"), expected);
    }
}
