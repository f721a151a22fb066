//! Fresh processes: from a model's file to its first result, and the most memory that this takes.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::distilbert;
use super::engine::{Case, Engine, Loaded, Task};
use super::memory::{Memory, peak_bytes};
use super::ours::loaded;
use super::work;
use crate::bench::difference::Numbers;
use crate::bench::error::BenchError;
use crate::engine::Session;

/// What a process that runs once says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Once {
    /// The dims of the first output.
    pub dims: Vec<usize>,
    /// Its elements.
    pub output: Vec<f64>,
    /// The most memory that the process has had resident; null where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// What the weights take.
    pub weights_bytes: u64,
}

/// Loads the model of a benchmark and runs it once on its first shape, as a program would that does
/// nothing else.
///
/// # Errors
/// When the config makes no sense, the model cannot be read, or the run fails.
pub fn once(config: &Config) -> crate::Result<Once> {
    config.check()?;
    let task = config.task()?;
    let shapes = config.shapes()?;
    let case = work::case(config.model()?, &task, &shapes[0])?;
    let Task { graph, weights, .. } = task;
    let sizes = weights.iter().map(|(_, weight)| weight.bytes() as u64);
    let weights_bytes = sizes.sum();
    let session = Session::cpu().with_threads(config.threads())?;
    let model = session.load(&graph, &weights)?;
    drop(weights);
    let outputs = model.run(case.inputs.iter().map(|(name, tensor)| (name, tensor)))?;
    let first = outputs.iter().next().map(|(_, first)| Numbers::of(first));
    let first = first.ok_or_else(|| BenchError::new("the graph has no output"))??;
    Ok(Once {
        dims: first.dims,
        output: first.elements,
        peak_bytes: peak_bytes(None),
        weights_bytes,
    })
}

/// Starts the command line anew for each run.
pub struct Fresh {
    program: PathBuf,
    /// Where a model without a directory is written.
    folder: PathBuf,
    arguments: Vec<String>,
    memory: Memory,
}

impl Fresh {
    pub fn new(program: PathBuf, folder: PathBuf) -> Fresh {
        Fresh {
            program,
            folder,
            arguments: Vec::new(),
            memory: Memory::default(),
        }
    }

    fn run(&mut self, shape: Option<String>) -> Result<Once, String> {
        if let Some(shape) = shape {
            self.arguments.truncate(7);
            self.arguments.extend(["--shapes".to_owned(), shape]);
        }
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", self.program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().last().unwrap_or_default();
            return Err(format!("the process ended: {}: {last}", output.status));
        }
        let once: Once = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("the process said what is no result: {error}"))?;
        self.memory = Memory {
            peak_bytes: self.memory.peak_bytes.max(once.peak_bytes),
            weights_bytes: Some(once.weights_bytes),
            allocations: None,
        };
        Ok(once)
    }
}

impl Engine for Fresh {
    fn name(&self) -> &str {
        "lessons"
    }

    fn load(&mut self, task: &Task) -> Result<Loaded, String> {
        let start = Instant::now();
        let directory = match &task.directory {
            Some(directory) => directory.clone(),
            None => {
                distilbert::write_task(&self.folder, task).map_err(|error| error.to_string())?;
                self.folder.clone()
            }
        };
        let directory = directory
            .to_str()
            .ok_or("the model's path is not Unicode")?;
        let threads = task.threads.to_string();
        self.arguments = [
            "bench",
            "distilbert",
            "--once",
            "--model",
            directory,
            "--threads",
            &threads,
        ]
        .map(str::to_owned)
        .to_vec();
        Ok(loaded(task, start.elapsed()))
    }

    fn prepare(&mut self, case: &Case) -> Result<Numbers, String> {
        self.memory = Memory::default();
        let once = self.run(Some(case.shape.to_string()))?;
        Ok(Numbers {
            dims: once.dims,
            elements: once.output,
            dtype: None,
        })
    }

    fn time(&mut self, calls: u32) -> Result<Duration, String> {
        let start = Instant::now();
        for _ in 0..calls {
            self.run(None)?;
        }
        Ok(start.elapsed())
    }

    fn memory(&mut self) -> Memory {
        self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_or_fails_is_an_error() {
        let mut fresh = Fresh::new("/nowhere/lessons".into(), PathBuf::new());
        assert!(fresh.run(None).unwrap_err().contains("cannot be started"));
        if cfg!(unix) {
            let mut fresh = Fresh::new("false".into(), PathBuf::new());
            assert!(fresh.run(None).unwrap_err().contains("the process ended"));
            let mut fresh = Fresh::new("true".into(), PathBuf::new());
            assert!(fresh.run(None).unwrap_err().contains("no result"));
        }
    }
}
