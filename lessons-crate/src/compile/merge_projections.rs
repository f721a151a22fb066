//! Merges several matrix products of the same value, such as attention's queries, keys and values.

use std::collections::HashSet;

use super::load_time::load_time;
use super::pass::{Pass, Patch, Tools};
use super::pattern::{Pattern, listed};
use crate::graph::ops::{Concat, Epilogue, Linear, Op, OpDef, Slice};
use crate::graph::{Dim, Graph, GraphError, Node, NodeId};

/// Makes one product of those that read the same value and whose weights are known when the model is
/// loaded. The weights are joined then, and each result becomes a slice: a view, which costs nothing.
///
/// ```text
/// before                                    after
///   %4 = linear(%0, %1, ..) : f32[n, 4]       %7 = concat(%1, %2, axis=1) : f32[4, 8]
///   %5 = linear(%0, %2, ..) : f32[n, 4]       %9 = linear(%0, %7, ..) : f32[n, 8]
///                                             %10 = slice(%9, axis=1, 0..4) : f32[n, 4]
///                                             %11 = slice(%9, axis=1, 4..8) : f32[n, 4]
/// ```
pub struct MergeProjections;

impl Pass for MergeProjections {
    fn name(&self) -> &'static str {
        "merge_projections"
    }

    fn says(&self) -> &'static str {
        "makes one product of those that read the same value"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let known = load_time(graph);
        let mergeable = |node: &&Node| {
            let epilogue = epilogue(&pattern, node);
            epilogue.is_some_and(|epilogue| epilogue.residuals() == 0)
                && !pattern.is_output(node.id)
                && node.inputs[1..].iter().all(|id| known.contains(id))
        };
        let candidates: Vec<&Node> = graph.nodes().iter().filter(mergeable).collect();
        let found = candidates.iter().find_map(|first| {
            let alike = candidates.iter().filter(|other| {
                other.inputs[0] == first.inputs[0]
                    && epilogue(&pattern, other) == epilogue(&pattern, first)
                    && other.ty.dtype == first.ty.dtype
                    && !known.contains(&first.inputs[0])
            });
            let alike: Vec<&Node> = alike.copied().collect();
            (alike.len() > 1).then_some(alike)
        });
        // Products that were just made stand in no order to speak of; weights stand as declared.
        let Some(mut products) = found else {
            return Ok(None);
        };
        products.sort_by_key(|product| product.inputs[1]);
        let Some(epilogue) = epilogue(&pattern, products[0]) else {
            return Ok(None);
        };
        merge(&pattern, &products, epilogue).map(Some)
    }
}

/// What follows a product whose right side is one matrix.
fn epilogue(p: &Pattern<'_>, node: &Node) -> Option<Epilogue> {
    let product = matches!(node.op, Op::MatMul(_) | Op::Linear(_));
    let matrix = product && p.node(node.inputs[1])?.ty.rank() == 2;
    matrix.then(|| node.op.epilogue()).flatten()
}

fn merge(p: &Pattern<'_>, products: &[&Node], epilogue: Epilogue) -> Result<Patch, GraphError> {
    let graph = p.graph;
    let NodeId(mut next) = Patch::fresh(graph);
    let mut add: Vec<Node> = Vec::new();
    let mut new = |op: Op, inputs: Vec<NodeId>, like: &Node| -> Result<NodeId, GraphError> {
        let id = NodeId(next);
        next += 1;
        let types: Vec<_> = inputs
            .iter()
            .filter_map(|id| {
                let added = add.iter().find(|node| node.id == *id);
                added.or_else(|| p.node(*id))
            })
            .map(|node| &node.ty)
            .collect();
        let ty = op
            .infer(&types)
            .map_err(|broken| GraphError::new("merge_projections", broken.what))?;
        add.push(Node {
            id,
            op,
            inputs,
            ty,
            ..like.clone()
        });
        Ok(id)
    };
    let first = products[0];
    let side_by_side = |at: usize| products.iter().map(|node| node.inputs[at]).collect();
    let mut inputs = vec![first.inputs[0]];
    inputs.push(new(Concat { axis: 1 }.into(), side_by_side(1), first)?);
    if epilogue.bias {
        inputs.push(new(Concat { axis: 0 }.into(), side_by_side(2), first)?);
    }
    let merged_op = match epilogue == Epilogue::default() {
        true => first.op.clone(),
        false => Linear { epilogue }.into(),
    };
    let merged = new(merged_op, inputs, first)?;
    let axis = first.ty.rank() - 1;
    let mut replace = Vec::new();
    let mut start = Dim::constant(0);
    for product in products {
        let end = start.clone() + product.ty.shape[axis].clone();
        let slice = Slice {
            axis: axis as i32,
            start: start.clone(),
            end: end.clone(),
        };
        replace.push((product.id, new(slice.into(), vec![merged], product)?));
        start = end;
    }
    let names: Vec<String> = products.iter().map(|node| graph.label(node.id)).collect();
    let distinct: HashSet<NodeId> = products.iter().map(|node| node.inputs[1]).collect();
    let label = format!(
        "{} become one product with {} weights joined",
        listed(&names),
        distinct.len()
    );
    let remove = p.needless(&add, &replace);
    Ok(Patch {
        label,
        add,
        replace,
        remove,
    })
}
