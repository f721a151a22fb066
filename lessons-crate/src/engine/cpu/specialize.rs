//! A plan for concrete shapes: the steps to run, where each value lies, and when its place is free.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use candle_core::Tensor;
use lessons_compute::gemm::PackedMatrix;

use super::layout::Layout;
use super::load::Loaded;
use super::lower::{self, Lowered};
use super::memory::{self, Life};
use super::model::Arena;
use super::task::Task;
use crate::engine::error::RunError;
use crate::engine::reference::{Context, Precision, eval, slice_range};
use crate::graph::ops::Op;
use crate::graph::{Bindings, DType, Graph, Node, NodeId, axis_of_rank};

/// What depends on sizes alone is computed in every run if it has more elements than this.
const MAX_CONSTANT: usize = 1 << 20;

/// Where the elements of a value are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In the arena.
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
    /// The size of the arena, and of all its values if each had a place of its own, in elements.
    pub arena: usize,
    pub naive: usize,
    /// How many tensors of the reference a run holds.
    pub kept: usize,
    /// What depends on weights and sizes alone, computed when the plan was made.
    pub constants: Vec<Tensor>,
}

/// Where a value starts to be one: what its views share.
#[derive(Debug, Clone)]
enum Root {
    Step(usize),
    Loaded(usize),
    Constant(usize),
    Input(usize),
}

#[derive(Debug, Clone)]
struct Value {
    root: Root,
    layout: Layout,
    dtype: DType,
}

/// The shape of an output, and the value that it is, unless a step writes it.
type Wanted = (Vec<usize>, Option<Value>);

struct Draft {
    node: NodeId,
    task: Task,
    reads: Vec<Value>,
    len: usize,
    last: usize,
    output: Option<usize>,
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
        let mut build = Build {
            graph,
            loaded,
            bindings: &bindings,
            values: HashMap::new(),
            steps: Vec::new(),
            constants: Vec::new(),
        };
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

struct Build<'a> {
    graph: &'a Graph,
    loaded: &'a Loaded,
    bindings: &'a Bindings,
    values: HashMap<NodeId, Value>,
    steps: Vec<Draft>,
    constants: Vec<Tensor>,
}

