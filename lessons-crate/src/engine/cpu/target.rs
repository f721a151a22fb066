//! What the CPU backend tells the compiler.

use lessons_compute::isa::Isa;

use super::lower::program;
use crate::compile::{Choice, Target, load_time};
use crate::graph::ops::{Op, OpDef};
use crate::graph::{DType, Graph, Node, NodeId};

/// The kernels that there are on the CPU, and why each is chosen.
pub struct CpuTarget;

impl Target for CpuTarget {
    fn name(&self) -> String {
        "cpu".to_owned()
    }

    fn choose(&self, graph: &Graph, node: &Node) -> Choice {
        let floats = |id: &NodeId| {
            graph
                .node(*id)
                .is_some_and(|node| node.ty.dtype == DType::F32)
        };
        let all_floats = node.ty.dtype == DType::F32 && node.inputs.iter().all(floats);
        let known = load_time(graph);
        if known.contains(&node.id) {
            return Choice {
                kernel: "at load".to_owned(),
                why: "it depends on weights alone, so it is computed once".to_owned(),
            };
        }
        let packed = |at: usize| {
            let weight = node.inputs.get(at).filter(|id| known.contains(id));
            weight.is_some_and(|id| graph.node(*id).is_some_and(|node| node.ty.rank() == 2))
        };
        let (kernel, why) = match &node.op {
            Op::MatMul(_) | Op::Linear(_) if node.ty.dtype == DType::F32 && packed(1) => (
                format!("packed matrix product ({})", Isa::best().name()),
                "the right side is known when the model is loaded, and packed then".to_owned(),
            ),
            Op::Permute(_) | Op::Broadcast(_) | Op::Slice(_) | Op::Reshape(_) => (
                "view".to_owned(),
                "strides say it; a reshape across a permute is copied".to_owned(),
            ),
            op if all_floats && program(op).is_some() => (
                format!("elementwise loop ({})", Isa::best().name()),
                "a chain of elementwise ops in f32".to_owned(),
            ),
            Op::Concat(_) if all_floats => {
                ("concat".to_owned(), "rows are copied whole".to_owned())
            }
            Op::Gather(_) if node.ty.dtype == DType::F32 => {
                ("gather".to_owned(), "rows are copied whole".to_owned())
            }
            op => (
                "candle".to_owned(),
                format!(
                    "there is no kernel of our own for {} in {}",
                    op.name(),
                    node.ty.dtype
                ),
            ),
        };
        Choice { kernel, why }
    }
}
