//! Recorded runs: what a graph took on a GPU, for those who have none.
//!
//! A recorded run is a JSON file in `data/timings/`. [`Scaling::record`](super::Scaling::record)
//! writes one, [`recorded`] finds the one of a graph. Schema 1:
//!
//! ```json
//! {
//!   "schema": 1,
//!   "graph": "the graph as it prints, which must be the same to the letter",
//!   "symbol": "what the sizes are of: n, batch, seq",
//!   "date": "2026-01-31",
//!   "gpu": "the GPU's name and its driver's version",
//!   "machine": { "cpu": "…", "threads": 16, "os": "…", "rustc": "…", "debug_build": false },
//!   "series": [ { "name": "cuda:0", "points": [
//!     { "size": 4, "median": 1.2e-5, "p95": 1.3e-5, "samples": 3000, "agrees": true } ] } ]
//! }
//! ```
//!
//! Times are in seconds. Unknown keys are errors, so that a newer schema is not half understood.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::BenchError;
use super::machine::Machine;
use crate::graph::Graph;

const SCHEMA: u32 = 1;
/// Where recorded runs lie, seen from the folder of the project.
const FOLDER: &str = "data/timings";

/// A run over sizes that was made on another machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRun {
    schema: u32,
    pub graph: String,
    pub symbol: String,
    /// Year, month and day.
    pub date: String,
    /// The GPU's name and its driver's version.
    pub gpu: String,
    pub machine: Machine,
    pub series: Vec<RecordedSeries>,
}

/// The times on one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSeries {
    pub name: String,
    pub points: Vec<RecordedPoint>,
}

/// The time at one size, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedPoint {
    pub size: usize,
    pub median: f64,
    pub p95: f64,
    pub samples: usize,
    /// Whether the result agreed with the reference's when it was recorded.
    pub agrees: bool,
}

impl RecordedRun {
    pub(super) fn new(
        graph: &Graph,
        symbol: &str,
        gpu: &str,
        date: &str,
        series: Vec<RecordedSeries>,
    ) -> RecordedRun {
        RecordedRun {
            schema: SCHEMA,
            graph: graph.to_string(),
            symbol: symbol.to_owned(),
            date: date.to_owned(),
            gpu: gpu.to_owned(),
            machine: Machine::here(),
            series,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is not JSON of this schema, or holds times that are none.
    pub fn open(path: impl AsRef<Path>) -> Result<RecordedRun, BenchError> {
        let path = path.as_ref();
        let broken = |what: String| {
            BenchError::new(format!("not a recorded run: {what}"))
                .of(path.display())
                .help("record it again: scaling.record(path, gpu, date)")
        };
        let text = fs::read_to_string(path).map_err(|error| {
            BenchError::new(format!("cannot be read: {error}")).of(path.display())
        })?;
        let run: RecordedRun =
            serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if run.schema != SCHEMA {
            return Err(broken(format!(
                "its schema is {}, and this version reads {SCHEMA}",
                run.schema
            )));
        }
        let points = run.series.iter().flat_map(|series| &series.points);
        for point in points {
            if !(point.median > 0.0 && point.median.is_finite() && point.p95 >= point.median) {
                return Err(broken(format!(
                    "the times at size {} are {} and {}",
                    point.size, point.median, point.p95
                )));
            }
        }
        Ok(run)
    }

    /// Writes the run to a file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), BenchError> {
        let path = path.as_ref();
        let broken = |error: &dyn std::fmt::Display| {
            BenchError::new(format!("cannot be written: {error}")).of(path.display())
        };
        let json = serde_json::to_string_pretty(self).map_err(|error| broken(&error))?;
        fs::write(path, json + "\n").map_err(|error| broken(&error))
    }
}

/// The recorded run of a graph: from `data/timings` in this folder or the nearest one above it.
/// Where there are several the latest is taken.
///
/// # Errors
/// When a file in the folder is no recorded run.
pub fn recorded(graph: &Graph) -> Result<Option<RecordedRun>, BenchError> {
    let here = std::env::current_dir().unwrap_or_default();
    match here
        .ancestors()
        .map(|folder| folder.join(FOLDER))
        .find(|folder| folder.is_dir())
    {
        Some(folder) => recorded_in(&folder, graph),
        None => Ok(None),
    }
}

fn recorded_in(folder: &Path, graph: &Graph) -> Result<Option<RecordedRun>, BenchError> {
    let unreadable =
        |error: std::io::Error| BenchError::new(error.to_string()).of(folder.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    let printed = graph.to_string();
    let mut latest: Option<RecordedRun> = None;
    for path in paths {
        let run = RecordedRun::open(path)?;
        if run.graph == printed && latest.as_ref().is_none_or(|latest| latest.date <= run.date) {
            latest = Some(run);
        }
    }
    Ok(latest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::f32s;

    fn graph(factor: i32) -> Graph {
        Graph::build("scale", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", factor * x);
        })
        .unwrap()
    }

    fn run(date: &str) -> RecordedRun {
        let point = RecordedPoint {
            size: 4,
            median: 1e-5,
            p95: 2e-5,
            samples: 100,
            agrees: true,
        };
        let series = RecordedSeries {
            name: "cuda:0".to_owned(),
            points: vec![point],
        };
        RecordedRun::new(&graph(2), "n", "Example GPU, driver 1", date, vec![series])
    }

    #[test]
    fn the_latest_run_of_the_very_graph_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for (name, date) in [("a.json", "2026-02-01"), ("b.json", "2026-01-01")] {
            run(date).save(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("README.md"), "not a run").unwrap();
        let found = recorded_in(folder.path(), &graph(2)).unwrap();
        assert_eq!(found, Some(run("2026-02-01")));
        assert_eq!(recorded_in(folder.path(), &graph(3)).unwrap(), None);
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        run("2026-01-01").save(&path).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        for (from, to, says) in [
            ("\"schema\": 1", "\"schema\": 2", "reads 1"),
            ("\"size\": 4", "\"size\": -4", "invalid value"),
            ("\"gpu\"", "\"cpu\"", "unknown field"),
            (
                "\"median\": 0.00001",
                "\"median\": 0.0",
                "the times at size 4",
            ),
            ("{", "", "not a recorded run"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good, "{from} is in {good}");
            std::fs::write(&path, bad).unwrap();
            let error = RecordedRun::open(&path).unwrap_err().to_string();
            assert!(
                error.contains("run.json") && error.contains(says),
                "{error}"
            );
        }
        assert!(RecordedRun::open(folder.path().join("none.json")).is_err());
    }
}