impl Build<'_> {
    fn add(&mut self, node: &Node) -> Result<(), RunError> {
        let shape = size(node, self.bindings)?;
        let dtype = node.ty.dtype;
        if self.loaded.known.contains(&node.id) {
            if let Some(at) = self.loaded.position(node.id) {
                self.values.insert(
                    node.id,
                    Value {
                        root: Root::Loaded(at),
                        layout: Layout::contiguous(&shape),
                        dtype,
                    },
                );
            }
            return Ok(());
        }
        if let Op::Input(_) = node.op {
            let at = self
                .graph
                .inputs()
                .position(|(_, input)| input.id == node.id);
            self.values.insert(
                node.id,
                Value {
                    root: Root::Input(at.unwrap_or_default()),
                    layout: Layout::contiguous(&shape),
                    dtype,
                },
            );
            return Ok(());
        }
        let packed = self.loaded.weight_of(node);
        let inputs = node.inputs.iter().enumerate();
        let operands: Vec<Value> = inputs
            .filter(|(at, _)| packed.is_none() || *at != 1)
            .filter_map(|(_, id)| self.values.get(id).cloned())
            .collect();
        let value = match (self.view(node, &operands, &shape)?, &node.op) {
            _ if packed.is_some() => self.step(node, operands, &shape, packed),
            (Some(view), _) => view,
            (None, _) if self.is_constant(&operands, &shape) => {
                self.constant(node, &operands, &shape)?
            }
            (None, Op::Softmax(op)) => match axis_of_rank(shape.len(), op.axis) {
                Some(axis) if axis + 1 < shape.len() && dtype == DType::F32 => {
                    self.softmax(node, &operands[0], axis, &shape)
                }
                _ => self.step(node, operands, &shape, None),
            },
            (None, _) => self.step(node, operands, &shape, None),
        };
        self.values.insert(node.id, value);
        Ok(())
    }

    /// The value as a view of its operand, if strides can say it.
    fn view(
        &self,
        node: &Node,
        operands: &[Value],
        shape: &[usize],
    ) -> Result<Option<Value>, RunError> {
        let layout = |value: &Value| -> Result<Option<Layout>, RunError> {
            let layout = &value.layout;
            Ok(match &node.op {
                Op::Reshape(_) => layout.reshape(shape),
                Op::Permute(op) => Some(layout.permute(&op.axes)),
                Op::Broadcast(_) => Some(layout.broadcast(shape)),
                Op::Slice(op) => {
                    let (axis, range) = slice_range(op, &layout.shape, self.bindings)?;
                    Some(layout.slice(axis, range.start, range.end))
                }
                _ => None,
            })
        };
        let Some(value) = operands.first() else {
            return Ok(None);
        };
        Ok(layout(value)?.map(|layout| Value {
            layout,
            ..value.clone()
        }))
    }

    /// Whether a value depends on weights and sizes alone, and is small enough to keep.
    fn is_constant(&self, operands: &[Value], shape: &[usize]) -> bool {
        let known = |value: &Value| matches!(value.root, Root::Loaded(_) | Root::Constant(_));
        operands.iter().all(known) && shape.iter().product::<usize>() <= MAX_CONSTANT
    }

    fn constant(
        &mut self,
        node: &Node,
        operands: &[Value],
        shape: &[usize],
    ) -> Result<Value, RunError> {
        let tensors = operands.iter().map(|value| {
            let tensor = match value.root {
                Root::Constant(at) => self.constants.get(at),
                Root::Loaded(at) => self.loaded.tensors.get(at),
                _ => None,
            };
            let tensor = tensor.ok_or_else(|| RunError::new("it was given no tensor"))?;
            view(tensor, &value.layout)
        });
        let tensors: Vec<Tensor> = tensors.collect::<Result<_, _>>()?;
        let context = Context {
            bindings: self.bindings,
            device: &candle_core::Device::Cpu,
            precision: Precision::Declared,
        };
        let result = eval(node, &tensors.iter().collect::<Vec<_>>(), &context)?;
        self.constants.push(result.contiguous()?);
        Ok(Value {
            root: Root::Constant(self.constants.len() - 1),
            layout: Layout::contiguous(shape),
            dtype: node.ty.dtype,
        })
    }

    fn step(
        &mut self,
        node: &Node,
        operands: Vec<Value>,
        shape: &[usize],
        packed: Option<&Arc<PackedMatrix>>,
    ) -> Value {
        let layouts = operands.iter().map(|value| (&value.layout, value.dtype));
        let slot = self.steps.len();
        let lowered = lower::lower(node, layouts.collect(), shape, packed, slot);
        let Lowered {
            task,
            reads,
            copies,
        } = lowered;
        let mut values = Vec::with_capacity(reads.len());
        for (at, copy) in reads.into_iter().zip(copies) {
            let value = operands[at].clone();
            values.push(match copy {
                true => self.copy(node.id, value),
                false => value,
            });
        }
        self.draft(node.id, task, values, shape, node.ty.dtype)
    }

    /// Softmax along an axis that is not the last one: it is brought to the end, and back.
    fn softmax(&mut self, node: &Node, value: &Value, axis: usize, shape: &[usize]) -> Value {
        let last = shape.len() - 1;
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.swap(axis, last);
        let turned = Value {
            layout: value.layout.permute(&axes),
            ..value.clone()
        };
        let shape = turned.layout.shape.clone();
        let result = self.step(node, vec![turned], &shape, None);
        Value {
            layout: result.layout.permute(&axes),
            ..result
        }
    }

    /// A copy of a value without gaps.
    fn copy(&mut self, node: NodeId, value: Value) -> Value {
        let layout = Layout {
            offset: 0,
            ..value.layout.clone()
        };
        let shape = layout.shape.clone();
        self.draft(node, Task::Copy(layout), vec![value], &shape, DType::F32)
    }

    fn draft(
        &mut self,
        node: NodeId,
        task: Task,
        reads: Vec<Value>,
        shape: &[usize],
        dtype: DType,
    ) -> Value {
        let step = self.steps.len();
        for read in &reads {
            if let Root::Step(from) = read.root {
                self.steps[from].last = step;
            }
        }
        let layout = Layout::contiguous(shape);
        self.steps.push(Draft {
            node,
            task,
            reads,
            len: layout.elements(),
            last: step,
            output: None,
        });
        Value {
            root: Root::Step(step),
            layout,
            dtype,
        }
    }

    /// Lets the steps write outputs where they can, and adds copies where they cannot.
    fn outputs(&mut self) -> Result<Vec<Wanted>, RunError> {
        let mut outputs = Vec::new();
        for (number, output) in self.graph.outputs().iter().enumerate() {
            let value = self.values.get(&output.node).cloned();
            let value = value.ok_or_else(|| {
                RunError::new(format!("nothing computes the output `{}`", output.name))
            })?;
            let shape = value.layout.shape.clone();
            if value.dtype != DType::F32 {
                self.keep(&value);
                outputs.push((shape, Some(value)));
                continue;
            }
            if let Root::Step(step) = value.root {
                let draft = &mut self.steps[step];
                let whole = value.layout.is_contiguous()
                    && value.layout.offset == 0
                    && value.layout.elements() == draft.len;
                if whole && draft.output.is_none() && !matches!(draft.task, Task::Reference) {
                    draft.output = Some(number);
                    outputs.push((shape, None));
                    continue;
                }
            } else {
                // Inputs and loaded tensors are handed out as they are.
                outputs.push((shape, Some(value)));
                continue;
            }
            if let Root::Step(step) = value.root
                && matches!(self.steps[step].task, Task::Reference)
            {
                self.keep(&value);
                outputs.push((shape, Some(value)));
                continue;
            }
            let copy = self.copy(output.node, value);
            if let Root::Step(step) = copy.root {
                self.steps[step].output = Some(number);
            }
            outputs.push((shape, None));
        }
        Ok(outputs)
    }

    /// Lets a value live to the end of the run.
    fn keep(&mut self, value: &Value) {
        if let Root::Step(step) = value.root {
            self.steps[step].last = usize::MAX;
        }
    }
}

