//! Computes at compile time what depends on constants alone.

use super::pass::{Pass, Patch, Tools};
use crate::graph::ops::{Constant, Op, OpDef};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Results larger than this stay ops: a graph is no place for data.
const MAX_ELEMENTS: usize = 4096;

/// Replaces an op whose inputs are all constants by its result.
///
/// ```text
/// before                           after
///   %0 = constant 64 : f32[]         %2 = constant 0.125 : f32[]
///   %1 = rsqrt(%0) : f32[]
/// ```
pub struct FoldConstants;

impl Pass for FoldConstants {
    fn name(&self) -> &'static str {
        "fold_constants"
    }

    fn says(&self) -> &'static str {
        "computes now what depends on constants alone"
    }

    fn next(&self, graph: &Graph, tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let Some((node, inputs)) = graph
            .nodes()
            .iter()
            .find_map(|node| Some((node, foldable(graph, node)?)))
        else {
            return Ok(None);
        };
        let constant = tools
            .evaluate
            .evaluate(&node.op, &inputs, &node.ty)
            .map_err(|what| {
                let what = format!(
                    "{} cannot be computed at compile time: {what}",
                    graph.label(node.id)
                );
                GraphError::new("fold_constants", what).at(node.site.clone())
            })?;
        let id = Patch::fresh(graph);
        let label = format!(
            "{} becomes the constant {}",
            graph.label(node.id),
            constant.attributes()
        );
        let add = Node {
            id,
            op: constant.into(),
            inputs: vec![],
            ..node.clone()
        };
        Ok(Some(Patch {
            label,
            add: vec![add],
            replace: vec![(node.id, id)],
            remove: vec![node.id],
        }))
    }
}

/// The constants that a node computes with, if it computes with nothing else.
fn foldable<'a>(graph: &'a Graph, node: &Node) -> Option<Vec<&'a Constant>> {
    let elements = node.ty.shape.elements().known()?;
    if node.inputs.is_empty() || elements > MAX_ELEMENTS {
        return None;
    }
    let constant = |id: &NodeId| match &graph.node(*id)?.op {
        Op::Constant(constant) => Some(constant),
        _ => None,
    };
    node.inputs.iter().map(constant).collect()
}
