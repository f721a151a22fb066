//! A graph on every device that is there, over the sizes of its symbolic dim.

mod inputs;

use std::fmt;
use std::path::Path;

use candle_core::{Device as CandleDevice, Tensor};

use super::compare::{Row, measure_all};
use super::difference::Difference;
use super::error::BenchError;
use super::machine::Machine;
use super::measurement::{Budget, Measurement, seconds};
use super::recorded::{RecordedPoint, RecordedRun, RecordedSeries, recorded};
use crate::compile::Options;
use crate::engine::{Device, Model, Session};
use crate::graph::Graph;
use crate::interrupt::check_point;
use crate::weights::Weights;

use inputs::{Inputs, only_symbol, random_inputs};

/// How far a device's result may be from that of the CPU, relative to the larger of 1 and the
/// result. GPUs add up in another order.
const TOLERANCE: f64 = 1e-4;
/// What stands in place of the GPU where there is none and no run was recorded.
const NO_GPU: &str =
    "No GPU in this build or machine: only the CPU is measured. How to get one: docs/gpu.md";

/// One way to run a graph, timed over sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub device: Device,
    pub points: Vec<Point>,
}

/// One size.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub size: usize,
    /// The time, or why there is none.
    pub time: Result<Measurement, String>,
    /// How far the result is from that of the first series.
    pub difference: Option<Difference>,
}

/// The times of a graph over sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    graph: Graph,
    /// What the sizes are of: the graph's symbol.
    pub symbol: String,
    pub sizes: Vec<usize>,
    pub series: Vec<Series>,
    /// A run on another machine's GPU, where this one has none.
    pub recorded: Option<RecordedRun>,
    /// What there is to say of GPUs where none was measured.
    pub note: Option<String>,
    pub machine: Machine,
}

/// Times a graph with one symbolic dim over sizes of it: on the CPU op by op as it was written, on
/// the CPU compiled, and on each GPU, with and without copying the inputs there and the results
/// back. All see the same inputs: random floats between -1 and 1, and ones for integers.
///
/// Where there is no GPU the result says so and holds the recorded run of this graph, if there is
/// one. A device that fails gets points that say why.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// let scaling = lessons::bench::over_sizes(&graph, &Weights::new(), &[4, 1024])?;
/// assert_eq!(
///     scaling.verdict(),
///     "n = 4, 1024: every device gives what the CPU gives op by op: yes"
/// );
/// # Ok::<(), lessons::Error>(())
/// ```
///
/// # Errors
/// When there are no sizes, or the graph has not exactly one symbol, does not compile, or does not
/// get its weights.
pub fn over_sizes(graph: &Graph, weights: &Weights, sizes: &[usize]) -> crate::Result<Scaling> {
    let symbol = only_symbol(graph)?;
    let inputs = |size| random_inputs(graph, &symbol, size);
    run(graph, weights, &symbol, sizes, &Budget::quick(), &inputs)
}

/// [`over_sizes`] for graphs with several symbols, or with inputs of one's own: `inputs` makes them
/// for each size of what `symbol` names.
///
/// # Errors
/// As [`over_sizes`]; inputs that cannot be made become points that say why.
pub fn over_sizes_with<N: Into<String>>(
    graph: &Graph,
    weights: &Weights,
    symbol: &str,
    sizes: &[usize],
    budget: &Budget,
    inputs: impl Fn(usize) -> crate::Result<Vec<(N, Tensor)>>,
) -> crate::Result<Scaling> {
    let inputs = |size| {
        let named = inputs(size)?.into_iter();
        Ok(named.map(|(name, tensor)| (name.into(), tensor)).collect())
    };
    run(graph, weights, symbol, sizes, budget, &inputs)
}

/// A way to run the graph: its name, and the model or why there is none.
struct Runner {
    name: String,
    device: Device,
    model: Result<Model, String>,
    /// Whether inputs are copied to the device and results back within the time.
    copies: bool,
}

fn run(
    graph: &Graph,
    weights: &Weights,
    symbol: &str,
    sizes: &[usize],
    budget: &Budget,
    inputs: &dyn Fn(usize) -> crate::Result<Inputs>,
) -> crate::Result<Scaling> {
    if sizes.is_empty() {
        return Err(BenchError::new(format!(
            "there are no sizes of {symbol} to time {} at",
            graph.name()
        ))
        .help("over_sizes(&graph, &weights, &[4, 1024, 65536])")
        .into());
    }
    let runners = runners(graph, weights)?;
    let mut series: Vec<Series> = runners
        .iter()
        .map(|runner| Series {
            name: runner.name.clone(),
            device: runner.device,
            points: Vec::new(),
        })
        .collect();
    for size in sizes {
        check_point();
        let rows = at_size(&runners, inputs(*size), budget);
        for (series, row) in series.iter_mut().zip(rows) {
            series.points.push(Point {
                size: *size,
                time: row.time,
                difference: row.difference,
            });
        }
    }
    let (recorded, note) = match series.iter().any(|series| series.device != Device::Cpu) {
        true => (None, None),
        false => elsewhere(recorded(graph)),
    };
    Ok(Scaling {
        graph: graph.clone(),
        symbol: symbol.to_owned(),
        sizes: sizes.to_vec(),
        series,
        recorded,
        note,
        machine: Machine::here(),
    })
}