/// Gives every step its place to write to.
fn placed(drafts: Vec<Draft>) -> (Vec<Step>, usize, usize, usize) {
    let in_arena = |draft: &Draft| draft.output.is_none() && !matches!(draft.task, Task::Reference);
    let lives: Vec<Life> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| in_arena(draft))
        .map(|(first, draft)| Life {
            first,
            last: draft.last,
            len: draft.len,
        })
        .collect();
    let places = memory::place(&lives);
    let mut offsets = places.offsets.iter();
    let mut kept = 0;
    let mut homes: Vec<Home> = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        homes.push(match draft.output {
            Some(output) => Home::Output(output),
            None if matches!(draft.task, Task::Reference) => {
                kept += 1;
                Home::Kept(kept - 1)
            }
            None => {
                let start = offsets.next().copied().unwrap_or_default();
                Home::Arena(start..start + draft.len)
            }
        });
    }
    let mut drops: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (draft, home) in drafts.iter().zip(&homes) {
        if let (Home::Kept(kept), Some(drops)) = (home, drops.get_mut(draft.last)) {
            drops.push(*kept);
        }
    }
    let steps: Vec<Step> = drafts
        .into_iter()
        .zip(&homes)
        .zip(drops)
        .map(|((draft, home), drops)| Step {
            node: draft.node,
            task: draft.task,
            reads: draft
                .reads
                .iter()
                .map(|read| at_home(read, &homes))
                .collect(),
            write: home.clone(),
            drops,
        })
        .collect();
    (steps, places.len, memory::naive(&lives), kept)
}

fn at_home(value: &Value, homes: &[Home]) -> Operand {
    Operand {
        home: match value.root {
            Root::Step(step) => homes[step].clone(),
            Root::Loaded(at) => Home::Loaded(at),
            Root::Constant(at) => Home::Constant(at),
            Root::Input(at) => Home::Input(at),
        },
        layout: value.layout.clone(),
        dtype: value.dtype,
    }
}

fn operand(value: &Value, steps: &[Step]) -> Operand {
    let homes: Vec<Home> = steps.iter().map(|step| step.write.clone()).collect();
    at_home(value, &homes)
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
