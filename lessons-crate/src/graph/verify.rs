//! What every graph must satisfy, before and after every pass.

use std::collections::{HashMap, HashSet};

use super::error::GraphError;
use super::ir::{Graph, Node, NodeId, Parts};
use super::ops::{Op, OpDef};
use super::tensor_type::TensorType;

/// One rule: its name, what it says, and the check. Checks run in order, on graphs whose nodes
/// refer to nodes that exist and stand after them.
pub struct Rule {
    pub name: &'static str,
    pub says: &'static str,
    check: fn(&Graph) -> Result<(), GraphError>,
}

/// The rules that [`verify`] checks.
pub const RULES: &[Rule] = &[
    Rule {
        name: "names",
        says: "no two inputs, weights or outputs share a name",
        check: names,
    },
    Rule {
        name: "dims",
        says: "dims are not negative and symbols are names",
        check: dims,
    },
    Rule {
        name: "types",
        says: "each node has the type that its op gives its inputs",
        check: types,
    },
    Rule {
        name: "outputs",
        says: "there is at least one output",
        check: outputs,
    },
];

/// Checks all rules.
///
/// # Errors
/// The first rule that is broken, named, with the node that breaks it.
pub fn verify(graph: &Graph) -> Result<(), GraphError> {
    RULES.iter().try_for_each(|rule| (rule.check)(graph))
}

fn names(graph: &Graph) -> Result<(), GraphError> {
    for (kind, names) in [
        (
            "input",
            graph.inputs().map(|(name, _)| name).collect::<Vec<_>>(),
        ),
        ("weight", graph.weights().map(|(name, _)| name).collect()),
        (
            "output",
            graph
                .outputs()
                .iter()
                .map(|output| output.name.as_str())
                .collect(),
        ),
    ] {
        let mut seen = HashSet::new();
        if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
            return Err(
                GraphError::new(kind, format!("there are two {kind}s named `{twice}`"))
                    .help(format!("give each {kind} a name of its own")),
            );
        }
    }
    Ok(())
}

fn dims(graph: &Graph) -> Result<(), GraphError> {
    for node in graph.nodes() {
        if let Some(problem) = node.ty.shape.iter().find_map(|dim| dim.problem()) {
            return Err(GraphError::new(
                node.op.name(),
                format!(
                    "{} has the type {}: {problem}",
                    graph.label(node.id),
                    node.ty
                ),
            )
            .at(node.site.clone()));
        }
    }
    Ok(())
}

fn types(graph: &Graph) -> Result<(), GraphError> {
    for node in graph.nodes() {
        let inputs: Vec<&TensorType> = node
            .inputs
            .iter()
            .filter_map(|id| graph.node(*id))
            .map(|input| &input.ty)
            .collect();
        let inferred = node.op.infer(&inputs).map_err(|broken| {
            GraphError::new(
                node.op.name(),
                format!("node {} does not type: {}", node.id, broken.what),
            )
            .at(node.site.clone())
        })?;
        if inferred != node.ty {
            return Err(GraphError::new(
                node.op.name(),
                format!(
                    "node {} says it is {}, but its op gives {inferred}",
                    node.id, node.ty
                ),
            )
            .at(node.site.clone()));
        }
    }
    Ok(())
}

fn outputs(graph: &Graph) -> Result<(), GraphError> {
    if graph.outputs().is_empty() {
        return Err(
            GraphError::new("graph", format!("`{}` has no output", graph.name()))
                .help("say what it computes: g.output(\"y\", value)"),
        );
    }
    Ok(())
}

/// Checks that ids are unique and that nodes, outputs and scopes refer to what exists.
pub(crate) fn structure(parts: &Parts) -> Result<(), GraphError> {
    let bad = |what: String| Err(GraphError::new("graph", what));
    let mut ids = HashSet::new();
    if let Some(node) = parts.nodes.iter().find(|node| !ids.insert(node.id)) {
        return bad(format!("two nodes have the id {}", node.id));
    }
    for node in &parts.nodes {
        if let Some(missing) = node.inputs.iter().find(|input| !ids.contains(input)) {
            return bad(format!(
                "node {} uses {missing}, which does not exist",
                node.id
            ));
        }
        if node.inputs.len() != node.op.arity(node.inputs.len()) {
            let (got, want) = (node.inputs.len(), node.op.arity(node.inputs.len()));
            return bad(format!(
                "node {} gives {} {got} inputs, and it takes {want}",
                node.id,
                node.op.name()
            ));
        }
        if node.scope.is_some_and(|scope| scope >= parts.scopes.len()) {
            return bad(format!(
                "node {} is in a scope that does not exist",
                node.id
            ));
        }
        if let Op::Fused(fused) = &node.op {
            fused
                .check()
                .or_else(|what| bad(format!("node {}: {what}", node.id)))?;
        }
    }
    if let Some(output) = parts
        .outputs
        .iter()
        .find(|output| !ids.contains(&output.node))
    {
        return bad(format!(
            "output `{}` shows {}, which does not exist",
            output.name, output.node
        ));
    }
    // A parent stands before its children, so scopes cannot form a cycle.
    for (index, scope) in parts.scopes.iter().enumerate() {
        if scope.parent.is_some_and(|parent| parent >= index) {
            return bad(format!("scope `{}` stands before its parent", scope.name));
        }
    }
    Ok(())
}

/// Sorts nodes so that each stands after its inputs; otherwise in the order given.
pub(crate) fn in_order(nodes: Vec<Node>) -> Result<Vec<Node>, GraphError> {
    let positions: HashMap<NodeId, usize> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.id, at))
        .collect();
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    for start in 0..nodes.len() {
        // Depth first, with an explicit stack of (node, inputs already looked at).
        let mut stack = vec![(start, 0)];
        while let Some((at, looked)) = stack.pop() {
            if marks[at] == Mark::Done {
                continue;
            }
            marks[at] = Mark::Open;
            match nodes[at].inputs.get(looked) {
                None => {
                    marks[at] = Mark::Done;
                    order.push(at);
                }
                Some(input) => {
                    let next = positions[input];
                    stack.push((at, looked + 1));
                    match marks[next] {
                        Mark::New => stack.push((next, 0)),
                        Mark::Done => {}
                        Mark::Open => return Err(cycle(&nodes, &stack, next)),
                    }
                }
            }
        }
    }
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    Ok(order
        .into_iter()
        .filter_map(|at| nodes[at].take())
        .collect())
}

fn cycle(nodes: &[Node], stack: &[(usize, usize)], start: usize) -> GraphError {
    let from = stack.iter().position(|(at, _)| *at == start).unwrap_or(0);
    let mut path: Vec<_> = stack[from..]
        .iter()
        .map(|(at, _)| nodes[*at].id.to_string())
        .collect();
    path.push(nodes[start].id.to_string());
    GraphError::new(
        "graph",
        format!("nodes use each other in a circle: {}", path.join(" uses ")),
    )
    .help("a graph computes each value from earlier ones; break the circle")
}
