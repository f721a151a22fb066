//! The lexicon: a sum of word scores, the floor that every model has to beat.
//!
//! A text's score is the sum of its words' scores; an intensifier scales the word after it, a
//! negator turns and damps the words after it. There is nothing to compile here: it is what a
//! sentiment classifier was before networks, and it shows its reasons word by word.

mod error;
mod rules;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use error::LexiconError;
use error::read;
pub use rules::{DecisionRules, NegationRules, Rules, ScoreRules};
pub use words::words;

/// The labels, by class.
pub const LABELS: [&str; 2] = ["NEGATIVE", "POSITIVE"];

/// A word that had a part in the answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contribution {
    /// The word, lowercase.
    pub word: String,
    /// Its score in the lexicon.
    pub score: f64,
    /// What intensifiers and negators before it multiplied it by.
    pub factor: f64,
}

/// The answer to a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LexiconAnswer {
    /// `POSITIVE` or `NEGATIVE`.
    pub label: &'static str,
    /// Probability of that label, from 0.5 to 1.
    pub score: f64,
    /// Probability of each label, in the order of [`LABELS`]; they add up to 1.
    pub scores: [(&'static str, f64); 2],
    /// `|2 P(positive) - 1|`: 0 for a text without a word that the lexicon knows, towards 1 the
    /// more and the stronger the words that agree.
    pub confidence: f64,
    /// The sum of all contributions.
    pub sum: f64,
    /// The words that were counted, in the order of the text.
    pub contributions: Vec<Contribution>,
}

/// Word scores and the rules to read them by.
///
/// ```
/// use lessons::models::lexicon::Lexicon;
///
/// let lexicon = Lexicon::embedded()?;
/// assert_eq!(lexicon.classify("A moving, beautifully acted film.").label, "POSITIVE");
/// assert_eq!(lexicon.classify("It isn't funny at all, just dull.").label, "NEGATIVE");
/// # Ok::<(), lessons::models::lexicon::LexiconError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Lexicon {
    rules: Rules,
    scores: BTreeMap<String, f64>,
}

impl Lexicon {
    /// Joins scores and rules.
    pub fn new(scores: BTreeMap<String, f64>, rules: Rules) -> Self {
        Self { rules, scores }
    }

    /// The lexicon that ships with the library.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn embedded() -> Result<Self, LexiconError> {
        let scores = include_str!("../../../data/lexicon/scores.tsv");
        Ok(Self::new(
            parse_scores("scores.tsv", scores)?,
            Rules::embedded()?,
        ))
    }

    /// Opens a folder with `lexicon.toml` and `scores.tsv`.
    ///
    /// # Errors
    /// A file is missing, or does not hold what it should; the message names the line.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LexiconError> {
        let rules = Rules::open(&dir.as_ref().join("lexicon.toml"))?;
        let (file, scores) = read(&dir.as_ref().join("scores.tsv"))?;
        Ok(Self::new(parse_scores(&file, &scores)?, rules))
    }

    /// The words and their scores, sorted by word.
    pub fn scores(&self) -> &BTreeMap<String, f64> {
        &self.scores
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The text of `scores.tsv`: a sorted line for each word.
    pub fn scores_tsv(&self) -> String {
        self.scores
            .iter()
            .map(|(word, score)| format!("{word}\t{score:.3}\n"))
            .collect()
    }

    /// Classifies any text, also an empty one. A text without a known word gets the label on its
    /// side of the threshold, with confidence near 0.
    pub fn classify(&self, text: &str) -> LexiconAnswer {
        let NegationRules {
            window,
            factor: turn,
            words: negators,
        } = &self.rules.negation;
        let mut contributions = Vec::new();
        let (mut turned, mut intensity) = (0, 1.0);
        for word in words(text) {
            let negates = negators.contains(&word);
            let scales = self.rules.intensity.get(&word);
            if let Some(&scale) = scales {
                intensity *= scale;
            } else {
                if let Some(&score) = self.scores.get(&word) {
                    // A negator's own score counts as it is: "no" leans to the negative by itself.
                    let factor = match (negates, turned > 0) {
                        (true, _) => 1.0,
                        (false, true) => intensity * turn,
                        (false, false) => intensity,
                    };
                    contributions.push(Contribution {
                        word,
                        score,
                        factor,
                    });
                }
                if !negates {
                    intensity = 1.0;
                }
            }
            turned = if negates {
                *window
            } else {
                turned.saturating_sub(1)
            };
        }
        let sum = contributions
            .iter()
            .map(|c| c.score * c.factor)
            .sum::<f64>();
        let DecisionRules {
            threshold,
            steepness,
        } = self.rules.decision;
        let positive = 1.0 / (1.0 + (-steepness * (sum - threshold)).exp());
        let class = usize::from(sum > threshold);
        let probabilities = [1.0 - positive, positive];
        LexiconAnswer {
            label: LABELS[class],
            score: probabilities[class],
            scores: [(LABELS[0], probabilities[0]), (LABELS[1], probabilities[1])],
            confidence: (2.0 * positive - 1.0).abs(),
            sum,
            contributions,
        }
    }
}

