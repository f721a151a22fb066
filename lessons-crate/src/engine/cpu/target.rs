//! What the CPU backend tells the compiler.

use std::collections::HashSet;

use lessons_compute::isa::Isa;

use super::lower::program;
use crate::compile::{Choice, Target};
use crate::graph::ops::{Op, OpDef};
use crate::graph::{DType, Graph, Node, NodeId};

/// The kernels that there are on the CPU, and why each is chosen.
pub struct CpuTarget;

impl Target for CpuTarget {
    fn name(&self) -> String {
        "cpu".to_owned()
    }

    fn choose(&self, graph: &Graph, node: &Node, at_load: &HashSet<NodeId>) -> Choice {
        let reads = |dtype: DType| {
            let is = |id: &NodeId| graph.node(*id).is_some_and(|node| node.ty.dtype == dtype);
            node.inputs.iter().all(is)
        };
        let all_floats = node.ty.dtype == DType::F32 && reads(DType::F32);
        if at_load.contains(&node.id) {
            return Choice {
                kernel: "at load".to_owned(),
                why: "it depends on weights alone, so it is computed once".to_owned(),
            };
        }
        let packed = |at: usize| {
            let weight = node.inputs.get(at).filter(|id| at_load.contains(id));
            weight.is_some_and(|id| graph.node(*id).is_some_and(|node| node.ty.rank() == 2))
        };
        let isa = Isa::best().name();
        let (kernel, why) = match &node.op {
            Op::MatMul(_) | Op::Linear(_) if all_floats && packed(1) => (
                format!("packed matrix product ({isa})"),
                "the right side is known when the model is loaded, and packed then".to_owned(),
            ),
            Op::MatMul(_) | Op::Linear(_) if all_floats => (
                format!("matrix product ({isa})"),
                "the right side is computed in the run, and packed before each product".to_owned(),
            ),
            Op::Conv2d(_) if all_floats => (
                format!("convolution ({isa})"),
                "products with panels of pixels that stay in the cache".to_owned(),
            ),
            Op::Pool2d(_) if all_floats => (
                format!("pooling ({isa})"),
                "windows side by side, row by row".to_owned(),
            ),
            Op::Attention(_) if all_floats && same_width(graph, node) => (
                format!("attention by head tiles ({isa})"),
                "the scores of a head stay in the cache".to_owned(),
            ),
            Op::LayerNorm(_) | Op::RmsNorm(_) | Op::AddLayerNorm(_) if all_floats => (
                format!("normalization of rows ({isa})"),
                "mean, variance and scaling while a row is in the cache".to_owned(),
            ),
            Op::Softmax(_) if all_floats => (
                format!("softmax of rows ({isa})"),
                "largest, powers and sum while a row is in the cache".to_owned(),
            ),
            Op::Reduce(_) if all_floats => (
                format!("reduction ({isa})"),
                "partial sums side by side".to_owned(),
            ),
            Op::Permute(_) | Op::Broadcast(_) | Op::Slice(_) | Op::Reshape(_) => (
                "view".to_owned(),
                "strides say it; a reshape across a permute is copied".to_owned(),
            ),
            op if all_floats && program(op).is_some() => (
                format!("elementwise loop ({isa})"),
                "a chain of elementwise ops in f32".to_owned(),
            ),
            Op::Concat(_) if all_floats => {
                ("concat".to_owned(), "rows are copied whole".to_owned())
            }
            Op::Gather(_) if node.ty.dtype == DType::F32 => {
                ("gather".to_owned(), "rows are copied whole".to_owned())
            }
            Op::Cast(op) if op.dtype == DType::F32 && reads(DType::I64) => {
                ("cast".to_owned(), "integers as floats".to_owned())
            }
            op if !op.bodies().is_empty() => (
                "control flow".to_owned(),
                "its bodies are plans of their own, made once for each shape".to_owned(),
            ),
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

/// Whether the values of an attention are as wide as its queries: the kernel has one size for both.
fn same_width(graph: &Graph, attention: &Node) -> bool {
    let queries = attention.inputs.first().and_then(|id| graph.node(*id));
    queries.is_some_and(|queries| queries.ty.shape.last() == attention.ty.shape.last())
}
