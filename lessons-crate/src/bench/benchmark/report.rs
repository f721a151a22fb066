//! What a benchmark found.

use super::config::Measures;
use super::engine::Loaded;
use super::limits::Limits;
use super::memory::Memory;
use crate::bench::compare::{Comparison, Row};
use crate::bench::machine::Machine;
use crate::bench::measurement::Measurement;
use crate::bench::statistics::{Interval, ratio_interval};
use crate::engine::Device;

/// The times of all implementations at all shapes, and what they are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchReport {
    pub name: String,
    pub description: String,
    pub measures: Measures,
    /// When it was saved or printed, in UTC: `20260102T030405Z`.
    pub timestamp: Option<String>,
    pub machine: Machine,
    /// What the machine could do at most in the same run.
    pub limits: Limits,
    pub precision: String,
    pub threads: usize,
    /// The processors that the threads stayed on; empty where they might move.
    pub pinned: Vec<usize>,
    /// The name of the output that is compared.
    pub output: String,
    /// The implementations by name, and what they said once they had loaded the model, or why not.
    pub engines: Vec<(String, Result<Loaded, String>)>,
    pub cases: Vec<CaseReport>,
    /// What spoiled the measurement.
    pub warnings: Vec<String>,
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseReport {
    pub shape: String,
    /// Arithmetic operations of a run, where runs are timed.
    pub flops: Option<f64>,
    /// Bytes that a run must move at least.
    pub bytes: f64,
    /// The speed of copying as many bytes in the same run, in GB/s, where it is what limits a run.
    pub copy_gbs: Option<f64>,
    /// What memory each implementation took.
    pub memory: Vec<Memory>,
    /// The start of each implementation's result; empty where there is none.
    pub outputs: Vec<Vec<f64>>,
    /// The rows, ours first.
    pub comparison: Comparison,
}

/// How our time stands to that of the fastest other implementation that gives the same result.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    pub peer: String,
    /// Our median over theirs: below 1 we are faster.
    pub ratio: f64,
    pub interval: Interval,
}

impl BenchReport {
    /// Our time against the best of the other engines that agree with ours, computing with as many threads
    /// in the same precision. `None` where there is none: the speed of another answer is nothing.
    pub fn against_best(&self, case: &CaseReport) -> Option<Ratio> {
        let (ours, others) = case.comparison.rows.split_first()?;
        let loaded = |row: &Row| {
            let found = self.engines.iter().find(|(name, _)| *name == row.name);
            found.and_then(|(_, loaded)| loaded.as_ref().ok())
        };
        let engine = &loaded(ours)?.engine;
        let ours = ours.time.as_ref().ok()?;
        let equal = |row: &&Row| {
            loaded(row).is_some_and(|it| {
                it.threads == self.threads && it.precision == self.precision && it.engine != *engine
            })
        };
        let (name, best) = others
            .iter()
            .filter(equal)
            .filter(|row| row.difference.is_some_and(|difference| difference.agrees))
            .filter_map(|row| Some((&row.name, row.time.as_ref().ok()?)))
            .min_by(|a, b| a.1.median().total_cmp(&b.1.median()))?;
        Some(Ratio {
            peer: name.clone(),
            ratio: ours.median() / best.median(),
            interval: ratio_interval(ours.samples(), best.samples()),
        })
    }

    /// What failed or gave another result, and at which shapes. That a machine has no GPU is no failure.
    pub fn incomplete(&self) -> Vec<String> {
        let no_gpu = Device::available().iter().all(|it| *it == Device::Cpu);
        let missing = no_gpu.then(|| Device::usual_gpu().to_string());
        let mut found = Vec::new();
        for (number, (name, _)) in self.engines.iter().enumerate() {
            let shapes = |is: &dyn Fn(&Row) -> bool| {
                let cases = self.cases.iter();
                let rows = cases.filter_map(|case| Some((case, case.comparison.rows.get(number)?)));
                let shapes: Vec<&str> = rows
                    .filter(|(_, row)| is(row))
                    .map(|(case, _)| case.shape.as_str())
                    .collect();
                shapes.join(", ")
            };
            let failed = shapes(&|row| row.time.is_err());
            let differs =
                shapes(&|row| row.time.is_ok() && row.difference.is_some_and(|it| !it.agrees));
            if !failed.is_empty() && missing.as_ref() != Some(name) {
                found.push(format!("{name} failed at {failed}"));
            }
            if !differs.is_empty() {
                found.push(format!("{name} gave another result at {differs}"));
            }
        }
        found
    }

    /// All warnings, those of single measurements with their shape and implementation.
    pub fn all_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        if self.machine.debug_build {
            warnings.push(
                "this is a debug build: its numbers say nothing; build with --release".to_owned(),
            );
        }
        for case in &self.cases {
            for row in &case.comparison.rows {
                let unequal = row.difference.and_then(|it| it.unequal());
                warnings.extend(
                    unequal.map(|it| format!("{} at {} computes {it}", row.name, case.shape)),
                );
                let scattered = row.time.iter().flat_map(Measurement::warnings);
                warnings.extend(
                    scattered
                        .filter(|text| !text.contains("debug build"))
                        .map(|text| format!("{} at {}: {text}", row.name, case.shape)),
                );
            }
        }
        warnings
    }
}

impl CaseReport {
    /// The rate of arithmetic, in GFLOP/s.
    pub fn gflops(&self, time: &Measurement) -> Option<f64> {
        Some(self.flops? / time.median() / 1e9)
    }

    /// The share of the speed of copying, where that is the limit.
    pub fn copy_share(&self, time: &Measurement) -> Option<f64> {
        Some(self.gbs(time) / self.copy_gbs?)
    }

    /// The rate at which memory is moved, in GB/s, if each byte is moved once.
    pub fn gbs(&self, time: &Measurement) -> f64 {
        self.bytes / time.median() / 1e9
    }
}
