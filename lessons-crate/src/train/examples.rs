//! The Stanford Sentiment Treebank's binary split, as lines of `label<TAB>text`.

use std::path::{Path, PathBuf};

use super::TrainError;

/// One labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// 0 for NEGATIVE, 1 for POSITIVE.
    pub label: u32,
    /// The text as the data set writes it: lowercase, tokens apart (`it does n't work .`).
    pub text: String,
}

/// Reads a file of `label<TAB>text` lines.
///
/// # Errors
/// The file cannot be read, or a line is not of that form.
pub fn read_examples(path: &Path) -> Result<Vec<Example>, TrainError> {
    let content = std::fs::read_to_string(path).map_err(TrainError::read(path))?;
    content
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let wrong = |detail: &str| TrainError::Line {
                path: path.to_owned(),
                line: index + 1,
                detail: detail.to_owned(),
            };
            let (label, text) = line
                .split_once('\t')
                .ok_or_else(|| wrong("no tab between label and text"))?;
            let label = match label {
                "0" => 0,
                "1" => 1,
                other => return Err(wrong(&format!("the label is {other:?}, not 0 or 1"))),
            };
            Ok(Example {
                label,
                text: text.trim().to_owned(),
            })
        })
        .collect()
}

/// The folder with the SST-2 files: `given`, else `$LESSONS_DATA/sst2`, else `../shared/data/sst2`
/// seen from the workspace that this library was built in.
///
/// # Errors
/// The folder that applies does not hold `train.tsv`, `train-phrases.tsv` and `dev.tsv`.
pub fn find_sst2(given: Option<&Path>) -> Result<PathBuf, TrainError> {
    let dir = match (given, std::env::var_os("LESSONS_DATA")) {
        (Some(dir), _) => dir.to_owned(),
        (None, Some(data)) => PathBuf::from(data).join("sst2"),
        (None, None) => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/sst2"),
    };
    let complete = ["train.tsv", "train-phrases.tsv", "dev.tsv"]
        .iter()
        .all(|file| dir.join(file).is_file());
    if complete {
        Ok(dir)
    } else {
        Err(TrainError::NoData { dir })
    }
}

/// Joins the contractions that the treebank writes apart, as people type them: `ca n't` becomes
/// `can't`, `it 's` becomes `it's`. (Other marks need nothing: the tokenizer splits at them.)
///
/// ```
/// assert_eq!(lessons::train::join_contractions("it 's not that i ca n't ."), "it's not that i can't .");
/// ```
pub fn join_contractions(text: &str) -> String {
    const SUFFIXES: [&str; 7] = ["n't", "'s", "'re", "'ve", "'ll", "'d", "'m"];
    let mut joined = String::with_capacity(text.len());
    for word in text.split(' ') {
        if !joined.is_empty() && !SUFFIXES.contains(&word) {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.tsv");
        for (content, expected) in [
            ("1\tgood\nbad\n", "line 2: no tab"),
            ("2\tgood\n", "line 1: the label is \"2\""),
        ] {
            std::fs::write(&path, content).unwrap();
            let message = read_examples(&path).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let message = find_sst2(Some(dir.path())).unwrap_err().to_string();
        assert!(message.contains("train-phrases.tsv"), "{message}");
    }
}
