//! The reference engine: every op by itself, in order, through candle. It is the oracle that all
//! fast paths are held against, in `f32` or with every float widened to `f64`.

mod attention;
mod custom;
mod elements;
mod elementwise;
mod fold;
mod gather;
mod image;
mod index;
mod matmul;
mod norm;
mod order;
mod random;
mod reduce;
mod shape;
mod source;

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor};

use super::binding::{bind, sizes};
use super::control::control;
use super::error::RunError;
use super::outputs::Outputs;
use crate::graph::ops::{Body, Op};
use crate::graph::{Bindings, Graph, Node, NodeId, axis_of_rank};
use crate::weights::to_candle;
use crate::weights::{ForGraph, Weights};

pub use elementwise::division_by_zero;
pub use fold::Folder;
pub use gather::not_in_table;
pub use index::off_axis;
pub use shape::slice_range;

/// How precisely the reference computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// As the graph declares.
    Declared,
    /// Every float dtype widened to `f64`.
    F64,
}

/// What an op needs besides its inputs.
pub struct Context<'a> {
    pub bindings: &'a Bindings,
    pub device: &'a Device,
    pub precision: Precision,
}

impl Context<'_> {
    /// The candle dtype for a declared dtype.
    pub fn dtype(&self, declared: crate::graph::DType) -> DType {
        match self.precision {
            Precision::F64 if declared.is_float() => DType::F64,
            _ => to_candle(declared),
        }
    }

    /// The concrete shape of a node.
    pub fn shape(&self, node: &Node) -> Result<Vec<usize>, RunError> {
        node.ty.shape.bind(self.bindings).ok_or_else(|| {
            RunError::new(format!(
                "the shape {} has no size: a symbol is not known, or a dim is negative",
                node.ty.shape
            ))
        })
    }
}

/// The axis that `axis`, which may count from the end, names among `rank` axes.
fn axis_in(rank: usize, axis: i32) -> Result<usize, RunError> {
    axis_of_rank(rank, axis)
        .ok_or_else(|| RunError::new(format!("there is no axis {axis} among {rank}")))
}

/// Computes one node from the values of its inputs.
///
/// # Errors
/// When the op cannot run on these values: an index out of range, a slice past the end, a dtype
/// that the device does not support.
pub fn eval(node: &Node, inputs: &[&Tensor], context: &Context<'_>) -> Result<Tensor, RunError> {
    let shape = context.shape(node)?;
    match &node.op {
        Op::Input(_) | Op::Weight(_) => Err(RunError::new("it was given no tensor")),
        Op::Constant(op) => source::constant(op, context),
        Op::Random(op) => random::random(op, &shape, context),
        Op::Range(_) => source::range(shape[0], context),
        Op::Unary(op) => elementwise::unary(*op, inputs[0]),
        Op::Binary(op) => elementwise::binary(*op, inputs[0], inputs[1]),
        Op::Compare(op) => elementwise::compare(*op, inputs[0], inputs[1]),
        Op::Logical(op) => elementwise::logical(*op, inputs),
        Op::Select(_) => elementwise::select(inputs, &shape),
        Op::Cast(op) => elementwise::cast(op.dtype, inputs[0], context),
        Op::Fused(op) => elementwise::fused(op, inputs, context),
        Op::Custom(op) => custom::custom(op, inputs, &shape, context.dtype(node.ty.dtype)),
        Op::Cond(_) | Op::While(_) => {
            let bodies = node.op.bodies();
            let inputs: Vec<Tensor> = inputs.iter().map(|input| (*input).clone()).collect();
            control(&node.op, &inputs, &|body, inputs| {
                run_body(bodies[body].1, inputs, context)
            })
        }
        Op::MatMul(_) => matmul::matmul(inputs[0], inputs[1], &shape),
        Op::Linear(op) => matmul::linear(op, inputs, &shape),
        Op::Conv2d(op) => image::conv2d(op, inputs, &shape),
        Op::Attention(op) => attention::attention(op, inputs, &shape),
        Op::Reduce(op) => reduce::reduce(op, inputs[0], &shape),
        Op::Pool2d(op) => image::pool2d(op, inputs[0], &shape),
        Op::Softmax(op) => norm::softmax(op, inputs[0]),
        Op::LayerNorm(op) => norm::layer_norm(op, inputs),
        Op::RmsNorm(op) => norm::rms_norm(op, inputs[0], inputs[1]),
        Op::AddLayerNorm(op) => norm::add_layer_norm(op, inputs),
        Op::Gather(_) => gather::gather(inputs[0], inputs[1], &shape),
        Op::CumSum(op) => order::cumsum(op, inputs[0]),
        Op::ArgSort(op) => order::argsort(op, inputs[0], &shape),
        Op::Take(op) => index::take(op, inputs[0], inputs[1], &shape),
        Op::Scatter(op) => index::scatter(op, inputs[0], inputs[1], inputs[2]),
        Op::Reshape(_) => shape::reshape(inputs[0], &shape),
        Op::Permute(op) => shape::permute(op, inputs[0]),
        Op::Broadcast(_) => shape::broadcast(inputs[0], &shape),
        Op::Slice(op) => shape::slice(op, inputs[0], context),
        Op::Concat(op) => shape::concat(op, inputs),
    }
}

