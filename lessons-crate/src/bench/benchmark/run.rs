//! Runs a benchmark: every implementation at every shape, in turns.

use std::path::Path;
use std::time::Duration;

use lessons_compute::cpu::Cpu;
use lessons_compute::pool::Pool;
use lessons_compute::roofline::copy_bandwidth;

use super::compiling::Compiling;
use super::config::{Config, Measures};
use super::engine::{Case, Engine, Loaded, Task};
use super::fresh::Fresh;
use super::gpu::Gpu;
use super::limits::Limits;
use super::memory::Memory;
use super::ours::Ours;
use super::process::External;
use super::report::{BenchReport, CaseReport};
use super::work::case;
use crate::bench::compare::{Comparison, Failure, Row, Running, fail, outcome};
use crate::bench::conditions::Conditions;
use crate::bench::difference::Numbers;
use crate::bench::error::BenchError;
use crate::bench::load::warning_before;
use crate::bench::machine::Machine;
use crate::bench::measurement::{Measurement, Sampler};
use crate::bench::pinning::{Pinning, starting};

/// How many numbers of a result are kept for the report, at most.
const SHOWN: usize = 16;

/// Runs a benchmark. `say` is told, in a line each, what is being done.
///
/// An implementation that cannot be started, fails, or gives another result than ours becomes a row
/// that says so; the others go on.
///
/// # Errors
/// When the config makes no sense, or its model cannot be read.
pub fn run(config: &Config, say: &mut dyn FnMut(&str)) -> crate::Result<BenchReport> {
    config.check()?;
    let threads = config.threads();
    let task = config.task()?;
    let shapes = config.shapes()?;
    let cases: Vec<Case> = shapes
        .iter()
        .map(|shape| case(config.model()?, &task, shape))
        .collect::<crate::Result<_>>()?;
    let mut warnings: Vec<String> = warning_before().into_iter().collect();
    // Asked before threads are pinned, which leaves the system fewer processors to tell of.
    let machine = Machine::here();
    let pinning = match (config.benchmark.pin, config.benchmark.measures) {
        (false, _) => None,
        // The processes that are timed are started in the time.
        (true, Measures::ColdStart) => Some(Pinning::shared(threads)?),
        (true, _) => Some(Pinning::new(threads)?),
    };
    let pinning = pinning.as_ref();
    let mut conditions = Conditions::start();
    let pool = starting(pinning, || Pool::new(threads));
    let limits = Limits::measure(&pool);

    let folder = tempfile::tempdir().map_err(no_folder)?;
    let mut engines = engines(config, folder.path())?;
    let loaded: Vec<Result<Loaded, String>> = engines
        .iter_mut()
        .map(|engine| {
            say(&format!("{}: loading", engine.name()));
            starting(pinning, || engine.load(&task))
        })
        .collect();
    for (engine, loaded) in engines.iter().zip(&loaded) {
        if let Ok(loaded) = loaded {
            warnings.extend(unequal(engine.name(), loaded, &task));
        }
    }
    let mut reports = Vec::new();
    for case in &cases {
        say(&format!("{} {}", config.benchmark.name, case.shape));
        reports.push(measure(config, case, &mut engines, &loaded, &pool, pinning));
        conditions.look();
    }
    let processes: Vec<u32> = engines
        .iter()
        .filter_map(|engine| engine.process())
        .collect();
    warnings.extend(conditions.end(&processes));
    Ok(BenchReport {
        name: config.benchmark.name.clone(),
        description: config.benchmark.description.clone(),
        measures: config.benchmark.measures,
        timestamp: None,
        machine,
        pinned: pinning.map_or_else(Vec::new, |it| it.processors().to_vec()),
        limits: limits.best(Limits::measure(&pool)),
        precision: task.precision.to_owned(),
        threads,
        output: task
            .graph
            .outputs()
            .first()
            .map_or_else(String::new, |output| output.name.clone()),
        engines: engines
            .iter()
            .map(|engine| engine.name().to_owned())
            .zip(loaded)
            .collect(),
        cases: reports,
        warnings,
    })
}

/// Ours, and the others; files for each lie in a folder of its own.
fn engines(config: &Config, folder: &Path) -> Result<Vec<Box<dyn Engine>>, BenchError> {
    let ours: Box<dyn Engine> = match (config.benchmark.measures, &config.program) {
        (Measures::Run, _) => Box::new(Ours::grouped()),
        (Measures::Compile, _) => Box::new(Compiling::default()),
        (Measures::ColdStart, Some(program)) => {
            Box::new(Fresh::new(program.clone(), folder.to_owned()))
        }
        (Measures::ColdStart | Measures::Roofline, _) => {
            return Err(BenchError::new(format!(
                "{} is measured by the command alone",
                config.benchmark.name
            ))
            .help(format!("lessons bench {}", config.benchmark.name)));
        }
    };
    let mut engines = vec![ours];
    if config
        .shapes()?
        .iter()
        .any(|shape| shape.shortest().is_some())
    {
        engines.push(Box::new(Ours::padded()));
    }
    if config.devices.op_by_op {
        engines.push(Box::new(Ours::op_by_op()));
    }
    if config.devices.gpu {
        let gpus = Gpu::all().into_iter();
        engines.extend(gpus.map(|gpu| Box::new(gpu) as Box<dyn Engine>));
    }
    for (number, about) in config.implementations.iter().enumerate() {
        let folder = folder.join(number.to_string());
        std::fs::create_dir(&folder).map_err(no_folder)?;
        engines.push(Box::new(External::new(about.clone(), &folder)));
    }
    Ok(engines)
}

