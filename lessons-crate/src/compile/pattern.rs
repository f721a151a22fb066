//! What passes ask of a graph while they look for something.

use std::collections::{BTreeMap, HashSet};

use super::pass::Patch;
use super::rule::Rule;
use crate::graph::ops::{Binary, Op, Reduce, ReduceKind, Unary};
use crate::graph::{Graph, Node, NodeId};

/// A graph with its users, and questions about it.
pub struct Pattern<'g> {
    pub graph: &'g Graph,
    users: BTreeMap<NodeId, Vec<NodeId>>,
}

impl<'g> Pattern<'g> {
    pub fn new(graph: &'g Graph) -> Pattern<'g> {
        Pattern {
            graph,
            users: graph.users(),
        }
    }

    pub fn node(&self, id: NodeId) -> Option<&'g Node> {
        self.graph.node(id)
    }

    pub fn is_output(&self, id: NodeId) -> bool {
        self.graph.outputs().iter().any(|output| output.node == id)
    }

    /// The node, if nothing but one other node reads its value.
    pub fn only_read_once(&self, id: NodeId) -> Option<&'g Node> {
        let once = self.users.get(&id).is_some_and(|users| users.len() == 1);
        (once && !self.is_output(id))
            .then(|| self.node(id))
            .flatten()
    }

    /// The one node that reads this value, if there is only one and it is no output.
    pub fn only_user(&self, id: NodeId) -> Option<&'g Node> {
        match self.users.get(&id).map(Vec::as_slice) {
            Some([user]) if !self.is_output(id) => self.node(*user),
            _ => None,
        }
    }

    /// The number that a constant of one element is.
    pub fn scalar(&self, id: NodeId) -> Option<f64> {
        match &self.node(id)?.op {
            Op::Constant(constant) => constant.as_scalar(),
            _ => None,
        }
    }

    pub fn unary(&self, id: NodeId, op: Unary) -> Option<NodeId> {
        let node = self.node(id)?;
        (node.op == Op::Unary(op)).then(|| node.inputs[0])
    }

    pub fn binary(&self, id: NodeId, op: Binary) -> Option<[NodeId; 2]> {
        let node = self.node(id)?;
        (node.op == Op::Binary(op)).then(|| [node.inputs[0], node.inputs[1]])
    }

    /// The operands of a sum or product in both orders.
    pub fn either_way(&self, id: NodeId, op: Binary) -> Vec<[NodeId; 2]> {
        self.binary(id, op)
            .map_or(Vec::new(), |[a, b]| vec![[a, b], [b, a]])
    }

    /// What a reduction over the last axis that keeps it reduces.
    pub fn over_last(&self, id: NodeId, kind: ReduceKind) -> Option<NodeId> {
        let node = self.node(id)?;
        let Op::Reduce(Reduce {
            kind: found,
            axis,
            keep: true,
        }) = node.op
        else {
            return None;
        };
        let input = self.node(node.inputs[0])?;
        let last = input.ty.shape.axis(axis)? + 1 == input.ty.rank();
        (found == kind && last).then_some(input.id)
    }

    /// `value` and `factor` where the node is `value * factor`, with all multiplications and
    /// divisions by constants taken together; the factor of anything else is 1.
    pub fn scaled(&self, id: NodeId) -> (NodeId, f64) {
        let (mut id, mut factor) = (id, 1.0);
        loop {
            let product = self
                .either_way(id, Binary::Mul)
                .into_iter()
                .find_map(|[value, by]| Some((value, self.scalar(by)?)));
            let quotient = || {
                let [value, by] = self.binary(id, Binary::Div)?;
                Some((value, 1.0 / self.scalar(by)?))
            };
            // Only where the constant does not change the type, as a broadcast would.
            let next = product
                .or_else(quotient)
                .filter(|(value, _)| self.same_type(*value, id));
            match next {
                Some((value, by)) => (id, factor) = (value, factor * by),
                None => return (id, factor),
            }
        }
    }

    /// `value` and `number` where the node is `value + number`.
    pub fn plus(&self, id: NodeId) -> Option<(NodeId, f64)> {
        self.either_way(id, Binary::Add)
            .into_iter()
            .find_map(|[value, number]| Some((value, self.scalar(number)?)))
            .filter(|(value, _)| self.same_type(*value, id))
    }

    /// The factors of a product, constants taken together.
    pub fn factors(&self, id: NodeId) -> (Vec<NodeId>, f64) {
        let (value, mut factor) = self.scaled(id);
        let Some([a, b]) = self.binary(value, Binary::Mul) else {
            return (vec![value], factor);
        };
        let mut factors = Vec::new();
        for side in [a, b] {
            let (more, by) = self.factors(side);
            factors.extend(more);
            factor *= by;
        }
        (factors, factor)
    }

    pub fn same_type(&self, a: NodeId, b: NodeId) -> bool {
        match (self.node(a), self.node(b)) {
            (Some(a), Some(b)) => a.ty == b.ty,
            _ => false,
        }
    }

    /// The patch of the first rule of a table that fits a node; nodes are tried in order.
    pub fn first_rule(&self, rules: &[Rule]) -> Option<Patch> {
        let mut nodes = self.graph.nodes().iter();
        nodes.find_map(|node| rules.iter().find_map(|rule| rule.patch(self, node)))
    }

    /// The patch after which `add` stand in the graph and `by` is used for `node`. Whatever nothing
    /// needs any more then goes away with it, but for inputs and weights.
    pub fn replace(&self, node: NodeId, add: Vec<Node>, by: NodeId, label: String) -> Patch {
        let replace = vec![(node, by)];
        let remove = self.needless(&add, &replace);
        Patch {
            label,
            add,
            replace,
            remove,
        }
    }

    /// The patch that puts one op in the place of a node, with all else of the node as it is.
    pub fn with_op(
        &self,
        node: &Node,
        op: impl Into<Op>,
        inputs: Vec<NodeId>,
        label: String,
    ) -> Patch {
        let id = Patch::fresh(self.graph);
        let add = Node {
            id,
            op: op.into(),
            inputs,
            ..node.clone()
        };
        self.replace(node.id, vec![add], id, label)
    }

    /// Ancestors of what is replaced that nothing needs once it is.
    pub fn needless(&self, add: &[Node], replace: &[(NodeId, NodeId)]) -> Vec<NodeId> {
        let to = |id: NodeId| {
            let found = replace.iter().find(|(from, _)| *from == id);
            found.map_or(id, |(_, to)| *to)
        };
        let added = |id: NodeId| add.iter().find(|node| node.id == id);
        let mut candidates = HashSet::new();
        let mut stack: Vec<NodeId> = replace.iter().map(|(from, _)| *from).collect();
        while let Some(id) = stack.pop() {
            if candidates.insert(id) {
                stack.extend(self.node(id).into_iter().flat_map(|node| &node.inputs));
            }
        }
        let mut live = HashSet::new();
        // What was dead before is not this patch's business, so all nodes elsewhere count as alive.
        let mut stack: Vec<NodeId> = self
            .graph
            .outputs()
            .iter()
            .map(|output| output.node)
            .chain(
                self.graph
                    .nodes()
                    .iter()
                    .map(|node| node.id)
                    .filter(|id| !candidates.contains(id)),
            )
            .map(to)
            .collect();
        while let Some(id) = stack.pop() {
            if live.insert(id) {
                let node = added(id).or_else(|| self.node(id));
                stack.extend(
                    node.into_iter()
                        .flat_map(|node| &node.inputs)
                        .map(|id| to(*id)),
                );
            }
        }
        let declared = |id: NodeId| {
            self.node(id)
                .is_some_and(|node| matches!(node.op, Op::Input(_) | Op::Weight(_)))
        };
        let mut needless: Vec<NodeId> = candidates
            .into_iter()
            .filter(|id| !live.contains(id) && !declared(*id))
            .collect();
        needless.sort_unstable();
        needless
    }
}

/// Whether two numbers are the same but for rounding to 32 bits.
pub fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs()
}

/// `a, b and c`, or fewer and how many more.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
