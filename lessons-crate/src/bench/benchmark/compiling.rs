//! Compiling as what is timed: from a graph and weights in memory to a model that is ready to run.

use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::engine::{Case, Engine, Loaded, Task};
use super::ours::loaded;
use crate::bench::difference::{Numbers, guarded};
use crate::bench::error::BenchError;
use crate::engine::Session;
use crate::graph::Graph;
use crate::weights::Weights;

/// Compiles the graph of a task and packs its weights, again and again.
#[derive(Debug, Default)]
pub struct Compiling(Option<(Session, Graph, Weights)>);

impl Compiling {
    fn first_output(&self, inputs: &[(String, Tensor)]) -> crate::Result<Tensor> {
        let nothing = || BenchError::new("there is no graph yet, or it has no output");
        let (session, graph, weights) = self.0.as_ref().ok_or_else(nothing)?;
        let model = session.load(graph, weights)?;
        let outputs = model.run(inputs.iter().map(|(name, tensor)| (name, tensor)))?;
        let first = outputs.iter().next().map(|(_, first)| first.clone());
        Ok(first.ok_or_else(nothing)?)
    }
}

impl Engine for Compiling {
    fn name(&self) -> &str {
        "lessons"
    }

    fn load(&mut self, task: &Task) -> Result<Loaded, String> {
        let start = Instant::now();
        let session = guarded(|| Session::cpu().with_threads(task.threads))?;
        self.0 = Some((session, task.graph.clone(), task.weights.clone()));
        Ok(loaded(task, start.elapsed()))
    }

    fn prepare(&mut self, case: &Case) -> Result<Numbers, String> {
        guarded(|| Numbers::of(&self.first_output(&case.inputs)?))
    }

    fn time(&mut self, calls: u32) -> Result<Duration, String> {
        let (session, graph, weights) = self.0.as_ref().ok_or("there is no graph yet")?;
        guarded(|| {
            let mut time = Duration::ZERO;
            for _ in 0..calls {
                let start = Instant::now();
                let model = session.load(graph, weights)?;
                time += start.elapsed();
                // Giving the memory back is no part of it.
                drop(std::hint::black_box(model));
            }
            Ok(time)
        })
    }
}
