//! What a benchmark is, as its TOML says it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::engine::Task;
use super::implementation::{Implementation, seen_from};
use super::output::Output;
use super::roofline::RooflineKeys;
use super::shape::CaseShape;
use super::suggestion::with_suggestion;
use super::work;
use crate::bench::error::BenchError;
use crate::bench::measurement::Budget;

/// A benchmark. Unknown keys are errors.
///
/// ```
/// use lessons::bench::Config;
/// let config = Config::named("distilbert")?;
/// assert_eq!(config.shapes()?.len(), 8);
/// let error = Config::from_toml("[benchmark]\nname = \"a\"\ntolerence = 1").unwrap_err();
/// assert!(error.to_string().contains("did you mean `tolerance`?"));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub benchmark: About,
    #[serde(default)]
    pub measure: Measure,
    pub model: Option<ModelKeys>,
    pub roofline: Option<RooflineKeys>,
    #[serde(default)]
    pub devices: Devices,
    #[serde(default)]
    pub test_data: TestData,
    /// What is saved, and where; nothing where it is left out.
    pub output: Option<Output>,
    /// Other engines to time beside ours: processes that speak the protocol of `docs/bench.md`.
    #[serde(default)]
    pub implementations: Vec<Implementation>,
    /// The command `lessons`, which a cold start runs anew.
    #[serde(skip)]
    pub program: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub measures: Measures,
    #[serde(default)]
    pub precision: Precision,
    /// Threads to compute on; as many as processors where it is left out.
    pub threads: Option<usize>,
    /// Whether each thread stays on a processor of its own.
    #[serde(default)]
    pub pin: bool,
    /// How far results may be apart, relative to the larger of 1 and the result.
    #[serde(default = "tolerance")]
    pub tolerance: f64,
}

fn tolerance() -> f64 {
    1e-3
}

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measures {
    /// Runs of a model that is loaded.
    #[default]
    Run,
    /// Compiling a graph and packing its weights.
    Compile,
    /// A fresh process, from the model's file to the first result.
    ColdStart,
    /// No model, but what the machine can do at most.
    Roofline,
}

/// The width of the floats that are computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    #[default]
    F32,
}

impl Precision {
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
        }
    }
}

impl std::str::FromStr for Precision {
    type Err = BenchError;

    fn from_str(text: &str) -> Result<Precision, BenchError> {
        match text {
            "f32" => Ok(Precision::F32),
            _ => Err(
                BenchError::new(format!("`{text}` is no precision that the CPU engine has"))
                    .help("f32"),
            ),
        }
    }
}

/// How long to measure each implementation at each shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Measure {
    pub warm_up_ms: u64,
    pub time_ms: u64,
    pub min_samples: usize,
    pub max_samples: usize,
    /// How long an implementation computes in one go before it is another's turn.
    pub turn_ms: u64,
}

impl Default for Measure {
    fn default() -> Measure {
        Measure {
            warm_up_ms: 100,
            time_ms: 1000,
            min_samples: 10,
            max_samples: 2000,
            turn_ms: 60,
        }
    }
}

impl Measure {
    pub(super) fn budget(&self) -> Budget {
        use std::time::Duration;
        Budget {
            warm_up: Duration::from_millis(self.warm_up_ms),
            time: Duration::from_millis(self.time_ms),
            min_samples: self.min_samples,
            max_samples: self.max_samples,
        }
    }
}

/// What is run, and how large it is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ModelKeys {
    /// DistilBERT for sequence classification. Shapes are batch x tokens.
    Distilbert {
        /// A Hugging Face directory. Without one the full-size model is made from the seed.
        directory: Option<PathBuf>,
        #[serde(default)]
        seed: u64,
    },
    /// `relu(x * multiplier + offset)`. The shape is a number of elements.
    Elementwise { multiplier: f64, offset: f64 },
    /// `relu(x * W^T + b)`. Shapes are batch x input features.
    Linear {
        input_features: usize,
        output_features: usize,
        #[serde(default)]
        seed: u64,
    },
    /// Three linear layers with a ReLU between. Shapes are batch x input size.
    Mlp {
        input_size: usize,
        hidden_size1: usize,
        hidden_size2: usize,
        output_size: usize,
        #[serde(default)]
        seed: u64,
    },
    /// Two convolutions with pools, two linear layers. Shapes are batch x channels x height x width.
    Cnn {
        input_channels: usize,
        image_height: usize,
        image_width: usize,
        num_classes: usize,
        #[serde(default)]
        seed: u64,
    },
    /// A layer of gated recurrent units, and a linear one on its last state. Shapes are batch x steps x
    /// input size.
    Rnn {
        steps: usize,
        input_size: usize,
        hidden_size: usize,
        output_size: usize,
        #[serde(default)]
        seed: u64,
    },
    /// Scaled dot-product attention. Shapes are batch x tokens x width.
    Attention { width: usize, heads: usize },
}

