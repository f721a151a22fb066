//! The graph itself: nodes in an order in which each comes after what it uses.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::GraphError;
use super::ops::{Op, OpDef};
use super::site::Site;
use super::tensor_type::TensorType;
use super::verify;

/// The name of a node within one graph. Passes keep the ids of the nodes that they leave alone and
/// give new ids to new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// One op applied to values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub id: NodeId,
    pub op: Op,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<NodeId>,
    pub ty: TensorType,
    /// The scope it was made in; an index into [`Graph::scopes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<usize>,
    #[serde(default, skip)]
    pub site: Option<Site>,
}

/// A named part of a graph, such as `layer 0`; diagrams draw it as one hull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
}

/// A named result of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    pub node: NodeId,
}

/// What a graph is made of. Anybody can fill one in; [`Graph::from_parts`] checks it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    pub name: String,
    pub nodes: Vec<Node>,
    pub outputs: Vec<Output>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
}

/// A checked computation: *what* to compute, and nothing about how or where.
///
/// Nodes stand in an order in which each comes after its inputs. A graph never changes and is cheap
/// to clone; passes make new ones.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// assert_eq!(graph.inputs().count(), 1);
/// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[n]");
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Clone)]
pub struct Graph(Arc<Checked>);

struct Checked {
    parts: Parts,
    positions: HashMap<NodeId, usize>,
}

impl Graph {
    /// Checks the parts and makes a graph of them; the nodes may stand in any order.
    ///
    /// # Errors
    /// The first rule of [`verify::RULES`] that the parts break, with the node that breaks it.
    pub fn from_parts(mut parts: Parts) -> Result<Graph, GraphError> {
        verify::structure(&parts)?;
        parts.nodes = verify::in_order(std::mem::take(&mut parts.nodes))?;
        let positions = parts
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.id, at))
            .collect();
        let graph = Graph(Arc::new(Checked { parts, positions }));
        verify::verify(&graph)?;
        Ok(graph)
    }

    /// Reads a graph that [`Graph::to_json`] wrote.
    ///
    /// # Errors
    /// Where the text is no graph, or the graph does not verify.
    pub fn from_json(text: &str) -> Result<Graph, GraphError> {
        let parts = serde_json::from_str(text)
            .map_err(|error| GraphError::new("graph file", error.to_string()))?;
        Graph::from_parts(parts)
    }

    /// The graph as JSON, without call sites.
    ///
    /// # Errors
    /// When it has a custom op, which is a closure.
    pub fn to_json(&self) -> Result<String, GraphError> {
        serde_json::to_string_pretty(&self.0.parts)
            .map_err(|error| GraphError::new("graph file", error.to_string()))
    }

    pub fn name(&self) -> &str {
        &self.0.parts.name
    }

    /// All nodes, each after its inputs.
    pub fn nodes(&self) -> &[Node] {
        &self.0.parts.nodes
    }

    /// The node with this id, if there is one.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.0.positions.get(&id).map(|at| &self.0.parts.nodes[*at])
    }

    pub fn outputs(&self) -> &[Output] {
        &self.0.parts.outputs
    }

    /// The node that the output of this name shows.
    pub fn output(&self, name: &str) -> Option<&Node> {
        let output = self.outputs().iter().find(|output| output.name == name)?;
        self.node(output.node)
    }

    pub fn scopes(&self) -> &[Scope] {
        &self.0.parts.scopes
    }

    pub fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// The inputs, in the order in which they were declared, with their names.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.declared(|op| match op {
            Op::Input(input) => Some(&input.name),
            _ => None,
        })
    }

    /// The weights, in the order in which they were declared, with their names.
    pub fn weights(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.declared(|op| match op {
            Op::Weight(weight) => Some(&weight.name),
            _ => None,
        })
    }

    fn declared(&self, name: fn(&Op) -> Option<&String>) -> impl Iterator<Item = (&str, &Node)> {
        let mut found: Vec<_> = self
            .nodes()
            .iter()
            .filter_map(|node| Some((name(&node.op)?.as_str(), node)))
            .collect();
        found.sort_by_key(|(_, node)| node.id);
        found.into_iter()
    }

    /// For each node the nodes that use it, in order; a node that uses a value twice stands twice.
    pub fn users(&self) -> BTreeMap<NodeId, Vec<NodeId>> {
        let mut users: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for node in self.nodes() {
            for input in &node.inputs {
                users.entry(*input).or_default().push(node.id);
            }
        }
        users
    }

    /// A name for a node in messages: that of the input, weight or output, else op and id.
    pub fn label(&self, id: NodeId) -> String {
        let Some(node) = self.node(id) else {
            return id.to_string();
        };
        match &node.op {
            Op::Input(input) => input.name.clone(),
            Op::Weight(weight) => weight.name.clone(),
            op => format!("{} {id}", op.name()),
        }
    }

    /// The first id that no node has.
    pub(crate) fn next_id(&self) -> u32 {
        self.nodes()
            .iter()
            .map(|node| node.id.0 + 1)
            .max()
            .unwrap_or(0)
    }

    /// The inputs and weights that nothing uses, directly or indirectly.
    pub fn unused(&self) -> Vec<&str> {
        let mut live: std::collections::HashSet<NodeId> =
            self.outputs().iter().map(|output| output.node).collect();
        for node in self.nodes().iter().rev() {
            if live.contains(&node.id) {
                live.extend(&node.inputs);
            }
        }
        let declared = self.inputs().chain(self.weights());
        declared
            .filter(|(_, node)| !live.contains(&node.id))
            .map(|(name, _)| name)
            .collect()
    }
}

impl PartialEq for Graph {
    fn eq(&self, other: &Graph) -> bool {
        self.0.parts == other.0.parts
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
