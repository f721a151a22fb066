//! Makes one loop of chains and small trees of elementwise ops.

use std::collections::{BTreeMap, BTreeSet};

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Argument, Fused, Op, Step, StepOp};
use crate::graph::{DType, Graph, GraphError, Node, NodeId};

/// Limits of one loop: beyond them its registers would not stay in the first-level cache.
const MAX_STEPS: usize = 32;
const MAX_INPUTS: usize = 16;

/// Replaces elementwise ops that only feed each other by one fused op, so that what is between
/// them is never written to memory.
///
/// A producer joins its consumer if nothing outside the group uses it, it is no output, and it has
/// the shape of the result: a smaller one, which broadcasts, would be computed again for every
/// repetition. Comparisons and what reads them join where all masks stay inside of the group: in a
/// loop over `f32` they are numbers, 0 and 1, and in memory they are bytes.
///
/// ```text
/// before                              after
///   %2 = mul(%0, %1) : f32[n]           %6 = fused(%0, {t0=mul(in0, 2); t1=add(t0, 1);
///   %4 = add(%2, %3) : f32[n]                 t2=relu(t1)}) : f32[n]
///   %5 = relu(%4) : f32[n]
/// ```
pub struct FuseElementwise;

impl Pass for FuseElementwise {
    fn name(&self) -> &'static str {
        "fuse_elementwise"
    }

    fn says(&self) -> &'static str {
        "makes one loop of elementwise ops that only feed each other"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let users = graph.users();
        // From the end, so that a group grows from its result and is as large as it can be.
        let groups = graph
            .nodes()
            .iter()
            .rev()
            .filter(|node| step_op(graph, node).is_some() && node.ty.dtype.is_float());
        let found = groups
            .map(|root| group_without_masks(graph, &users, root))
            .find(|group| group.len() > 1);
        Ok(found.map(|group| fuse(graph, &group)))
    }
}

/// The op as a step, if one loop can compute it.
fn step_op(graph: &Graph, node: &Node) -> Option<StepOp> {
    let reads = |at: usize, dtype: DType| {
        let input = node.inputs.get(at).and_then(|id| graph.node(*id));
        input.is_some_and(|input| input.ty.dtype == dtype)
    };
    match &node.op {
        Op::Unary(op) if node.ty.dtype.is_float() => Some(StepOp::Unary(*op)),
        Op::Binary(op) if node.ty.dtype.is_float() => Some(StepOp::Binary(*op)),
        Op::Compare(op) if reads(0, DType::F32) => Some(StepOp::Compare(*op)),
        Op::Logical(op) => Some(StepOp::Logical(*op)),
        Op::Select(op) if reads(1, DType::F32) => Some(StepOp::Select(*op)),
        Op::Cast(op) if op.dtype == DType::F32 && reads(0, DType::Bool) => Some(StepOp::Cast(*op)),
        _ => None,
    }
}

/// The nodes that can become one loop whose result is `root`, where no mask comes from outside.
fn group_without_masks(
    graph: &Graph,
    users: &BTreeMap<NodeId, Vec<NodeId>>,
    root: &Node,
) -> BTreeSet<NodeId> {
    let mut out = BTreeSet::new();
    loop {
        let group = group(graph, users, root, &out);
        let is_mask = |id: &NodeId| {
            let node = graph.node(*id);
            node.is_some_and(|node| node.ty.dtype == DType::Bool) && !group.contains(id)
        };
        let reads_mask = |id: &&NodeId| {
            let node = graph.node(**id);
            node.is_some_and(|node| node.inputs.iter().any(is_mask))
        };
        let before = out.len();
        out.extend(group.iter().filter(reads_mask));
        if out.contains(&root.id) {
            return BTreeSet::new();
        }
        if out.len() == before {
            return group;
        }
    }
}

/// The nodes that can become one loop whose result is `root`, and none of those that are `out`.
fn group(
    graph: &Graph,
    users: &BTreeMap<NodeId, Vec<NodeId>>,
    root: &Node,
    out: &BTreeSet<NodeId>,
) -> BTreeSet<NodeId> {
    let mut group = BTreeSet::from([root.id]);
    // Backwards in order, so that all users of a node are decided before it is.
    let before = graph
        .nodes()
        .iter()
        .rev()
        .skip_while(|node| node.id != root.id)
        .skip(1);
    for node in before {
        let joins = step_op(graph, node).is_some()
            && !out.contains(&node.id)
            && node.ty.shape == root.ty.shape
            && users
                .get(&node.id)
                .is_some_and(|users| users.iter().all(|user| group.contains(user)))
            && !graph.outputs().iter().any(|output| output.node == node.id)
            && group.len() < MAX_STEPS;
        if joins {
            group.insert(node.id);
            if arguments(graph, &group).len() > MAX_INPUTS {
                group.remove(&node.id);
            }
        }
    }
    group
}

/// What a group reads from outside, scalar constants left out, in the order of first use.
fn arguments(graph: &Graph, group: &BTreeSet<NodeId>) -> Vec<NodeId> {
    let mut inputs = Vec::new();
    for node in graph.nodes().iter().filter(|node| group.contains(&node.id)) {
        for input in &node.inputs {
            if !group.contains(input) && scalar(graph, *input).is_none() && !inputs.contains(input)
            {
                inputs.push(*input);
            }
        }
    }
    inputs
}

fn scalar(graph: &Graph, id: NodeId) -> Option<f64> {
    match &graph.node(id)?.op {
        Op::Constant(constant) if constant.shape.is_empty() => constant.as_scalar(),
        _ => None,
    }
}

fn fuse(graph: &Graph, group: &BTreeSet<NodeId>) -> Patch {
    let pattern = Pattern::new(graph);
    let inputs = arguments(graph, group);
    let members: Vec<&Node> = graph
        .nodes()
        .iter()
        .filter(|node| group.contains(&node.id))
        .collect();
    let position = |id: &NodeId| members.iter().position(|member| member.id == *id);
    let argument = |id: &NodeId| {
        position(id)
            .map(Argument::Step)
            .or_else(|| scalar(graph, *id).map(Argument::Scalar))
            .or_else(|| {
                inputs
                    .iter()
                    .position(|input| input == id)
                    .map(Argument::Input)
            })
    };
    let steps: Vec<Step> = members
        .iter()
        .filter_map(|node| {
            let arguments = node.inputs.iter().map(argument).collect::<Option<_>>()?;
            Some(Step {
                op: step_op(graph, node)?,
                arguments,
                node: node.id,
            })
        })
        .collect();
    let root = members[members.len() - 1];
    let fused = Fused {
        inputs: inputs.len(),
        steps,
    };
    let label = format!("{} become one loop", fused.summary());
    pattern.with_op(root, fused, inputs, label)
}
