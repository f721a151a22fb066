//! A plan for concrete shapes: the steps to run, where each value lies, and when its place is free.

mod draft;
mod place;

use std::ops::Range;

use candle_core::Tensor;

use self::draft::Build;
use self::place::{operand, placed};
use super::layout::Layout;
use super::load::Loaded;
use super::model::Arena;
use super::task::Task;
use crate::engine::error::RunError;
use crate::graph::{Bindings, DType, Graph, Node, NodeId};

/// Where the elements of a value are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In these words of the arena.
    Arena(Range<usize>),
    /// In the output of this number.
    Output(usize),
    /// In the tensor of this number that was made when the model was loaded.
    Loaded(usize),
    /// In the tensor of this number that depends on the sizes alone.
    Constant(usize),
    /// In the input of this number.
    Input(usize),
    /// In a tensor that the reference made in this run.
    Kept(usize),
}

/// A value as a step reads it.
#[derive(Debug, Clone)]
pub struct Operand {
    pub home: Home,
    pub layout: Layout,
    pub dtype: DType,
}

/// One kernel to run.
#[derive(Debug, Clone)]
pub struct Step {
    pub node: NodeId,
    pub task: Task,
    pub reads: Vec<Operand>,
    pub write: Home,
    /// What it writes: so many elements of a dtype.
    pub dtype: DType,
    pub len: usize,
    /// Tensors of the reference that nothing reads after this step.
    pub drops: Vec<usize>,
}

/// How an output is had at the end of a run.
#[derive(Debug, Clone)]
pub enum Source {
    /// A step has written it.
    Written,
    /// It is this tensor, in this shape.
    Tensor(Operand),
}

/// A plan for the given sizes of the symbols.
#[derive(Debug)]
pub struct Specialization {
    pub bindings: Bindings,
    /// Name and dtype of each input, in the order in which the graph declares them.
    pub inputs: Vec<(String, DType)>,
    /// The shapes of the inputs, in the same order.
    pub shapes: Vec<Vec<usize>>,
    pub steps: Vec<Step>,
    pub outputs: Vec<(Vec<usize>, Source)>,
    /// The size of the arena, and of all its values if each had a place of its own, in words of
    /// 32 bits.
    pub arena: usize,
    pub naive: usize,
    /// How many tensors of the reference a run holds.
    pub kept: usize,
    /// What depends on weights and sizes alone, computed when the plan was made.
    pub constants: Vec<Tensor>,
}

impl Specialization {
    /// The memory of the values, in bytes; the workspace of the kernels is not known before a run.
    pub fn arena(&self) -> Arena {
        Arena {
            bytes: size_of::<f32>() * self.arena,
            separate: size_of::<f32>() * self.naive,
            workspace: 0,
        }
    }

    /// Plans a graph for the sizes of its symbols.
    ///
    /// # Errors
    /// When a dim has no size, or a slice does not lie within its axis.
    pub fn new(
        graph: &Graph,
        loaded: &Loaded,
        bindings: Bindings,
    ) -> Result<Specialization, RunError> {
        let mut build = Build::new(graph, loaded, &bindings);
        for node in graph.nodes() {
            build
                .add(node)
                .map_err(|error| error.of(graph.label(node.id)))?;
        }
        let outputs = build.outputs()?;
        let mut shapes = Vec::new();
        let mut inputs = Vec::new();
        for (name, node) in graph.inputs() {
            shapes.push(size(node, &bindings)?);
            inputs.push((name.to_owned(), node.ty.dtype));
        }
        let Build {
            steps, constants, ..
        } = build;
        let (steps, arena, naive, kept) = placed(steps);
        let outputs = outputs
            .into_iter()
            .map(|(shape, value)| {
                let source = match value {
                    None => Source::Written,
                    Some(value) => Source::Tensor(operand(&value, &steps)),
                };
                (shape, source)
            })
            .collect();
        Ok(Specialization {
            inputs,
            shapes,
            steps,
            outputs,
            arena,
            naive,
            kept,
            constants,
            bindings,
        })
    }
}

fn size(node: &Node, bindings: &Bindings) -> Result<Vec<usize>, RunError> {
    node.ty.shape.bind(bindings).ok_or_else(|| {
        RunError::new(format!(
            "the shape {} has no size: a symbol is not known, or a dim is negative",
            node.ty.shape
        ))
    })
}

/// The tensor that a view of a contiguous tensor is.
///
/// # Errors
/// When candle refuses the strides, which only a mistake in the plan can cause.
pub fn view(tensor: &Tensor, layout: &Layout) -> Result<Tensor, RunError> {
    let flat = tensor.flatten_all()?;
    if layout.is_contiguous() {
        let part = flat.narrow(0, layout.offset, layout.elements())?;
        return Ok(part.reshape(layout.shape.as_slice())?);
    }
    let numbers: Vec<u32> = (0..layout.elements())
        .map(|number| layout.start(layout.shape.len(), number) as u32)
        .collect();
    let index = Tensor::from_vec(numbers, layout.elements(), tensor.device())?;
    Ok(flat
        .index_select(&index, 0)?
        .reshape(layout.shape.as_slice())?)
}
