//! Models: plans with weights, ready to run.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use candle_core::Tensor;

use super::binding::bind;
use super::cpu::{Arena, CpuModel, MemoryPlan};
use super::device::Device;
use super::error::RunError;
use super::limits::Limits;
use super::outputs::Outputs;
use super::plan::Plan;
use super::profile::{KernelTime, Profile};
use super::reference::{Context, Precision, eval};
use crate::compile::{Cost, Report};
use crate::graph::ops::Op;
use crate::graph::{Bindings, Graph, Node, NodeId};
use crate::weights::{ForGraph, Weights};

/// A compiled graph with its weights on a device.
#[derive(Debug, Clone)]
pub struct Model {
    plan: Plan,
    backend: Backend,
}

#[derive(Debug, Clone)]
enum Backend {
    /// Our kernels.
    Cpu(Arc<CpuModel>),
    /// Every op through candle, on its device.
    Candle {
        weights: HashMap<NodeId, Tensor>,
        /// For each node the values that nothing needs once it has run.
        last_uses: HashMap<NodeId, Vec<NodeId>>,
    },
}

impl Model {
    pub(crate) fn new(plan: Plan, weights: &Weights) -> crate::Result<Model> {
        let graph = plan.graph();
        let weights = ForGraph::new(weights, graph)?;
        let backend = match plan.device() {
            Device::Cpu => Backend::Cpu(Arc::new(CpuModel::new(
                graph,
                &weights,
                plan.threads().clone(),
            )?)),
            _ => Backend::Candle {
                weights: weights.on(plan.candle())?,
                last_uses: last_uses(graph),
            },
        };
        Ok(Model { backend, plan })
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
        let inputs: Vec<(&str, &Tensor)> = inputs
            .iter()
            .map(|(name, tensor)| (name.as_ref(), tensor.borrow()))
            .collect();
        Ok(match &self.backend {
            Backend::Cpu(model) => model.run(&inputs, None)?,
            Backend::Candle { weights, last_uses } => {
                self.execute(&inputs, weights, last_uses, &mut |_| Ok(()))?
            }
        })
    }

