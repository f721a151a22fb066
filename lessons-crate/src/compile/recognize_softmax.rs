//! Finds softmax where it is written out.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Binary, Op, Reduce, ReduceKind, Softmax, Unary};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Makes one op of `exp(x - max(x)) / sum(exp(x - max(x)))` along an axis. Without the maximum it
/// stays as it is written: that form overflows where softmax does not.
pub struct RecognizeSoftmax;

impl Pass for RecognizeSoftmax {
    fn name(&self) -> &'static str {
        "recognize_softmax"
    }

    fn says(&self) -> &'static str {
        "finds softmax where it is written out"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let found = graph
            .nodes()
            .iter()
            .find_map(|node| Some((node, softmax(&pattern, node)?)));
        Ok(found.map(|(node, (op, x))| {
            let label = format!("{} is softmax", graph.label(node.id));
            pattern.with_op(node, op, vec![x], label)
        }))
    }
}

fn softmax(p: &Pattern<'_>, node: &Node) -> Option<(Softmax, NodeId)> {
    let [powers, sum] = p.binary(node.id, Binary::Div)?;
    let [x, largest] = p.binary(p.unary(powers, Unary::Exp)?, Binary::Sub)?;
    let axis = kept(p, sum, powers, ReduceKind::Sum)?;
    let same = kept(p, largest, x, ReduceKind::Max)? == axis && p.same_type(x, node.id);
    let axis = i32::try_from(axis).ok()?;
    same.then_some((Softmax { axis }, x))
}

/// The axis of a reduction of `value` that keeps it.
fn kept(p: &Pattern<'_>, id: NodeId, value: NodeId, wanted: ReduceKind) -> Option<usize> {
    let node = p.node(id)?;
    match node.op {
        Op::Reduce(Reduce {
            kind,
            axis,
            keep: true,
        }) if kind == wanted && node.inputs[0] == value => p.node(value)?.ty.shape.axis(axis),
        _ => None,
    }
}