/// A graph that runs unoptimized, one op after the other.
///
/// ```
/// use lessons::engine::{Precision, Reference};
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// let x = Tensor::new(&[-1f32, 0.0, 2.0], &Cpu)?;
/// let y = Reference::new(&graph, &Weights::new())?.run([("x", &x)], Precision::Declared)?;
/// assert_eq!(y["y"].to_vec1::<f32>()?, [0.0, 1.0, 5.0]);
/// # Ok::<(), lessons::Error>(())
/// ```
pub struct Reference {
    graph: Graph,
    weights: HashMap<NodeId, Tensor>,
    device: Device,
}

impl Reference {
    /// Takes the graph's weights.
    ///
    /// # Errors
    /// When weights are missing or of the wrong shape.
    pub fn new(graph: &Graph, weights: &Weights) -> crate::Result<Reference> {
        let weights = ForGraph::new(weights, graph)?.on(&Device::Cpu)?;
        Ok(Reference {
            graph: graph.clone(),
            weights,
            device: Device::Cpu,
        })
    }

    /// Runs the graph.
    ///
    /// # Errors
    /// When the inputs do not fit the graph, or an op fails; the error names the node.
    pub fn run<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
        precision: Precision,
    ) -> crate::Result<Outputs> {
        let values = self.evaluate(&inputs.into_iter().collect(), precision)?;
        let outputs = self.graph.outputs().iter();
        Ok(Outputs::new(outputs.map(|output| {
            (output.name.clone(), values[&output.node].clone())
        })))
    }

    /// Runs the graph, and gives the value of every node.
    ///
    /// # Errors
    /// As [`Reference::run`].
    pub fn values<'a>(
        &self,
        inputs: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
        precision: Precision,
    ) -> crate::Result<HashMap<NodeId, Tensor>> {
        Ok(self.evaluate(&inputs.into_iter().collect(), precision)?)
    }

    fn evaluate(
        &self,
        inputs: &BTreeMap<&str, &Tensor>,
        precision: Precision,
    ) -> Result<HashMap<NodeId, Tensor>, RunError> {
        let bindings = bind(&self.graph, inputs)?;
        let context = Context {
            bindings: &bindings,
            device: &self.device,
            precision,
        };
        walk(&self.graph, inputs, &self.weights, &context)
    }
}

/// The values of all nodes.
fn walk(
    graph: &Graph,
    inputs: &BTreeMap<&str, &Tensor>,
    weights: &HashMap<NodeId, Tensor>,
    context: &Context<'_>,
) -> Result<HashMap<NodeId, Tensor>, RunError> {
    let mut values: HashMap<NodeId, Tensor> = HashMap::new();
    for node in graph.nodes() {
        let given = match &node.op {
            Op::Input(input) => inputs.get(input.name.as_str()).copied(),
            Op::Weight(_) => weights.get(&node.id),
            _ => None,
        };
        let value = match given {
            Some(tensor) => tensor.to_dtype(context.dtype(node.ty.dtype))?,
            None => {
                let arguments: Vec<&Tensor> = node.inputs.iter().map(|id| &values[id]).collect();
                eval(node, &arguments, context).map_err(|error| error.of(graph.label(node.id)))?
            }
        };
        values.insert(node.id, value);
    }
    Ok(values)
}

/// The results of a branch or of a loop's part.
fn run_body(
    body: &Body,
    inputs: &[Tensor],
    context: &Context<'_>,
) -> Result<Vec<Tensor>, RunError> {
    let graph = body.graph();
    let names = graph.inputs().map(|(name, _)| name);
    let inputs: BTreeMap<&str, &Tensor> = names.zip(inputs).collect();
    let bindings = sizes(graph, &inputs)?;
    let context = Context {
        bindings: &bindings,
        ..*context
    };
    let values = walk(graph, &inputs, &HashMap::new(), &context)?;
    let outputs = graph.outputs().iter();
    Ok(outputs.map(|output| values[&output.node].clone()).collect())
}
