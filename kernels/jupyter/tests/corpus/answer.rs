//! What an engine gave for a cell, and whether it is what was expected.

use serde::{Deserialize, Serialize};

use lessons_kernel::engine::{Outcome, Output};

use crate::harness::{Ran, plain};
use crate::notebook::Expected;

/// What one cell did, as text; long streams are cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the user reads about the error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    #[serde(default)]
    pub lines: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_line: String,
    #[serde(skip)]
    pub stderr: String,
}

/// How much of a stream is kept.
const KEPT: usize = 2000;

impl Answer {
    pub fn of(ran: &Ran) -> Answer {
        let (error, said) = match &ran.outcome {
            Outcome::Done => (None, String::new()),
            Outcome::Failed(error) => {
                let text = plain(&error.traceback.join("\n"));
                (
                    Some(error.ename.clone()),
                    format!("{}\n{text}", error.evalue),
                )
            }
        };
        let mut value = None;
        let mut figures = Vec::new();
        for output in &ran.outputs {
            let (data, is_value) = match output {
                Output::Result { data, .. } => (data, true),
                Output::Display { data, .. } => (data, false),
                _ => continue,
            };
            for (mime, content) in data {
                let text = content.as_str().map_or(content.to_string(), str::to_owned);
                if is_value && mime == "text/plain" {
                    value = Some(text);
                } else {
                    figures.push((mime.clone(), text));
                }
            }
        }
        let stdout = String::from_utf8_lossy(&ran.stdout_bytes()).into_owned();
        let lines = stdout.lines().count();
        let last_line = stdout.lines().last().unwrap_or_default();
        let cut = (0..=KEPT.min(stdout.len()))
            .rev()
            .find(|&at| stdout.is_char_boundary(at))
            .unwrap_or(0);
        Answer {
            error,
            said,
            value,
            figures,
            lines,
            last_line: last_line.chars().take(100).collect(),
            stdout: stdout[..cut].trim_end_matches('\n').to_owned(),
            stderr: ran.stderr(),
        }
    }

    /// What differs from the expected, in words; `None` when nothing does.
    ///
    /// `words` asks also for the names and the wording of errors, and for what stands on standard
    /// error: without it two engines agree that say the same in their own ways.
    pub fn differs(&self, expected: &Expected, words: bool) -> Option<String> {
        match (&expected.error, &self.error) {
            (None, Some(error)) => return Some(format!("fails with {error}: {}", self.said)),
            (Some(error), None) => return Some(format!("runs, and should fail with {error}")),
            (Some(expected), Some(error)) => {
                let codes = [expected, error].map(|name| is_code(name));
                if expected != error && (words || codes == [true, true]) {
                    return Some(format!("fails with {error}, not {expected}: {}", self.said));
                }
            }
            (None, None) => {}
        }
        if expected.value != self.value && expected.value_has.is_empty() {
            return Some(match (&expected.value, &self.value) {
                (Some(expected), None) => format!("has no value, but should have {expected}"),
                (None, Some(value)) => format!("has the value {value}, and should have none"),
                (expected, value) => format!(
                    "has the value {}, not {}",
                    value.as_deref().unwrap_or_default(),
                    expected.as_deref().unwrap_or_default()
                ),
            });
        }
        let value = self.value.as_deref().unwrap_or_default();
        if let Some(phrase) = missing(&expected.value_has, value) {
            return Some(format!("has the value {value} without {phrase:?}"));
        }
        if let Some((count, last)) = &expected.lines {
            if self.lines != *count || self.last_line != *last {
                return Some(format!(
                    "prints {} lines, the last: {}",
                    self.lines, self.last_line
                ));
            }
        } else if self.stdout != expected.stdout.as_deref().unwrap_or_default() {
            return Some(format!("prints {:?}", self.stdout));
        }
        let same_figures = self.figures.len() == expected.figures.len()
            && self.figures.iter().zip(&expected.figures).all(
                |((mime, content), (expected, phrase))| {
                    mime == expected && content.contains(phrase)
                },
            );
        if !same_figures {
            return Some(format!("shows {:?}", self.figures));
        }
        if words {
            if let Some(phrase) = missing(&expected.error_has, &self.said) {
                return Some(format!("does not say {phrase:?}: {}", self.said));
            }
            if let Some(phrase) = missing(&expected.stderr_has, &self.stderr) {
                return Some(format!("{phrase:?} is not in {:?}", self.stderr));
            }
            if expected.stderr_has.is_empty() && !self.stderr.is_empty() {
                return Some(format!("prints to standard error {:?}", self.stderr));
            }
        }
        None
    }
}

fn missing<'p>(phrases: &'p [String], text: &str) -> Option<&'p String> {
    phrases
        .iter()
        .find(|phrase| !text.contains(phrase.as_str()))
}

/// Whether an error's name is one of rustc's codes.
fn is_code(name: &str) -> bool {
    name.len() == 5 && name.starts_with('E') && name[1..].bytes().all(|byte| byte.is_ascii_digit())
}
