//! Reports as JSON, for programs.

use serde::Serialize;

use super::config::Measures;
use super::limits::Limits;
use super::report::{BenchReport, CaseReport};
use crate::bench::compare::Row;
use crate::bench::machine::Machine;
use crate::bench::measurement::Measurement;

/// `{"machine":{…},"precision":"f32","threads":2,"results":[…],"benchmark":"mlp","measures":"run"}`, as
/// `docs/bench-report.schema.json` says it; other implementations stand in
/// `peers`, which is left out where there are none.
#[derive(Serialize)]
struct Shown<'a> {
    machine: ShownMachine<'a>,
    precision: &'a str,
    threads: usize,
    /// The processors that the threads stayed on.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pinned: &'a [usize],
    results: Vec<ShownResult<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<Peer<'a>>,
    benchmark: &'a str,
    measures: Measures,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownMachine<'a> {
    #[serde(flatten)]
    machine: &'a Machine,
    #[serde(flatten)]
    limits: Limits,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Peer<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    results: Vec<ShownResult<'a>>,
}

#[derive(Serialize)]
struct ShownResult<'a> {
    shape: &'a str,
    #[serde(flatten)]
    outcome: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Error(Failed<'a>),
    Times(Box<Times<'a>>),
}

#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
    /// What was measured before that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    samples_before_failing_ms: Vec<f64>,
}

#[derive(Serialize)]
struct Times<'a> {
    median_ms: f64,
    min_ms: f64,
    p95_ms: f64,
    runs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_share: Option<f64>,
    /// Of the speed of copying, where that is the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights_bytes: Option<u64>,
    /// Allocations of one run, once it is steady, and their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logits: Option<&'a [f64]>,
    /// The start of another result than logits.
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<&'a [f64]>,
    #[serde(flatten)]
    more: Option<More>,
}

/// What is told beyond the times where all is asked for, and of peers.
#[derive(Serialize)]
struct More {
    p50_ms: f64,
    p99_ms: f64,
    interval_ms: [f64; 2],
    coefficient_of_variation: f64,
    first_ms: f64,
    calls_per_sample: u32,
    steady: bool,
    gbs: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_difference: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agrees: Option<bool>,
    samples_ms: Vec<f64>,
}

impl BenchReport {
    /// The report as one line of JSON. `all` adds to each result its quantiles, interval, scatter and
    /// raw samples.
    ///
    /// # Errors
    /// Never for a report that was measured.
    pub fn to_json(&self, all: bool) -> Result<String, serde_json::Error> {
        let of_row = |row: usize| {
            let results = self.cases.iter();
            results
                .filter_map(|case| {
                    let shown = case.comparison.rows.get(row)?;
                    Some(self.result(case, row, shown, all || row > 0))
                })
                .collect()
        };
        let peers = self.engines.iter().enumerate().skip(1);
        let shown = Shown {
            machine: ShownMachine {
                machine: &self.machine,
                limits: self.limits,
                warnings: self.all_warnings(),
            },
            precision: &self.precision,
            threads: self.threads,
            pinned: &self.pinned,
            results: of_row(0),
            peers: peers
                .map(|(row, (name, loaded))| Peer {
                    name,
                    engine: loaded.as_ref().ok().map(|it| it.engine.as_str()),
                    load_ms: loaded.as_ref().ok().map(|it| rounded(it.seconds * 1e3)),
                    error: loaded.as_ref().err().map(String::as_str),
                    results: of_row(row),
                })
                .collect(),
            benchmark: &self.name,
            measures: self.measures,
            timestamp: self.timestamp.as_deref(),
        };
        serde_json::to_string(&shown)
    }

    fn result<'a>(
        &self,
        case: &'a CaseReport,
        number: usize,
        row: &'a Row,
        all: bool,
    ) -> ShownResult<'a> {
        let logits = self.output == "logits";
        let output = case.outputs.get(number).map_or(&[][..], Vec::as_slice);
        let memory = case.memory.get(number).copied().unwrap_or_default();
        let outcome = match &row.time {
            Err(error) => Outcome::Error(Failed {
                error,
                samples_before_failing_ms: row
                    .before_failing
                    .as_ref()
                    .map_or_else(Vec::new, milliseconds),
            }),
            Ok(time) => Outcome::Times(Box::new(Times {
                median_ms: rounded(time.median() * 1e3),
                min_ms: rounded(time.min() * 1e3),
                p95_ms: rounded(time.p95() * 1e3),
                runs: time.samples().len() * time.calls_per_sample as usize,
                gflops: case.gflops(time).map(rounded),
                peak_share: case
                    .gflops(time)
                    .map(|it| rounded(it / self.limits.fma_gflops)),
                copy_share: case.copy_share(time).map(rounded),
                peak_bytes: memory.peak_bytes,
                weights_bytes: memory.weights_bytes,
                allocations: memory.allocations.map(|it| it.count),
                allocated_bytes: memory.allocations.map(|it| it.bytes),
                logits: logits.then_some(output),
                outputs: (!logits).then_some(output),
                more: all.then(|| More::new(case, row, time)),
            })),
        };
        ShownResult {
            shape: &case.shape,
            outcome,
        }
    }
}

impl More {
    fn new(case: &CaseReport, row: &Row, time: &Measurement) -> Self {
        let interval = time.interval();
        More {
            p50_ms: rounded(time.median() * 1e3),
            p99_ms: rounded(time.p99() * 1e3),
            interval_ms: [rounded(interval.low * 1e3), rounded(interval.high * 1e3)],
            coefficient_of_variation: rounded(time.coefficient_of_variation()),
            first_ms: rounded(time.first.as_secs_f64() * 1e3),
            calls_per_sample: time.calls_per_sample,
            steady: time.steady,
            gbs: rounded(case.gbs(time)),
            largest_difference: row.difference.map(|difference| difference.largest),
            agrees: row.difference.map(|difference| difference.agrees),
            samples_ms: milliseconds(time),
        }
    }
}

fn milliseconds(time: &Measurement) -> Vec<f64> {
    time.samples().iter().map(|s| rounded(s * 1e3)).collect()
}

/// To six significant digits: clocks know no more.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}
