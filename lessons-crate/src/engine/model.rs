//! Models: plans with weights, ready to run.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::binding::bind;
use super::cpu::Kernel;
use super::device::Device;
use super::error::RunError;
use super::outputs::Outputs;
use super::plan::Plan;
use super::reference::{Context, Precision, eval};
use crate::compile::Report;
use crate::graph::ops::Op;
use crate::graph::{Bindings, Graph, Node, NodeId};
use crate::weights::Weights;

/// A compiled graph with its weights on a device.
#[derive(Debug, Clone)]
pub struct Model {
    plan: Plan,
    weights: HashMap<NodeId, Tensor>,
    kernels: HashMap<NodeId, Kernel>,
    /// For each node the values that nothing needs once it has run.
    last_uses: HashMap<NodeId, Vec<NodeId>>,
}

/// What one kernel took in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelTime {
    pub node: NodeId,
    pub label: String,
    pub time: Duration,
}

impl Model {
    pub(crate) fn new(plan: Plan, weights: &Weights) -> crate::Result<Model> {
        let graph = plan.graph();
        let weights = weights.for_graph(graph, plan.candle())?;
        let kernels = match plan.device() {
            Device::Cpu => graph
                .nodes()
                .iter()
                .filter_map(|node| Some((node.id, Kernel::for_node(node)?)))
                .collect(),
            _ => HashMap::new(),
        };
        let last_uses = last_uses(graph);
        Ok(Model {
            weights,
            kernels,
            last_uses,
            plan,
        })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The graph as it runs.
    pub fn graph(&self) -> &Graph {
        self.plan.graph()
    }

    pub fn report(&self) -> &Report {
        self.plan.report()
    }

    /// Runs the model on inputs by name. Inputs are copied to the model's device if they are
    /// elsewhere; the outputs stay there.
    ///
    /// # Errors
    /// When an input is missing, unknown, or of a dtype or shape that does not fit; or when an op
    /// cannot run on these values, such as an index past the end of a table.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let graph = Graph::build("sum", |g| {
    /// #     let a = g.input("a", f32s(("n",)));
    /// #     let b = g.input("b", f32s(("n",)));
    /// #     g.output("sum", a + b);
    /// # })?;
    /// # let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let a = Tensor::new(&[1f32, 2.0], &Cpu)?;
    /// let outputs = model.run([("a", &a), ("b", &a)])?;
    /// assert_eq!(outputs["sum"].to_vec1::<f32>()?, [2.0, 4.0]);
    ///
    /// let b = Tensor::new(&[1f32], &Cpu)?;
    /// let error = model.run([("a", &a), ("b", &b)]).unwrap_err().to_string();
    /// assert!(error.contains("`a` says that n is 2"));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn run<N, T>(&self, inputs: impl IntoIterator<Item = (N, T)>) -> crate::Result<Outputs>
    where
        N: AsRef<str>,
        T: Borrow<Tensor>,
    {
        let inputs: Vec<(N, T)> = inputs.into_iter().collect();
        let inputs = inputs
            .iter()
            .map(|(name, tensor)| (name.as_ref(), tensor.borrow()))
            .collect();
        Ok(self.execute(&inputs, &mut |_, _| Ok(()))?)
    }

    /// Runs a model that has one input and one output.
    ///
    /// # Errors
    /// As [`Model::run`], and when there is not exactly one input and one output.
    pub fn call(&self, input: &Tensor) -> crate::Result<Tensor> {
        let names: Vec<&str> = self.graph().inputs().map(|(name, _)| name).collect();
        let [name] = names.as_slice() else {
            return Err(RunError::new(format!(
                "{} has {} inputs, not one",
                self.graph().name(),
                names.len()
            ))
            .help(format!(
                "model.run([(\"name\", &tensor), ..]) with {}",
                names.join(", ")
            ))
            .into());
        };
        Ok(self.run([(*name, input)])?.only()?)
    }

    /// Runs the model and says what each kernel took, in order.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn profile<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    ) -> crate::Result<Vec<KernelTime>> {
        let inputs = inputs.into_iter().collect();
        let mut times = Vec::new();
        let mut last = Instant::now();
        self.execute(&inputs, &mut |node, _| {
            self.plan.candle().synchronize()?;
            let now = Instant::now();
            if !node.op.is_source() {
                let label = self.graph().label(node.id);
                times.push(KernelTime {
                    node: node.id,
                    label,
                    time: now - last,
                });
            }
            last = Instant::now();
            Ok(())
        })?;
        Ok(times)
    }

    fn execute(
        &self,
        inputs: &BTreeMap<&str, &Tensor>,
        after: &mut dyn FnMut(&Node, &Tensor) -> Result<(), RunError>,
    ) -> Result<Outputs, RunError> {
        crate::interrupt::check_point();
        let graph = self.graph();
        let bindings = bind(graph, inputs)?;
        let mut values: HashMap<NodeId, Tensor> = HashMap::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let value = self
                .value(node, inputs, &values, &bindings)
                .map_err(|error| error.of(graph.label(node.id)))?;
            after(node, &value)?;
            values.insert(node.id, value);
            for dead in self.last_uses.get(&node.id).into_iter().flatten() {
                values.remove(dead);
            }
        }
        Ok(Outputs::new(graph.outputs().iter().map(|output| {
            (output.name.clone(), values[&output.node].clone())
        })))
    }

    fn value(
        &self,
        node: &Node,
        inputs: &BTreeMap<&str, &Tensor>,
        values: &HashMap<NodeId, Tensor>,
        bindings: &Bindings,
    ) -> Result<Tensor, RunError> {
        match &node.op {
            Op::Input(input) => Ok(inputs[input.name.as_str()].to_device(self.plan.candle())?),
            Op::Weight(_) => Ok(self.weights[&node.id].clone()),
            _ => {
                let context = Context {
                    bindings,
                    device: self.plan.candle(),
                    precision: Precision::Declared,
                };
                let arguments: Vec<&Tensor> = node.inputs.iter().map(|id| &values[id]).collect();
                match self.kernels.get(&node.id) {
                    Some(kernel) => kernel.run(&arguments, &context.shape(node)?),
                    None => eval(node, &arguments, &context),
                }
            }
        }
    }
}

/// For each node the values whose last use it is; outputs are never among them.
fn last_uses(graph: &Graph) -> HashMap<NodeId, Vec<NodeId>> {
    let mut seen: std::collections::HashSet<NodeId> =
        graph.outputs().iter().map(|output| output.node).collect();
    let mut last: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for node in graph.nodes().iter().rev() {
        for input in &node.inputs {
            if seen.insert(*input) {
                last.entry(node.id).or_default().push(*input);
            }
        }
    }
    last
}