/// Where our engine computes, beside the compiled graph on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Devices {
    /// The CPU without the compiler, an op at a time.
    pub op_by_op: bool,
    /// Every GPU of the build and the machine, without copies and with. Where there is none, a row says so.
    pub gpu: bool,
}

/// The inputs.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestData {
    #[serde(default)]
    pub shapes: Vec<String>,
}

impl Config {
    /// Reads a benchmark.
    ///
    /// # Errors
    /// When the text is not TOML, a key is missing or unknown, or a value makes no sense.
    pub fn from_toml(text: &str) -> Result<Config, BenchError> {
        let config: Config = toml::from_str(text).map_err(|error| with_suggestion(&error))?;
        config.check()?;
        Ok(config)
    }

    /// Reads a benchmark from a file.
    ///
    /// # Errors
    /// As [`Config::from_toml`], and when the file cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Config, BenchError> {
        let path = path.as_ref();
        let of_file = |error: BenchError| error.of(path.display());
        let mut config = Config::from_toml(&read(path)?).map_err(of_file)?;
        seen_from(path, &mut config.implementations);
        if let Some(output) = &mut config.output {
            output.seen_from(path);
        }
        Ok(config)
    }

    /// The shapes to measure at.
    ///
    /// # Errors
    /// When one is none, or does not fit the model.
    pub fn shapes(&self) -> Result<Vec<CaseShape>, BenchError> {
        let shapes = self.test_data.shapes.iter().map(|text| text.parse());
        shapes.collect()
    }

    /// The model that is run.
    ///
    /// # Errors
    /// When there is none.
    pub fn model(&self) -> Result<&ModelKeys, BenchError> {
        self.model.as_ref().ok_or_else(|| {
            BenchError::new("there is no model to measure").help("[model] kind = \"distilbert\"")
        })
    }

    /// The threads that compute.
    pub fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.benchmark.threads.unwrap_or_else(all)
    }

    /// The model with its weights.
    pub(super) fn task(&self) -> crate::Result<Task> {
        Ok(Task {
            threads: self.threads(),
            precision: self.benchmark.precision.name(),
            ..work::task(self.model()?)?
        })
    }

    /// # Errors
    /// When values contradict each other, or nothing would be measured.
    pub fn check(&self) -> Result<(), BenchError> {
        let refuse = |what: &str, help: &str| Err(BenchError::new(what).help(help));
        if !(self.benchmark.tolerance >= 0.0 && self.benchmark.tolerance.is_finite()) {
            return refuse(
                "benchmark.tolerance is no number from 0 on",
                "tolerance = 1e-3",
            );
        }
        if let Some(output) = &self.output {
            output.check()?;
        }
        if self.benchmark.threads == Some(0) {
            return refuse(
                "benchmark.threads is 0",
                "leave it out for as many as processors",
            );
        }
        let samples = self.measure.min_samples..=self.measure.max_samples;
        if samples.is_empty() || samples.contains(&0) {
            return refuse(
                "measure.min_samples must be 1 at least, and measure.max_samples no less than it: without a \
                 sample nothing is measured",
                "min_samples = 10 and max_samples = 2000",
            );
        }
        match (self.benchmark.measures, &self.roofline, &self.model) {
            (Measures::Roofline, Some(roofline), None) => return roofline.check(),
            (Measures::Roofline, _, _) => {
                return refuse(
                    "a roofline has keys in [roofline], and no model",
                    "[roofline] bytes = [134217728]",
                );
            }
            (_, Some(_), _) => {
                return refuse(
                    "[roofline] is for benchmarks that measure it",
                    "measures = \"roofline\"",
                );
            }
            (Measures::ColdStart, None, Some(ModelKeys::Distilbert { .. })) => {}
            (Measures::ColdStart, _, _) => {
                return refuse(
                    "a cold start is measured of models that lie in a directory",
                    "[model] kind = \"distilbert\"",
                );
            }
            _ => {}
        }
        self.model()?;
        let alone = self.implementations.is_empty() && self.devices == Devices::default();
        if self.benchmark.measures != Measures::Run && !alone {
            return refuse(
                "other engines and devices can be timed in running models, and in nothing else",
                "measures = \"run\"",
            );
        }
        if self.shapes()?.is_empty() {
            return refuse(
                "there is no shape to measure at",
                "[test_data] shapes = [\"1x8\"]",
            );
        }
        self.implementations
            .iter()
            .try_for_each(Implementation::check)
    }
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, BenchError> {
    std::fs::read_to_string(path)
        .map_err(|error| BenchError::new(format!("cannot be read: {error}")).of(path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::from_toml(text).unwrap_err().to_string()
    }

    const GOOD: &str = "[benchmark]\nname = \"a\"\n[model]\nkind = \"distilbert\"\n\
                        [test_data]\nshapes = [\"1x8\"]\n";

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = Config::from_toml(GOOD).unwrap();
        assert_eq!(config.measure, Measure::default());
        assert_eq!(config.benchmark.precision, Precision::F32);
    }

    #[test]
    fn unknown_keys_and_values_get_a_suggestion() {
        for (from, to, says) in [
            ("name", "nam", "did you mean `name`?"),
            ("[model]", "[modl]", "did you mean `model`?"),
            (
                "\"distilbert\"",
                "\"distillbert\"",
                "did you mean `distilbert`?",
            ),
            ("kind", "sed = 1\nkind", "did you mean `seed`?"),
            ("shapes", "shape", "did you mean `shapes`?"),
            ("\"a\"", "\"a\"\nprecision = \"f23\"", "f32"),
            (
                "[model]",
                "[output]\nformat = []\n[model]",
                "did you mean `formats`?",
            ),
            (
                "[model]",
                "[output]\nformats = [\"jsno\"]\n[model]",
                "did you mean `json`?",
            ),
            (
                "[model]",
                "[devices]\ngpus = true\n[model]",
                "did you mean `gpu`?",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert!(error(&text).contains(says), "{text}: {}", error(&text));
        }
    }

    #[test]
    fn what_would_measure_nothing_is_refused() {
        for (from, to, says) in [
            ("[\"1x8\"]", "[]", "no shape"),
            ("\"1x8\"", "\"1xx\"", "`1xx` is no shape"),
            ("\"1x8\"", "\"0x8\"", "`0x8` is no shape"),
            (
                "[model]",
                "[measure]\nmax_samples = 0\n[model]",
                "without a sample",
            ),
            (
                "[model]",
                "[measure]\nmin_samples = 0\n[model]",
                "without a sample",
            ),
            ("\"a\"", "\"a\"\nthreads = 0", "threads is 0"),
            (
                "\"a\"",
                "\"a\"\nmeasures = \"compile\"\n[devices]\ngpu = true",
                "in running models",
            ),
            ("\"a\"", "\"a\"\ntolerance = nan", "tolerance"),
            ("[model]\nkind = \"distilbert\"\n", "", "no model"),
            ("\"a\"", "\"a\"\nmeasures = \"roofline\"", "no model"),
            (
                "[model]",
                "[roofline]\nbytes = [4096]\n[model]",
                "[roofline] is for",
            ),
            (
                "\"a\"\n[model]\nkind = \"distilbert\"",
                "\"a\"\nmeasures = \"cold-start\"\n[model]\nkind = \"elementwise\"\nmultiplier = 1.0\noffset = 1.0",
                "in a directory",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert!(error(&text).contains(says), "{text}: {}", error(&text));
        }
        let idle = format!("{GOOD}[[implementations]]\nname = \"x\"\ncommand = []\n");
        assert!(error(&idle).contains("`x` has no command"));
    }
}
