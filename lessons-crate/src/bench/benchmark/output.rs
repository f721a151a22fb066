//! `[output]` of a benchmark: which reports are saved where, under what names.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::bench::error::BenchError;
use crate::bench::saved::REPORT_FORMATS;
use crate::nearest::nearest;

/// The folder of saved reports where nobody names another.
pub const REPORT_FOLDER: &str = "bench-reports";

/// What is saved. With it reports are saved without being asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// `json` with all samples, `markdown`, `csv`, `svg`.
    pub formats: Vec<String>,
    pub folder: PathBuf,
    /// The name of the files: `{name}`, `{machine}` and `{timestamp}` are filled in.
    pub name: String,
    /// The template of the Markdown, seen from the file's folder; ours where there is none.
    pub template: Option<PathBuf>,
}

impl Default for Output {
    fn default() -> Output {
        Output {
            formats: REPORT_FORMATS
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            folder: PathBuf::from(REPORT_FOLDER),
            name: "{name}_{machine}_{timestamp}".to_owned(),
            template: None,
        }
    }
}

impl Output {
    /// # Errors
    /// When a format or a placeholder is not known, or names would not tell reports apart.
    pub(super) fn check(&self) -> Result<(), BenchError> {
        let formats = || REPORT_FORMATS.iter().map(|(name, _)| *name);
        for format in &self.formats {
            if !formats().any(|known| known == format) {
                let all: Vec<&str> = formats().collect();
                return Err(unknown("output.formats has", format, &all));
            }
        }
        if self.formats.is_empty() {
            return Err(
                BenchError::new("output.formats is empty: nothing would be saved")
                    .help("formats = [\"json\", \"markdown\"], or leave [output] out"),
            );
        }
        let placeholders = ["name", "machine", "timestamp"];
        for placeholder in self.name.split('{').skip(1) {
            let name = placeholder.split('}').next().unwrap_or_default();
            if !placeholders.contains(&name) {
                return Err(unknown(
                    "output.name has the placeholder",
                    name,
                    &placeholders,
                ));
            }
        }
        let other_folder = self.name.contains(['/', '\\']);
        if other_folder || !self.name.contains("{timestamp}") {
            return Err(BenchError::new(
                "output.name must be a file's name with {timestamp}: else each report would be written over \
                 the one before, or into another folder",
            )
            .help("name = \"{name}_{machine}_{timestamp}\""));
        }
        Ok(())
    }

    /// The template is seen from the folder of the file that names it.
    pub(super) fn seen_from(&mut self, file: &Path) {
        let folder = file.parent().unwrap_or(Path::new(""));
        if let Some(template) = &mut self.template {
            *template = folder.join(&*template);
        }
    }

    /// The name of a report's files, without an extension.
    pub fn stem(&self, name: &str, machine: &str, timestamp: &str) -> String {
        self.name
            .replace("{name}", name)
            .replace("{machine}", machine)
            .replace("{timestamp}", timestamp)
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> BenchError {
    let meant = nearest(name, known.iter().copied())
        .map(|meant| format!("; did you mean `{meant}`?"))
        .unwrap_or_default();
    BenchError::new(format!("{what} `{name}`, which is none{meant}")).help(known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(change: impl FnOnce(&mut Output)) -> String {
        let mut output = Output::default();
        output.check().unwrap();
        change(&mut output);
        output.check().unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_known_gets_a_suggestion() {
        let text = error(|it| it.formats.push("markdwon".to_owned()));
        assert!(text.contains("did you mean `markdown`?"), "{text}");
        let text = error(|it| it.name = "{nam}_{timestamp}".to_owned());
        assert!(text.contains("did you mean `name`?"), "{text}");
        let text = error(|it| it.formats.clear());
        assert!(text.contains("nothing would be saved"), "{text}");
    }

    #[test]
    fn names_tell_reports_apart_and_stay_in_the_folder() {
        for name in ["{name}", "../{timestamp}", "a/{timestamp}"] {
            let text = error(|it| it.name = name.to_owned());
            assert!(text.contains("{timestamp}"), "{text}");
        }
        let output = Output {
            name: "{timestamp}-{name}".to_owned(),
            ..Output::default()
        };
        assert_eq!(
            output.stem("mlp", "cpu-2", "20260102T030405Z"),
            "20260102T030405Z-mlp"
        );
    }
}
