//! What the CPU backend tells the compiler.

use std::collections::HashSet;

use lessons_compute::isa::Isa;

use super::load::packs_filter;
use super::lower::{
    custom_has_kernel, elements_have_kernel, index_has_kernel, lines_have_kernel, program,
};
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
        let operands = node.inputs.iter().filter_map(|id| graph.node(*id));
        let dtypes: Vec<DType> = operands.map(|operand| operand.ty.dtype).collect();
        let first = dtypes.first().copied().unwrap_or(DType::F32);
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
        let filter = |groups: usize| {
            let weight = node.inputs.get(1).filter(|id| at_load.contains(id));
            let weight = weight.and_then(|id| graph.node(*id));
            weight.is_some_and(|weight| packs_filter(Isa::best(), weight, groups))
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
            Op::Conv2d(op) if all_floats && filter(op.groups) => (
                format!("packed convolution ({isa})"),
                "the weights are packed when the model is loaded; vectors hold output channels"
                    .to_owned(),
            ),
            Op::Conv2d(_) if all_floats => (
                format!("convolution ({isa})"),
                "products with panels of pixels that stay in the cache; vectors hold pixels"
                    .to_owned(),
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
            Op::Reduce(op) if all_floats && !op.kind.is_arg() => (
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
            op if elements_have_kernel(op, &dtypes) => elements(op),
            op if lines_have_kernel(op, first) => lines(op),
            Op::Concat(_) => ("concat".to_owned(), "rows are copied whole".to_owned()),
            Op::Gather(_) => (
                "gather".to_owned(),
                "rows are copied whole, once all indices are seen to be in the table".to_owned(),
            ),
            Op::Take(_) => (
                "elements by index".to_owned(),
                "elements are copied, once all indices are seen to be on their axis".to_owned(),
            ),
            op if index_has_kernel(op, first) => (
                "scatter".to_owned(),
                "one update after the other, since several may go to one place".to_owned(),
            ),
            Op::Range(_) => ("range".to_owned(), "it counts".to_owned()),
            Op::Random(_) => (
                "random numbers".to_owned(),
                "each is computed from the seed and its place, by any thread".to_owned(),
            ),
            Op::Custom(_) if custom_has_kernel(node.ty.dtype, &dtypes) => (
                "closure".to_owned(),
                "operands are widened to f64 for it, and its result is rounded".to_owned(),
            ),
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

/// What runs an elementwise op on other dtypes than `f32` alone.
fn elements(op: &Op) -> (String, String) {
    let (kernel, why) = match op {
        Op::Compare(_) => ("comparison", "pairs become bytes, broadcast by strides"),
        Op::Logical(_) => ("logic of bytes", "bools are bytes, broadcast by strides"),
        Op::Select(_) => ("selection", "elements of any dtype, broadcast by strides"),
        Op::Cast(_) => ("cast", "element by element, read through strides"),
        _ => (
            "integer arithmetic",
            "integers that wrap around, broadcast by strides",
        ),
    };
    (kernel.to_owned(), why.to_owned())
}

/// What runs an op on lines.
fn lines(op: &Op) -> (String, String) {
    let (kernel, why) = match op {
        Op::CumSum(_) => ("running sums", "line by line, of floats in f64"),
        Op::ArgSort(_) => (
            "sort of lines",
            "keys and indices in one integer, so no floats are compared",
        ),
        _ => (
            "search of lines",
            "the extreme by vectors, and then where it stands",
        ),
    };
    (kernel.to_owned(), why.to_owned())
}

/// Whether the values of an attention are as wide as its queries: the kernel has one size for both.
fn same_width(graph: &Graph, attention: &Node) -> bool {
    let queries = attention.inputs.first().and_then(|id| graph.node(*id));
    queries.is_some_and(|queries| queries.ty.shape.last() == attention.ty.shape.last())
}
