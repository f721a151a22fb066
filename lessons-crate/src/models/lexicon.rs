//! The lexicon: a sum of word scores, the floor that every model has to beat.
//!
//! A text's score is the sum of its words' scores; an intensifier scales the word after it, a
//! negator turns and damps the words after it. There is nothing to compile here: it is what a
//! sentiment classifier was before networks, and it shows its reasons word by word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The labels, by class.
pub const LABELS: [&str; 2] = ["NEGATIVE", "POSITIVE"];

/// Why a lexicon cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LexiconError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}: {source}; a lexicon is a folder with lexicon.toml and scores.tsv", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `lexicon.toml` is not TOML or lacks a key.
    #[error("{file}: {detail}")]
    Rules {
        /// The file.
        file: String,
        /// What is wrong and where.
        detail: String,
    },
    /// A line of `scores.tsv` is not `word<TAB>score`.
    #[error("{file}, line {line}: {detail}; each line is word, tab, score")]
    Scores {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
}

/// How scores are learnt: `[scores]` of `lexicon.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreRules {
    /// Texts added to both counts, in the proportion of the labels.
    pub smoothing: f64,
    /// Words in fewer texts have no score.
    pub min_count: u64,
    /// Largest score.
    pub bound: f64,
    /// Smallest score that is kept, without sign.
    pub min_score: f64,
}

/// How a sum becomes a label: `[decision]` of `lexicon.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRules {
    /// A sum above it is POSITIVE.
    pub threshold: f64,
    /// How fast the probability leaves one half.
    pub steepness: f64,
}

/// What negators do: `[negation]` of `lexicon.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegationRules {
    /// How many words after a negator it reaches.
    pub window: usize,
    /// What it multiplies their scores by.
    pub factor: f64,
    /// The negators.
    pub words: Vec<String>,
}

/// `lexicon.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How scores are learnt.
    pub scores: ScoreRules,
    /// How a sum becomes a label.
    pub decision: DecisionRules,
    /// What negators do.
    pub negation: NegationRules,
    /// What each intensifier (above 1) or diminisher (below 1) multiplies the next word's score by.
    pub intensity: BTreeMap<String, f64>,
}

impl Rules {
    /// The rules that ship with the library.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn embedded() -> Result<Self, LexiconError> {
        Self::parse(
            "lexicon.toml",
            include_str!("../../../data/lexicon/lexicon.toml"),
        )
    }

    /// Reads a `lexicon.toml`.
    ///
    /// # Errors
    /// The file is missing, or a key is missing, unknown or out of its range.
    pub fn open(path: &Path) -> Result<Self, LexiconError> {
        let (file, text) = read(path)?;
        Self::parse(&file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self, LexiconError> {
        let wrong = |detail: String| LexiconError::Rules {
            file: file.to_owned(),
            detail,
        };
        let rules: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let steepness = rules.decision.steepness;
        if !(steepness > 0.0 && steepness.is_finite()) {
            return Err(wrong(format!(
                "decision.steepness is {steepness}; it must be above 0"
            )));
        }
        Ok(rules)
    }
}

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

/// What contractions end in; `n't` takes part of the word before it, the others stand off.
const CONTRACTIONS: [&str; 7] = ["n't", "'s", "'re", "'ve", "'ll", "'d", "'m"];

/// The words of a text, lowercase: letters and digits, joined by hyphens and apostrophes inside a
/// word; contractions are split (`isn't` and `is n't` both give `is`, `n't`).
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace('’', "'");
    let mut words = Vec::new();
    for part in lower.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\'')) {
        if part == "cannot" {
            words.extend(["can".to_owned(), "not".to_owned()]);
            continue;
        }
        let suffix = CONTRACTIONS
            .into_iter()
            .find(|suffix| part.ends_with(suffix));
        let stem = suffix
            .and_then(|suffix| part.strip_suffix(suffix))
            .unwrap_or(part);
        let stem = stem.trim_matches(['-', '\'']);
        words.extend(
            [stem, suffix.unwrap_or("")]
                .into_iter()
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        );
    }
    words
}

/// A file's name for errors, and its text.
fn read(path: &Path) -> Result<(String, String), LexiconError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(source) => Err(LexiconError::Read {
            path: path.to_owned(),
            source,
        }),
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
