//! The models of the graphs that are part of ops.

use std::collections::HashMap;

use super::model::CpuModel;
use super::threads::Threads;
use crate::graph::ops::{Op, While};
use crate::graph::{Graph, Node, NodeId};
use crate::weights::ForGraph;

/// The models of one op's bodies.
#[derive(Debug)]
pub struct Bodies {
    /// In the order of [`Op::bodies`].
    pub models: Vec<CpuModel>,
    /// The first of the nodes that read one loop, where there are several: it runs once for all.
    pub shared_by: Option<NodeId>,
}

/// The models for all nodes of a graph that have bodies.
///
/// # Errors
/// As [`CpuModel::new`].
pub fn bodies(graph: &Graph, threads: &Threads) -> crate::Result<HashMap<NodeId, Bodies>> {
    let loops: Vec<&Node> = graph
        .nodes()
        .iter()
        .filter(|node| matches!(node.op, Op::While(_)))
        .collect();
    let mut bodies = HashMap::new();
    for node in graph.nodes() {
        let models =
            node.op.bodies().into_iter().map(|(_, body)| {
                CpuModel::new(body.graph(), &ForGraph::default(), threads.clone())
            });
        let models: Vec<CpuModel> = models.collect::<crate::Result<_>>()?;
        if models.is_empty() {
            continue;
        }
        let mut same = loops.iter().filter(|other| is_one_loop(other, node));
        let first = same.next().map(|first| first.id);
        let shared_by = first.filter(|_| same.next().is_some());
        bodies.insert(node.id, Bodies { models, shared_by });
    }
    Ok(bodies)
}

/// Whether two nodes are results of the same loop.
fn is_one_loop(a: &Node, b: &Node) -> bool {
    let parts = |node: &Node| match &node.op {
        Op::While(While {
            condition, step, ..
        }) => Some((condition.clone(), step.clone())),
        _ => None,
    };
    a.inputs == b.inputs && parts(a).is_some() && parts(a) == parts(b)
}