/// What to say, and to show, where there is no GPU.
fn elsewhere(
    found: Result<Option<RecordedRun>, BenchError>,
) -> (Option<RecordedRun>, Option<String>) {
    match found {
        Ok(Some(run)) => {
            let note = format!(
                "No GPU in this build or machine: its times were recorded on {}, {}",
                run.gpu, run.date
            );
            (Some(run), Some(note))
        }
        Ok(None) => (None, Some(format!("{NO_GPU}{}", unusable()))),
        Err(error) => (None, Some(format!("{NO_GPU}{} ({error})", unusable()))),
    }
}

/// Why there is no GPU, where the build is one for GPUs: a missing driver, for instance.
fn unusable() -> String {
    let device = Device::usual_gpu();
    match super::difference::guarded(|| Ok(device.open()?)) {
        Err(error) if cfg!(any(feature = "cuda", feature = "metal")) => format!(" ({error})"),
        _ => String::new(),
    }
}

fn runners(graph: &Graph, weights: &Weights) -> crate::Result<Vec<Runner>> {
    let cpu = Session::cpu();
    let as_written = Options {
        stop_after: Some(0),
    };
    let runner = |name: &str, model: Model| Runner {
        name: name.to_owned(),
        device: Device::Cpu,
        model: Ok(model),
        copies: false,
    };
    let mut runners = vec![
        runner(
            "CPU op by op",
            cpu.compile_with(graph, &as_written)?.load(weights)?,
        ),
        runner("CPU", cpu.load(graph, weights)?),
    ];
    for device in Device::available() {
        if device == Device::Cpu {
            continue;
        }
        let model = super::difference::guarded(|| Session::on(device)?.load(graph, weights));
        for copies in [false, true] {
            let with = if copies { " + copies" } else { "" };
            runners.push(Runner {
                name: format!("{device}{with}"),
                device,
                model: model.clone(),
                copies,
            });
        }
    }
    Ok(runners)
}

fn at_size(runners: &[Runner], inputs: crate::Result<Inputs>, budget: &Budget) -> Vec<Row> {
    let works = runners.iter().map(|runner| {
        let prepared = match (&runner.model, &inputs) {
            (Err(error), _) => Err(error.clone()),
            (Ok(_), Err(error)) => Err(error.to_string()),
            (Ok(model), Ok(inputs)) => place(inputs, runner).map(|inputs| (model, inputs)),
        };
        let work = move || {
            let (model, inputs) = prepared.as_ref().map_err(BenchError::new)?;
            let outputs = model.run(inputs.iter().map(|(name, tensor)| (name, tensor)))?;
            let (_, first) = outputs
                .iter()
                .next()
                .ok_or_else(|| BenchError::new("the graph has no output"))?;
            match runner.copies {
                true => Ok(first.to_device(&CandleDevice::Cpu)?),
                false => Ok(first.clone()),
            }
        };
        (runner.name.clone(), Box::new(work) as _)
    });
    measure_all(works.collect(), TOLERANCE, budget)
}

/// The inputs where the runner wants them before the clock starts.
fn place(inputs: &Inputs, runner: &Runner) -> Result<Inputs, String> {
    if runner.copies {
        return Ok(inputs.clone());
    }
    super::difference::guarded(|| {
        let device = runner.device.open()?;
        let placed = inputs
            .iter()
            .map(|(name, tensor)| Ok((name.clone(), tensor.to_device(&device)?)));
        placed.collect()
    })
}

impl Scaling {
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Whether everything that could be measured gives the results that the CPU gives op by op.
    /// Holds no times and names no device, unless one is wrong, so it reads the same everywhere.
    pub fn verdict(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        let mut wrong = Vec::new();
        for series in &self.series {
            for point in &series.points {
                match (&point.time, &point.difference) {
                    (Ok(_), Some(difference)) if !difference.agrees => {
                        wrong.push(format!("{} differs at {}", series.name, point.size));
                    }
                    (Err(error), _) if series.device == Device::Cpu => {
                        wrong.push(format!("{} fails at {}: {error}", series.name, point.size));
                    }
                    _ => {}
                }
            }
        }
        let answer = match wrong.as_slice() {
            [] => "yes".to_owned(),
            wrong => format!("no: {}", wrong.join("; ")),
        };
        format!(
            "{} = {}: every device gives what the CPU gives op by op: {answer}",
            self.symbol,
            sizes.join(", ")
        )
    }

