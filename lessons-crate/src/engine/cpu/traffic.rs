//! What a step reads and writes, in bytes.

use super::layout::Layout;
use super::specialize::{Home, Step};
use super::task::{Right, Task};
use crate::graph::ops::OpDef;
use crate::graph::{Bindings, Graph};

/// Bytes of one step, each counted once, however often a kernel reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// What the model holds: it comes from memory where it does not fit into a cache.
    pub weights: usize,
    /// What the run made, or was given.
    pub values: usize,
}

impl Traffic {
    pub fn of(step: &Step, graph: &Graph, bindings: &Bindings) -> Traffic {
        let node = graph.node(step.node);
        let written = match (&step.write, node) {
            (Home::Arena(range), _) => size_of::<f32>() * range.len(),
            (_, Some(node)) => node.ty.bytes().bind(bindings).unwrap_or(0),
            (_, None) => 0,
        };
        let mut traffic = Traffic {
            weights: 0,
            values: written,
        };
        for (at, read) in step.reads.iter().enumerate() {
            // Of a table only the rows that are looked up are read.
            let bytes = match (&step.task, at) {
                (Task::Indexed(indexed), 0) if indexed.reads_what_is_named() => written,
                _ => read.dtype.bytes() * distinct(&read.layout),
            };
            match read.home {
                Home::Loaded(_) => traffic.weights += bytes,
                _ => traffic.values += bytes,
            }
        }
        let packed = match &step.task {
            Task::Gemm(gemm) => match &gemm.right {
                Right::Loaded(weight) => weight.rows() * weight.columns(),
                Right::Computed { .. } => 0,
            },
            Task::Convolve(conv) => match &conv.filter {
                Some(filter) => filter.shape().iter().product(),
                None => 0,
            },
            _ => 0,
        };
        traffic.weights += size_of::<f32>() * packed;
        traffic
    }
}

/// Arithmetic operations of a step; what only brings numbers elsewhere has none.
pub fn flops(step: &Step, graph: &Graph, bindings: &Bindings) -> usize {
    let Some(node) = graph.node(step.node) else {
        return 0;
    };
    if matches!(step.task, Task::Copy(_)) {
        return 0;
    }
    let inputs = node.inputs.iter().filter_map(|id| graph.node(*id));
    let types: Vec<_> = inputs.map(|input| &input.ty).collect();
    node.op.flops(&types, &node.ty).bind(bindings).unwrap_or(0)
}

/// How many elements a view reaches: those that it repeats count once.
fn distinct(layout: &Layout) -> usize {
    let axes = layout.shape.iter().zip(&layout.strides);
    axes.filter(|(size, stride)| **size == 0 || **stride != 0)
        .map(|(size, _)| size)
        .product()
}
