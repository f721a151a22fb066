//! The benchmarks that have a name: those in `data/bench`, built in.

use std::path::Path;

use super::config::Config;
use crate::bench::error::BenchError;
use crate::nearest::nearest;

macro_rules! benchmarks {
    ($($name:literal),* $(,)?) => {
        /// Names and what their files say, in the order in which they are listed.
        const BENCHMARKS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/../data/bench/", $name, ".toml"
            )))),*
        ];
    };
}

benchmarks![
    "distilbert",
    "distilbert-mixed",
    "elementwise",
    "elementwise-single",
    "elementwise-scaling",
    "linear",
    "mlp",
    "cnn",
    "rnn",
    "attention",
    "compile",
    "compile-small",
    "cold-start",
    "roofline",
];

impl Config {
    /// The names of the benchmarks that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BENCHMARKS.iter().map(|(name, _)| *name)
    }

    /// The benchmark of this name.
    ///
    /// # Errors
    /// When there is none; the error names those that there are.
    pub fn named(name: &str) -> Result<Config, BenchError> {
        let found = BENCHMARKS.iter().find(|(known, _)| *known == name);
        let Some((_, text)) = found else {
            let all: Vec<&str> = Config::names().collect();
            let meant = nearest(name, Config::names())
                .map(|meant| format!("; did you mean `{meant}`?"))
                .unwrap_or_default();
            return Err(
                BenchError::new(format!("there is no benchmark `{name}`{meant}"))
                    .help(format!("{}, or a TOML file of your own", all.join(", "))),
            );
        };
        Config::from_toml(text).map_err(|error| error.of(name))
    }

    /// The benchmark in this file, or of this name.
    ///
    /// # Errors
    /// As [`Config::open`] and [`Config::named`].
    pub fn find(name_or_path: &str) -> Result<Config, BenchError> {
        let path = Path::new(name_or_path);
        let is_path = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        if is_path || path.is_file() {
            Config::open(path)
        } else {
            Config::named(name_or_path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_what_its_file_says_and_every_file_has_a_name() {
        for name in Config::names() {
            assert_eq!(Config::named(name).unwrap().benchmark.name, name);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/bench");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert!(Config::names().any(|name| name == stem), "{stem}");
            }
        }
    }

    #[test]
    fn a_name_that_is_not_there_gets_a_suggestion() {
        let error = Config::find("distillbert").unwrap_err().to_string();
        assert!(error.contains("did you mean `distilbert`?"), "{error}");
        let error = Config::find("nowhere.toml").unwrap_err().to_string();
        assert!(error.contains("nowhere.toml: cannot be read"), "{error}");
    }
}
