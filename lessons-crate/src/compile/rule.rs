//! Rules that replace one node, as the tables of passes hold them.

use super::pass::Patch;
use super::pattern::Pattern;
use crate::graph::ops::{Binary, Constant, Op, OpDef};
use crate::graph::{Node, NodeId};

/// One rule of a table.
pub struct Rule {
    /// The rule as a formula, `x * 1 = x`, or in words.
    pub says: &'static str,
    /// What it makes of a node, where it fits.
    pub rewrite: fn(&Pattern<'_>, &Node) -> Option<Rewrite>,
}

/// What a rule makes of a node.
pub enum Rewrite {
    /// The value of another node.
    Value(NodeId),
    /// Another op on other values.
    Op(Op, Vec<NodeId>),
    /// A binary op on a value and a number.
    WithNumber(Binary, NodeId, f64),
}

impl Rule {
    /// The patch where the rule fits a node, unless it would change the type of the value.
    pub fn patch(&self, pattern: &Pattern<'_>, node: &Node) -> Option<Patch> {
        let rewrite = (self.rewrite)(pattern, node)?;
        let label = format!("{} by {}", pattern.graph.label(node.id), self.says);
        match rewrite {
            Rewrite::Value(value) => pattern
                .same_type(value, node.id)
                .then(|| pattern.replace(node.id, vec![], value, label)),
            Rewrite::Op(op, inputs) => {
                let types = inputs
                    .iter()
                    .map(|id| pattern.node(*id).map(|node| &node.ty));
                let types: Vec<_> = types.collect::<Option<_>>()?;
                (op.infer(&types).ok()? == node.ty)
                    .then(|| pattern.with_op(node, op, inputs, label))
            }
            Rewrite::WithNumber(op, value, number) => {
                let constant = Constant::scalar(node.ty.dtype, number);
                let id = Patch::fresh(pattern.graph);
                let number = Node {
                    id,
                    ty: constant.infer(&[]).ok()?,
                    op: constant.into(),
                    inputs: vec![],
                    ..node.clone()
                };
                let result = Node {
                    id: NodeId(id.0 + 1),
                    op: op.into(),
                    inputs: vec![value, id],
                    ..node.clone()
                };
                let by = result.id;
                Some(pattern.replace(node.id, vec![number, result], by, label))
            }
        }
    }
}
