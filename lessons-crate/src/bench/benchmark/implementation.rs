//! Other engines to time beside ours, as a TOML says it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::config::read;
use super::suggestion::with_suggestion;
use crate::bench::error::BenchError;

/// An engine that is a process of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Implementation {
    pub name: String,
    /// The program and its arguments; paths in a file are seen from the file's folder.
    pub command: Vec<String>,
    /// The longest that an answer may take; building a model may take minutes.
    #[serde(default = "time_limit")]
    pub time_limit_s: f64,
    /// Variables of the environment that the process is not given.
    #[serde(default)]
    pub without: Vec<String>,
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}

fn time_limit() -> f64 {
    300.0
}

impl Implementation {
    /// The engines that a file describes, which has nothing but `[[implementations]]`.
    ///
    /// # Errors
    /// As [`Config::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Vec<Implementation>, BenchError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Engines {
            implementations: Vec<Implementation>,
        }
        let path = path.as_ref();
        let of_file = |error: BenchError| error.of(path.display());
        let Engines {
            mut implementations,
        } = toml::from_str(&read(path)?).map_err(|error| of_file(with_suggestion(&error)))?;
        implementations
            .iter()
            .try_for_each(Implementation::check)
            .map_err(of_file)?;
        seen_from(path, &mut implementations);
        Ok(implementations)
    }

    /// # Errors
    /// When there is nothing to start, or no time to wait.
    pub(super) fn check(&self) -> Result<(), BenchError> {
        let no_time = self.time_limit_s.is_nan() || self.time_limit_s <= 0.0;
        if self.command.is_empty() || no_time {
            return Err(BenchError::new(format!(
                "the implementation `{}` has no command, or no time to answer",
                self.name
            ))
            .help("command = [\"python3\", \"my_engine.py\"] and time_limit_s = 300"));
        }
        Ok(())
    }
}

/// Paths in commands are seen from the folder of the file, which a process is started in: so it must be
/// absolute.
pub(super) fn seen_from(path: &Path, implementations: &mut [Implementation]) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for implementation in implementations {
        implementation.folder = path.parent().map(Path::to_owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_engines_are_seen_from_their_file() {
        let engines = Implementation::open("../scripts/engines/engines.toml").unwrap();
        assert!(engines.len() >= 5);
        for engine in &engines {
            let folder = engine.folder.as_ref().unwrap();
            assert!(folder.is_absolute() && folder.join(&engine.command[1]).is_file());
        }
    }
}