fn no_folder(error: std::io::Error) -> BenchError {
    BenchError::new(format!(
        "no folder for the files of other engines can be made: {error}"
    ))
    .help("TMPDIR, with a folder that can be written to")
}

/// What is not the same for an implementation as for the others.
fn unequal(name: &str, loaded: &Loaded, task: &Task) -> Option<String> {
    let threads = (loaded.threads != task.threads)
        .then(|| format!("{} threads instead of {}", loaded.threads, task.threads));
    let precision = (loaded.precision != task.precision)
        .then(|| format!("{} instead of {}", loaded.precision, task.precision));
    let differs: Vec<String> = threads.into_iter().chain(precision).collect();
    (!differs.is_empty()).then(|| format!("{name} computes with {}", differs.join(" and ")))
}

/// One shape: each implementation runs once, its result is compared with ours, and all are timed in turns.
fn measure(
    config: &Config,
    case: &Case,
    engines: &mut [Box<dyn Engine>],
    loaded: &[Result<Loaded, String>],
    pool: &Pool,
    pinning: Option<&Pinning>,
) -> CaseReport {
    let tolerance = config.benchmark.tolerance;
    let mut first: Option<Numbers> = None;
    let mut outputs = Vec::new();
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for (engine, loaded) in engines.iter_mut().zip(loaded) {
        let result = match loaded {
            Ok(_) => starting(pinning, || engine.prepare(case)).and_then(Numbers::without_nan),
            Err(error) => Err(error.clone()),
        };
        let difference = match (&first, &result) {
            (Some(first), Ok(result)) => Some(result.compare(first, tolerance)),
            _ => None,
        };
        outputs.push(result.as_ref().map_or_else(|_| Vec::new(), first_row));
        rows.push((engine.name().to_owned(), difference));
        failures.push(result.as_ref().err().cloned());
        if rows.len() == 1 {
            first = result.ok();
        }
    }
    // What is timed is not the run where it is a compilation, or a whole process.
    let runs = config.benchmark.measures == Measures::Run;
    let copy = || copy_gbs(case, pool).filter(|_| runs);
    let copy_before = copy();
    let times = time_in_turns(config, engines, failures);
    let copy_after = copy();
    let memory = engines
        .iter_mut()
        .zip(&times)
        .map(|(engine, (time, _))| match time {
            Ok(_) => engine.memory(),
            Err(_) => Memory::default(),
        })
        .collect();
    let rows = rows
        .into_iter()
        .zip(times)
        .map(|((name, difference), (time, before_failing))| Row {
            name,
            time,
            before_failing,
            difference,
        })
        .collect();
    CaseReport {
        shape: case.shape.to_string(),
        flops: runs.then_some(case.flops),
        bytes: case.bytes,
        copy_gbs: copy_before.zip(copy_after).map(|(a, b)| a.max(b)),
        memory,
        outputs,
        comparison: Comparison {
            title: case.shape.to_string(),
            rows,
            tolerance,
            conditions: Vec::new(),
        },
    }
}

/// The speed of copying as many bytes as a run moves, where those decide and not arithmetic: where there
/// is less than an operation a byte.
fn copy_gbs(case: &Case, pool: &Pool) -> Option<f64> {
    (case.flops < case.bytes)
        .then(|| copy_bandwidth(Cpu::with_pool(pool), case.bytes as usize / 2, 10) / 1e9)
}

/// The start of a result's first row; of the result, where it has one axis.
fn first_row(result: &Numbers) -> Vec<f64> {
    let row: usize = match result.dims.as_slice() {
        [_, rest @ ..] if !rest.is_empty() => rest.iter().product(),
        _ => result.elements.len(),
    };
    result
        .elements
        .iter()
        .copied()
        .take(row.min(SHOWN))
        .collect()
}

/// Times all that have not failed.
fn time_in_turns(
    config: &Config,
    engines: &mut [Box<dyn Engine>],
    failures: Vec<Option<String>>,
) -> Vec<(Result<Measurement, String>, Option<Measurement>)> {
    let budget = config.measure.budget();
    let turn = Duration::from_millis(config.measure.turn_ms);
    let mut works: Vec<_> = engines
        .iter_mut()
        .map(|engine| move |calls: u32| engine.time(calls))
        .collect();
    let mut samplers: Vec<Running> = works
        .iter_mut()
        .zip(failures)
        .map(|(work, failure)| match failure {
            Some(error) => Err(Failure::at_once(error)),
            None => Sampler::warm_up(&budget, work).map_err(Failure::at_once),
        })
        .collect();
    loop {
        let mut all_done = true;
        for sampler in &mut samplers {
            if let Ok(running) = sampler
                && !running.is_done()
            {
                all_done = false;
                if let Err(error) = running.turn(turn) {
                    fail(sampler, error);
                }
            }
        }
        if all_done {
            break;
        }
    }
    samplers.into_iter().map(outcome).collect()
}
