//! Passes and the patches that they return.

use std::collections::{HashMap, HashSet};

use super::evaluate::Evaluate;
use crate::graph::{Graph, GraphError, Node, NodeId};

/// A rewrite of graphs. A pass changes nothing itself: it proposes patches, one at a time, and the
/// driver applies and verifies each.
pub trait Pass {
    /// A verb and its object: `fold_constants`.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence for people.
    fn says(&self) -> &'static str;

    /// Whether there is anything in the graph that the pass is made for. One that says no is not run,
    /// and no report mentions it.
    fn concerns(&self, _graph: &Graph) -> bool {
        true
    }

    /// The next change to make, or `None` when there is nothing (more) to do.
    ///
    /// # Errors
    /// When something that must be computed at compile time cannot be.
    fn next(&self, graph: &Graph, tools: &Tools<'_>) -> Result<Option<Patch>, GraphError>;
}

/// What passes may ask for.
pub struct Tools<'a> {
    pub evaluate: &'a dyn Evaluate,
}

/// One change to a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// What it does to which nodes: `mul, add and relu become one loop`.
    pub label: String,
    /// New nodes; their ids start at [`Patch::fresh`] of the graph they are made for.
    pub add: Vec<Node>,
    /// Who used the first uses the second from now on, outputs included.
    pub replace: Vec<(NodeId, NodeId)>,
    /// Nodes that go away; nothing may use them any more.
    pub remove: Vec<NodeId>,
}

impl Patch {
    /// The first id for a new node.
    pub fn fresh(graph: &Graph) -> NodeId {
        NodeId(graph.next_id())
    }

    /// The graph after the change.
    ///
    /// # Errors
    /// When the result does not verify, for instance because a removed node is still in use.
    pub fn apply(&self, graph: &Graph) -> Result<Graph, GraphError> {
        let replace: HashMap<NodeId, NodeId> = self.replace.iter().copied().collect();
        let remove: HashSet<NodeId> = self.remove.iter().copied().collect();
        let to = |id: NodeId| replace.get(&id).copied().unwrap_or(id);

        let mut parts = graph.parts().clone();
        parts.nodes.retain(|node| !remove.contains(&node.id));
        for node in &mut parts.nodes {
            for input in &mut node.inputs {
                *input = to(*input);
            }
        }
        for output in &mut parts.outputs {
            output.node = to(output.node);
        }
        // New nodes stand first, so that among equals they keep the place of what they replace.
        parts.nodes.splice(0..0, self.add.iter().cloned());
        Graph::from_parts(parts)
    }
}
