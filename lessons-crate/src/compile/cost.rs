//! What a graph costs to run: arithmetic and memory traffic, as functions of its symbols.

use super::load_time::load_time;
use crate::graph::ops::OpDef;
use crate::graph::{Dim, Graph, Node, TensorType};

/// Operations and bytes of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Arithmetic operations; a multiply and an add count as two.
    pub flops: Dim,
    /// Bytes that the ops read and write, if each reads all of its inputs and writes its output.
    pub bytes: Dim,
    /// Ops that run. Sources, views, and what is computed once, when weights are loaded, are none.
    pub kernels: usize,
}

impl Cost {
    /// The cost of a whole graph.
    pub fn of(graph: &Graph) -> Cost {
        let none = Cost {
            flops: Dim::from(0),
            bytes: Dim::from(0),
            kernels: 0,
        };
        let once = load_time(graph);
        graph
            .nodes()
            .iter()
            .filter(|node| !once.contains(&node.id) && !node.op.is_source() && !node.op.is_view())
            .fold(none, |sum, node| {
                let cost = Cost::of_node(graph, node);
                Cost {
                    flops: sum.flops + cost.flops,
                    bytes: sum.bytes + cost.bytes,
                    kernels: sum.kernels + cost.kernels,
                }
            })
    }

    /// The cost of one node.
    pub fn of_node(graph: &Graph, node: &Node) -> Cost {
        let inputs: Vec<&TensorType> = node
            .inputs
            .iter()
            .filter_map(|id| graph.node(*id))
            .map(|input| &input.ty)
            .collect();
        let read = inputs
            .iter()
            .fold(Dim::from(0), |sum, input| sum + input.bytes());
        Cost {
            flops: node.op.flops(&inputs, &node.ty),
            bytes: read + node.ty.bytes(),
            kernels: 1,
        }
    }
}
