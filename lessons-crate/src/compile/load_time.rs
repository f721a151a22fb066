//! The part of a graph that depends on weights and constants alone: it runs once, when a model is
//! loaded.

use std::collections::HashSet;

use crate::graph::ops::Op;
use crate::graph::{Graph, NodeId};

/// The nodes whose values are known when the weights are: weights, constants, and what is computed
/// of them alone and has a fixed size.
///
/// ```
/// use lessons::compile::load_time;
/// use lessons::prelude::*;
///
/// let graph = Graph::build("linear", |g| {
///     let x = g.input("x", f32s(("batch", 4)));
///     let w = g.weight("w", f32s((2, 4)));
///     g.output("y", x.matmul(w.t()));
/// })?;
/// assert_eq!(load_time(&graph).len(), 2); // the weight and its transpose
/// # Ok::<(), lessons::Error>(())
/// ```
pub fn load_time(graph: &Graph) -> HashSet<NodeId> {
    let mut known = HashSet::new();
    for node in graph.nodes() {
        let source = matches!(node.op, Op::Weight(_) | Op::Constant(_));
        let computed =
            !node.inputs.is_empty() && node.inputs.iter().all(|input| known.contains(input));
        if source || (computed && node.ty.shape.known().is_some()) {
            known.insert(node.id);
        }
    }
    known
}