    /// Runs the model into memory of the caller's, and allocates nothing once it has seen inputs of
    /// these shapes, as long as every op has a kernel of ours: all have in `f32`, integers and bools, but for
    /// `cond` and `while_loop`, and for what a closure allocates. Each output is given by its name, in
    /// row-major order; the list may be reordered.
    ///
    /// # Errors
    /// As [`Model::run`], and when the outputs are not those of the graph, or of another size, or
    /// hold anything but `f32`.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let graph = Graph::build("affine", |g| {
    /// #     let x = g.input("x", f32s(("n",)));
    /// #     g.output("y", (2 * x + 1.0).relu());
    /// # })?;
    /// # let model = Session::cpu().load(&graph, &Weights::new())?;
    /// let x = Tensor::new(&[-1f32, 2.0], &Cpu)?;
    /// let mut y = [0f32; 2];
    /// model.run_into(&[("x", &x)], &mut [("y", &mut y)])?;
    /// assert_eq!(y, [0.0, 5.0]);
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn run_into<'a>(
        &self,
        inputs: &[(&str, &Tensor)],
        outputs: &mut [(&'a str, &'a mut [f32])],
    ) -> crate::Result<()> {
        match &self.backend {
            Backend::Cpu(model) => Ok(model.run_into(inputs, outputs)?),
            Backend::Candle { .. } => {
                let results = self.run(inputs.iter().copied())?;
                for (name, out) in outputs {
                    let result = results
                        .get(name)
                        .ok_or_else(|| RunError::new(format!("there is no output `{name}`")))?;
                    let values = result.flatten_all()?.to_vec1::<f32>()?;
                    if values.len() != out.len() {
                        return Err(RunError::new(format!(
                            "the output `{name}` has {} elements in this run, and was given place for {}",
                            values.len(),
                            out.len()
                        ))
                        .into());
                    }
                    out.copy_from_slice(&values);
                }
                Ok(())
            }
        }
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

    /// The memory that values take between inputs and outputs, for inputs of these shapes; `None` on
    /// a GPU, where candle's allocator decides.
    ///
    /// # Errors
    /// When the inputs do not fit the graph.
    pub fn arena<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    ) -> crate::Result<Option<Arena>> {
        let inputs: Vec<(&str, &Tensor)> = inputs.into_iter().collect();
        match &self.backend {
            Backend::Cpu(model) => Ok(Some(model.arena(&inputs)?)),
            Backend::Candle { .. } => Ok(None),
        }
    }

    /// Where the values between inputs and outputs lie in memory, and when, for inputs of these shapes.
    ///
    /// # Errors
    /// When the inputs do not fit the graph, and on a GPU, where candle's allocator decides.
    pub fn memory_plan<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    ) -> crate::Result<MemoryPlan> {
        let inputs: Vec<(&str, &Tensor)> = inputs.into_iter().collect();
        match &self.backend {
            Backend::Cpu(model) => Ok(model.memory_plan(&inputs)?),
            Backend::Candle { .. } => {
                let device = self.plan.device();
                let reason =
                    format!("memory on {device} is not planned: candle's allocator gives it");
                let help = "a plan for the CPU: Session::cpu().load(&graph, &weights)?";
                Err(RunError::new(reason).help(help).into())
            }
        }
    }

    /// Runs the model and says what each kernel took, in order, beside its FLOPs, its bytes, and the
    /// time that it takes at least on this machine, which is measured when it is first needed.
    ///
    /// # Errors
    /// As [`Model::run`].
    pub fn profile<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    ) -> crate::Result<Profile> {
        let inputs: Vec<(&str, &Tensor)> = inputs.into_iter().collect();
        let profile = |kernels, sizes| Profile {
            graph: self.graph().name().to_owned(),
            sizes,
            threads: self.plan.threads().count(),
            kernels,
            arena: None,
            limits: None,
        };
        match &self.backend {
            Backend::Cpu(model) => {
                let limits = Limits::of(model.threads().cpu());
                let (steps, sizes) = model.profile(&inputs)?;
                let kernels = steps.into_iter().map(|step| KernelTime {
                    node: step.node,
                    label: self.graph().label(step.node),
                    kernel: step.kernel,
                    time: step.time,
                    flops: step.flops,
                    bytes: step.traffic.weights + step.traffic.values,
                    predicted: Some(limits.at_least(
                        step.flops,
                        step.traffic.weights,
                        step.traffic.values,
                    )),
                });
                Ok(Profile {
                    arena: Some(model.arena(&inputs)?),
                    limits: Some(limits),
                    ..profile(kernels.collect(), sizes)
                })
            }
            Backend::Candle { weights, last_uses } => {
                let sizes = bind(self.graph(), &inputs.iter().copied().collect())?;
                let kernels = self.time_nodes(&inputs, &sizes, weights, last_uses)?;
                Ok(profile(kernels, sizes))
            }
        }
    }

    /// What each node takes through candle.
    fn time_nodes(
        &self,
        inputs: &[(&str, &Tensor)],
        sizes: &Bindings,
        weights: &HashMap<NodeId, Tensor>,
        last_uses: &HashMap<NodeId, Vec<NodeId>>,
    ) -> crate::Result<Vec<KernelTime>> {
        let mut times = Vec::new();
        let mut last = Instant::now();
        self.execute(inputs, weights, last_uses, &mut |node| {
            self.plan.candle().synchronize()?;
            let now = Instant::now();
            if !node.op.is_source() {
                let cost = Cost::of_node(self.graph(), node);
                times.push(KernelTime {
                    node: node.id,
                    label: self.graph().label(node.id),
                    kernel: "candle",
                    time: now - last,
                    flops: cost.flops.bind(sizes).unwrap_or(0),
                    bytes: cost.bytes.bind(sizes).unwrap_or(0),
                    predicted: None,
                });
            }
            last = Instant::now();
            Ok(())
        })?;
        Ok(times)
    }

    fn execute(
        &self,
        inputs: &[(&str, &Tensor)],
        weights: &HashMap<NodeId, Tensor>,
        last_uses: &HashMap<NodeId, Vec<NodeId>>,
        after: &mut dyn FnMut(&Node) -> Result<(), RunError>,
    ) -> Result<Outputs, RunError> {
        crate::interrupt::check_point();
        let graph = self.graph();
        let inputs: BTreeMap<&str, &Tensor> = inputs.iter().copied().collect();
        let bindings = bind(graph, &inputs)?;
        let context = Context {
            bindings: &bindings,
            device: self.plan.candle(),
            precision: Precision::Declared,
        };
        let mut values: HashMap<NodeId, Tensor> = HashMap::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let value = match &node.op {
                Op::Input(input) => inputs[input.name.as_str()].to_device(context.device)?,
                Op::Weight(_) => weights[&node.id].clone(),
                _ => {
                    let arguments: Vec<&Tensor> =
                        node.inputs.iter().map(|id| &values[id]).collect();
                    eval(node, &arguments, &context)
                        .map_err(|error| error.of(graph.label(node.id)))?
                }
            };
            after(node)?;
            values.insert(node.id, value);
            for dead in last_uses.get(&node.id).into_iter().flatten() {
                values.remove(dead);
            }
        }
        Ok(Outputs::new(graph.outputs().iter().map(|output| {
            (output.name.clone(), values[&output.node].clone())
        })))
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
