//! The steps of a plan before it is known where their values lie.

use std::collections::HashMap;

use candle_core::Tensor;

use super::{size, view};
use crate::engine::cpu::layout::Layout;
use crate::engine::cpu::load::{Loaded, Packed};
use crate::engine::cpu::lower::{self, Lowered};
use crate::engine::cpu::task::{MAX_READS, Task};
use crate::engine::error::RunError;
use crate::engine::reference::{Context, Precision, eval, slice_range};
use crate::graph::ops::Op;
use crate::graph::{Bindings, DType, Graph, Node, NodeId, axis_of_rank};

/// What depends on sizes alone is computed in every run if it has more elements than this.
const MAX_CONSTANT: usize = 1 << 20;

/// Where a value starts to be one: what its views share.
#[derive(Debug, Clone)]
pub enum Root {
    Step(usize),
    Loaded(usize),
    Constant(usize),
    Input(usize),
}

#[derive(Debug, Clone)]
pub struct Value {
    pub root: Root,
    pub layout: Layout,
    pub dtype: DType,
}

/// The shape of an output, and the value that it is, unless a step writes it.
pub type Wanted = (Vec<usize>, Option<Value>);

pub struct Draft {
    pub node: NodeId,
    pub task: Task,
    pub reads: Vec<Value>,
    pub dtype: DType,
    /// In elements.
    pub len: usize,
    pub last: usize,
    pub output: Option<usize>,
}

pub struct Build<'a> {
    pub graph: &'a Graph,
    pub loaded: &'a Loaded,
    pub bindings: &'a Bindings,
    pub values: HashMap<NodeId, Value>,
    pub steps: Vec<Draft>,
    pub constants: Vec<Tensor>,
}

impl<'a> Build<'a> {
    pub fn new(graph: &'a Graph, loaded: &'a Loaded, bindings: &'a Bindings) -> Build<'a> {
        Build {
            graph,
            loaded,
            bindings,
            values: HashMap::new(),
            steps: Vec::new(),
            constants: Vec::new(),
        }
    }

    pub fn add(&mut self, node: &Node) -> Result<(), RunError> {
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
            (None, Op::Concat(op)) => match axis_of_rank(shape.len(), op.axis) {
                Some(axis) => self.concat(node, operands, axis),
                None => self.step(node, operands, &shape, None),
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
        packed: Option<&Packed>,
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

    /// Values end to end, as many at a time as a step reads.
    fn concat(&mut self, node: &Node, mut parts: Vec<Value>, axis: usize) -> Value {
        let shape = |parts: &[Value]| {
            let mut shape = parts[0].layout.shape.clone();
            shape[axis] = parts.iter().map(|part| part.layout.shape[axis]).sum();
            shape
        };
        while parts.len() > MAX_READS {
            let some = parts.chunks(MAX_READS);
            let joined = some.map(|some| self.step(node, some.to_vec(), &shape(some), None));
            parts = joined.collect();
        }
        let shape = shape(&parts);
        self.step(node, parts, &shape, None)
    }

    /// A copy of a value without gaps.
    fn copy(&mut self, node: NodeId, value: Value) -> Value {
        let (shape, dtype) = (value.layout.shape.clone(), value.dtype);
        // Strides that reach past all memory are of no value that there is.
        let task = lower::copy(&value.layout).unwrap_or(Task::Reference);
        self.draft(node, task, vec![value], &shape, dtype)
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
            dtype,
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
    pub fn outputs(&mut self) -> Result<Vec<Wanted>, RunError> {
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
                if whole && draft.output.is_none() && !draft.task.makes_tensor() {
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
                && self.steps[step].task.makes_tensor()
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