fn parse_scores(file: &str, text: &str) -> Result<BTreeMap<String, f64>, LexiconError> {
    let mut scores = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |detail: String| LexiconError::Scores {
            file: file.to_owned(),
            line: index + 1,
            detail,
        };
        let (word, score) = line
            .split_once('\t')
            .ok_or_else(|| wrong("no tab".to_owned()))?;
        let score = score
            .parse::<f64>()
            .ok()
            .filter(|score| score.is_finite())
            .ok_or_else(|| wrong(format!("{score:?} is not a number")))?;
        if scores.insert(word.to_owned(), score).is_some() {
            return Err(wrong(format!("{word:?} has a score already")));
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let scores = [("good", 1.0), ("bad", -1.5), ("no", -1.0)];
        Lexicon::new(
            scores.map(|(w, s)| (w.to_owned(), s)).into(),
            Rules::embedded().unwrap(),
        )
    }

    fn sum(text: &str) -> f64 {
        lexicon().classify(text).sum
    }

    #[test]
    fn words_split_contractions_alike() {
        assert_eq!(
            words("It isn't 'well-made'—he's BAD."),
            words("it is n't well-made he 's bad")
        );
        assert_eq!(words("I cannot\0 !"), ["i", "can", "not"]);
        assert!(words(" -- ' \u{1F3AC}").is_empty());
    }

    #[test]
    fn negators_and_intensifiers_act_on_what_follows() {
        let close = |text: &str, expected: f64| {
            assert!(
                (sum(text) - expected).abs() < 1e-12,
                "{text}: {}",
                sum(text)
            )
        };
        close("good", 1.0);
        close("not good", -0.5);
        close("good, not", 1.0);
        close("very good and bad", 1.4 - 1.5);
        close("not very bad", 1.5 * 1.4 * 0.5);
        close("not a b good", -0.5);
        close("not a b c good", 1.0);
        close("no good", -1.0 - 0.5);
    }

    #[test]
    fn confidence_is_zero_without_words_and_grows() {
        let lexicon = lexicon();
        let nothing = lexicon.classify("");
        assert_eq!(
            (nothing.label, nothing.score, nothing.confidence),
            ("NEGATIVE", 0.5, 0.0)
        );
        let one = lexicon.classify("good");
        let three = lexicon.classify("good good good");
        assert!(
            0.0 < one.confidence && one.confidence < three.confidence && three.confidence < 1.0
        );
        assert!((one.scores[0].1 + one.scores[1].1 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn broken_files_are_named_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Lexicon::open(dir.path()).unwrap_err().to_string();
        assert!(open().contains("lexicon.toml"));
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let rules = include_str!("../../../data/lexicon/lexicon.toml");
        write("lexicon.toml", rules);
        for (text, expected) in [
            ("good\t1\nbad", "line 2: no tab"),
            ("good\tmuch", "line 1: \"much\" is not a number"),
            ("good\t1\ngood\t2", "line 2: \"good\" has a score already"),
        ] {
            write("scores.tsv", text);
            assert!(open().contains(expected), "{}", open());
        }
        write("scores.tsv", "good\t1\n");
        assert_eq!(Lexicon::open(dir.path()).unwrap().scores().len(), 1);
        for (wrong, expected) in [
            (rules.replace("window = 3", "window = -1"), "window"),
            (
                rules.replace("steepness = 0.6", "steepness = 0.0"),
                "steepness",
            ),
            (rules.replace("[negation]", "[negations]"), "negation"),
        ] {
            write("lexicon.toml", &wrong);
            assert!(open().contains(expected), "{}", open());
        }
    }

    #[test]
    fn scores_survive_their_file() {
        let lexicon = Lexicon::embedded().unwrap();
        assert!(lexicon.scores().len() > 1_000);
        assert_eq!(
            parse_scores("", &lexicon.scores_tsv()).unwrap(),
            *lexicon.scores()
        );
    }
}