    /// The smallest size from which on the series `name` takes less time than `other`, at all
    /// measured sizes.
    pub fn crossover(&self, name: &str, other: &str) -> Option<usize> {
        let find = |name| self.series.iter().find(|series| series.name == name);
        let (a, b) = (find(name)?, find(other)?);
        let mut from = None;
        for (a, b) in a.points.iter().zip(&b.points) {
            let faster = match (a.median(), b.median()) {
                (Some(a), Some(b)) => a < b,
                _ => false,
            };
            from = faster.then_some(from.unwrap_or(a.size));
        }
        from
    }

    /// Writes the GPUs' times to a file that [`recorded`] finds when it lies in `data/timings/`.
    /// `gpu` is the GPU's name and its driver's version, `date` year-month-day.
    ///
    /// # Errors
    /// When no GPU was measured, or the file cannot be written.
    pub fn record(&self, path: impl AsRef<Path>, gpu: &str, date: &str) -> crate::Result<()> {
        let series: Vec<RecordedSeries> = self
            .series
            .iter()
            .filter(|series| series.device != Device::Cpu)
            .map(|series| RecordedSeries {
                name: series.name.clone(),
                points: series.points.iter().filter_map(Point::record).collect(),
            })
            .filter(|series| !series.points.is_empty())
            .collect();
        if series.is_empty() {
            return Err(
                BenchError::new("no GPU was measured, so there is nothing to record")
                    .help("run this where Device::available() has a GPU; see docs/gpu.md")
                    .into(),
            );
        }
        RecordedRun::new(&self.graph, &self.symbol, gpu, date, series).save(path)?;
        Ok(())
    }

    /// All lines of the chart: the name, and seconds by size. Recorded ones say so.
    pub(super) fn lines(&self) -> Vec<(String, Vec<(usize, f64)>)> {
        let here = self.series.iter().map(|series| {
            let points = series.points.iter();
            let points = points.filter_map(|point| Some((point.size, point.median()?)));
            (series.name.clone(), points.collect())
        });
        let recorded = self
            .recorded
            .iter()
            .flat_map(|run| &run.series)
            .map(|series| {
                let points = series.points.iter().map(|point| (point.size, point.median));
                (format!("{}, recorded", series.name), points.collect())
            });
        here.chain(recorded).collect()
    }

    /// What makes the numbers worth less than they look, each once.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = Vec::new();
        for series in &self.series {
            for point in &series.points {
                for warning in point.time.iter().flat_map(Measurement::warnings) {
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
            }
        }
        warnings
    }
}

impl Point {
    /// The median in seconds, if the result is right.
    fn median(&self) -> Option<f64> {
        let right = self.difference.is_none_or(|difference| difference.agrees);
        self.time
            .as_ref()
            .ok()
            .filter(|_| right)
            .map(Measurement::median)
    }

    fn record(&self) -> Option<RecordedPoint> {
        let time = self.time.as_ref().ok()?;
        Some(RecordedPoint {
            size: self.size,
            median: time.median(),
            p95: time.p95(),
            samples: time.samples().len(),
            agrees: self.difference?.agrees,
        })
    }

    fn cell(&self) -> String {
        match (&self.time, &self.difference) {
            (Ok(_), Some(difference)) if !difference.agrees => "wrong result".to_owned(),
            (Ok(time), _) => seconds(time.median()),
            (Err(_), _) => "failed".to_owned(),
        }
    }
}

/// The table of medians by size, then the notes.
impl fmt::Display for Scaling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}\n  {:>10}",
            self.graph.name(),
            self.machine,
            self.symbol
        )?;
        for series in &self.series {
            write!(f, "  {:>14}", series.name)?;
        }
        for (index, size) in self.sizes.iter().enumerate() {
            write!(f, "\n  {size:>10}")?;
            for series in &self.series {
                write!(f, "  {:>14}", series.points[index].cell())?;
            }
        }
        for failure in self.failures() {
            write!(f, "\n  {failure}")?;
        }
        for series in self.recorded.iter().flat_map(|run| &run.series) {
            write!(f, "\n  {}, recorded:", series.name)?;
            for (at, point) in series.points.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                write!(f, "{comma} {} at {}", seconds(point.median), point.size)?;
            }
        }
        for line in self.note.iter().cloned().chain(
            self.warnings()
                .iter()
                .map(|text| format!("warning: {text}")),
        ) {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
