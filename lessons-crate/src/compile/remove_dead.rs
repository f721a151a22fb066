//! Removes what no output needs.

use std::collections::HashSet;

use super::pass::{Pass, Patch, Tools};
use crate::graph::{Graph, GraphError, NodeId};

/// Removes all nodes that no output depends on, in one patch. Inputs and weights stay, since they
/// are the graph's signature; an unused one is a warning in the report.
pub struct RemoveDead;

impl Pass for RemoveDead {
    fn name(&self) -> &'static str {
        "remove_dead"
    }

    fn says(&self) -> &'static str {
        "removes what no output needs"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let mut live: HashSet<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
        for node in graph.nodes().iter().rev() {
            if live.contains(&node.id) {
                live.extend(&node.inputs);
            }
        }
        let signature: HashSet<NodeId> = graph
            .inputs()
            .chain(graph.weights())
            .map(|(_, node)| node.id)
            .collect();
        let dead = graph.nodes().iter().map(|node| node.id);
        let remove: Vec<NodeId> = dead
            .filter(|id| !live.contains(id) && !signature.contains(id))
            .collect();
        if remove.is_empty() {
            return Ok(None);
        }
        let names: Vec<_> = remove.iter().map(|id| graph.label(*id)).collect();
        let label = match names.as_slice() {
            [one] => format!("{one} goes away"),
            many => format!("{} nodes go away: {}", many.len(), many.join(", ")),
        };
        Ok(Some(Patch {
            label,
            add: vec![],
            replace: vec![],
            remove,
        }))
    }
}
