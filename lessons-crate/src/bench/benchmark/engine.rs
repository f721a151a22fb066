//! What is timed: whatever loads a model, takes inputs, and runs.

use std::time::Duration;

use candle_core::Tensor;

use super::memory::{Memory, forget_peak, peak_bytes};
use super::shape::CaseShape;
use crate::bench::allocation::of_a_run;
use crate::bench::difference::Numbers;
use crate::compile::Cost;
use crate::graph::{Bindings, Graph};
use crate::weights::Weights;

/// What an engine is asked to load.
pub struct Task {
    /// What kind of model it is, for engines that build it themselves.
    pub kind: &'static str,
    pub graph: Graph,
    pub weights: Weights,
    /// The Hugging Face directory that the weights came from, if they came from one.
    pub directory: Option<std::path::PathBuf>,
    /// What else the kind of model has to know of itself; null where that is nothing.
    pub parameters: serde_json::Value,
    pub threads: usize,
    pub precision: &'static str,
}

/// Inputs, and what a run on them costs.
pub struct Case {
    pub shape: CaseShape,
    pub inputs: Vec<(String, Tensor)>,
    /// Arithmetic operations of the graph as it was written.
    pub flops: f64,
    /// Bytes that must be moved at least: inputs, weights and outputs, each once.
    pub bytes: f64,
}

impl Case {
    /// A case of a graph; the sizes of its symbols are those of the inputs.
    pub fn new(graph: &Graph, shape: CaseShape, inputs: Vec<(String, Tensor)>) -> Case {
        let mut bindings = Bindings::new();
        for (name, node) in graph.inputs() {
            let given = inputs.iter().find(|(given, _)| given == name);
            for (dim, size) in given
                .iter()
                .flat_map(|(_, tensor)| node.ty.shape.iter().zip(tensor.dims()))
            {
                if let Some(symbol) = dim.as_symbol() {
                    bindings.insert(symbol.to_owned(), *size);
                }
            }
        }
        let size = |dim: crate::graph::Dim| dim.bind(&bindings).unwrap_or(0) as f64;
        let ends = graph
            .inputs()
            .chain(graph.weights())
            .map(|(_, node)| node)
            .chain(
                graph
                    .outputs()
                    .iter()
                    .filter_map(|output| graph.node(output.node)),
            );
        let bytes = ends.map(|node| size(node.ty.bytes())).sum();
        Case {
            shape,
            inputs,
            flops: size(Cost::of(graph).flops),
            bytes,
        }
    }
}

/// What an engine says of itself once it has loaded a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Name and version.
    pub engine: String,
    /// The threads that it computes on.
    pub threads: usize,
    /// The precision that it computes in.
    pub precision: String,
    /// From weights in a file or in memory to a model that is ready to run, in seconds.
    pub seconds: f64,
}

/// Something that runs models. Errors are texts of one line: they stand in tables.
pub trait Engine {
    fn name(&self) -> &str;

    fn load(&mut self, task: &Task) -> Result<Loaded, String>;

    /// Takes the inputs and runs once; gives the first output.
    fn prepare(&mut self, case: &Case) -> Result<Numbers, String>;

    /// Runs so often on the inputs that were given last; gives the time of all runs together.
    fn time(&mut self, calls: u32) -> Result<Duration, String>;

    /// What memory runs on the inputs that were given last take. It may run for that a few times.
    fn memory(&mut self) -> Memory {
        let process = self.process();
        forget_peak(process);
        let mut allocations = None;
        // What another process allocates is not seen from here, and one run of it will do.
        let ran = match process {
            Some(_) => self.time(1).is_ok(),
            None => {
                allocations = of_a_run(|calls| self.time(calls).map(drop));
                allocations.is_some() || self.time(1).is_ok()
            }
        };
        Memory {
            peak_bytes: peak_bytes(process).filter(|_| ran),
            weights_bytes: None,
            allocations,
        }
    }

    /// The process that it is, where it is one of its own.
    fn process(&self) -> Option<u32> {
        None
    }
}
