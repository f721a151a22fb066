//! `lexicon.toml`: how scores are learnt, and how a text is read with them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::{LexiconError, read};

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
            include_str!("../../../../data/lexicon/lexicon.toml"),
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

    pub(super) fn parse(file: &str, text: &str) -> Result<Self, LexiconError> {
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
