//! Computes once what is computed several times (common subexpression elimination).

use std::collections::HashMap;

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::Op;
use crate::graph::{Graph, GraphError, NodeId};

/// Who uses the second of two equal computations uses the first.
///
/// ```text
/// before                        after
///   %1 = exp(%0) : f32[n]         %1 = exp(%0) : f32[n]
///   %2 = exp(%0) : f32[n]         %3 = add(%1, %1) : f32[n]
///   %3 = add(%1, %2) : f32[n]
/// ```
pub struct ShareSubexpressions;

impl Pass for ShareSubexpressions {
    fn name(&self) -> &'static str {
        "share_subexpressions"
    }

    fn says(&self) -> &'static str {
        "computes once what is computed several times"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let mut first: HashMap<String, NodeId> = HashMap::new();
        for node in graph.nodes() {
            if matches!(node.op, Op::Input(_) | Op::Weight(_)) {
                continue;
            }
            // The debug form of an op shows all that it is, to the last bit of its numbers.
            let key = format!("{:?} {:?} {}", node.op, node.inputs, node.ty);
            match first.get(&key) {
                None => {
                    first.insert(key, node.id);
                }
                Some(earlier) => {
                    let label = format!(
                        "{} is {} again",
                        graph.label(node.id),
                        graph.label(*earlier)
                    );
                    let patch = Pattern::new(graph).replace(node.id, vec![], *earlier, label);
                    return Ok(Some(patch));
                }
            }
        }
        Ok(None)
    }
}
