//! One transpose, reshape, broadcast or slice where there were several, and none where it does nothing.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use super::rule::{Rewrite, Rule};
use crate::graph::ops::{Broadcast, Concat, Op, Permute, Reshape, Slice};
use crate::graph::{Dim, Graph, GraphError, Node, NodeId};

/// Brings ops that move elements to a canonical form by a table of rules, [`RULES`].
///
/// ```text
/// before                                             after
///   %1 = permute(%0, axes=[0, 2, 1]) : f32[n, 4, 3]    (uses of %2 use %0)
///   %2 = permute(%1, axes=[0, 2, 1]) : f32[n, 3, 4]
/// ```
pub struct SimplifyMovement;

/// The table. The first rule that fits a node is applied.
pub const RULES: &[Rule] = &[
    Rule {
        says: "axes that stay in order need no permute",
        rewrite: |_, node| {
            let in_order = permute(node)?.iter().copied().eq(0..node.ty.rank());
            in_order.then(|| Rewrite::Value(node.inputs[0]))
        },
    },
    Rule {
        says: "two permutes are one",
        rewrite: |p, node| {
            let outer = permute(node)?;
            let inner_node = p.node(node.inputs[0])?;
            let inner = permute(inner_node)?;
            let axes = outer.iter().map(|axis| inner[*axis]).collect();
            Some(Rewrite::Op(
                Permute { axes }.into(),
                inner_node.inputs.clone(),
            ))
        },
    },
    Rule {
        says: "a permute of axes of size 1 is a reshape",
        rewrite: |p, node| {
            let axes = permute(node)?;
            let dims = &p.node(node.inputs[0])?.ty.shape;
            let longer: Vec<usize> = axes
                .iter()
                .copied()
                .filter(|axis| !dims[*axis].is(1))
                .collect();
            longer.is_sorted().then(|| reshape_to(node, node.inputs[0]))
        },
    },
    Rule {
        says: "a reshape to the same shape is nothing",
        rewrite: |_, node| {
            matches!(node.op, Op::Reshape(_)).then(|| Rewrite::Value(node.inputs[0]))
        },
    },
    Rule {
        says: "two reshapes are one",
        rewrite: |p, node| {
            let Op::Reshape(_) = node.op else { return None };
            let inner = p.node(node.inputs[0])?;
            matches!(inner.op, Op::Reshape(_)).then(|| reshape_to(node, inner.inputs[0]))
        },
    },
    Rule {
        says: "a broadcast to the same shape is nothing",
        rewrite: |_, node| {
            matches!(node.op, Op::Broadcast(_)).then(|| Rewrite::Value(node.inputs[0]))
        },
    },
    Rule {
        says: "two broadcasts are one",
        rewrite: |p, node| {
            let Op::Broadcast(_) = node.op else {
                return None;
            };
            let inner = p.node(node.inputs[0])?;
            let Op::Broadcast(_) = inner.op else {
                return None;
            };
            let shape = node.ty.shape.clone();
            Some(Rewrite::Op(
                Broadcast { shape }.into(),
                inner.inputs.clone(),
            ))
        },
    },
    Rule {
        says: "arithmetic broadcasts by itself",
        rewrite: |p, node| {
            let (Op::Binary(_) | Op::Compare(_) | Op::Select(_)) = node.op else {
                return None;
            };
            let inner = |id: &NodeId| match p.node(*id) {
                Some(input) if matches!(input.op, Op::Broadcast(_)) => input.inputs[0],
                _ => *id,
            };
            // One operand at a time: with all of them the result could become smaller.
            (0..node.inputs.len()).find_map(|at| {
                let mut inputs = node.inputs.clone();
                inputs[at] = inner(&inputs[at]);
                let smaller = inputs[at] != node.inputs[at];
                (smaller && keeps_type(p, node, &inputs))
                    .then(|| Rewrite::Op(node.op.clone(), inputs))
            })
        },
    },
    Rule {
        says: "a slice of all is nothing",
        rewrite: |p, node| {
            let (_, start, _) = slice(p, node)?;
            start.is(0).then(|| Rewrite::Value(node.inputs[0]))
        },
    },
    Rule {
        says: "a slice of a slice is one",
        rewrite: |p, node| {
            let (axis, start, end) = slice(p, node)?;
            let inner_node = p.node(node.inputs[0])?;
            let (inner_axis, from, _) = slice(p, inner_node)?;
            let joined = Slice {
                axis: i32::try_from(axis).ok()?,
                start: from.clone() + start.clone(),
                end: from.clone() + end.clone(),
            };
            (axis == inner_axis).then(|| Rewrite::Op(joined.into(), inner_node.inputs.clone()))
        },
    },
    Rule {
        says: "a slice that is one part of a concat is the part",
        rewrite: |p, node| {
            let (axis, start, end) = slice(p, node)?;
            let inner = p.node(node.inputs[0])?;
            let Op::Concat(Concat { axis: joined }) = inner.op else {
                return None;
            };
            if inner.ty.shape.axis(joined)? != axis {
                return None;
            }
            let mut from = Dim::constant(0);
            inner.inputs.iter().find_map(|part| {
                let to = from.clone() + p.node(*part)?.ty.shape[axis].clone();
                let fits = from == *start && to == *end;
                from = to;
                fits.then_some(Rewrite::Value(*part))
            })
        },
    },
    Rule {
        says: "a concat of one value is the value",
        rewrite: |_, node| {
            let one = matches!(node.op, Op::Concat(_)) && node.inputs.len() == 1;
            one.then(|| Rewrite::Value(node.inputs[0]))
        },
    },
];

fn permute(node: &Node) -> Option<&[usize]> {
    match &node.op {
        Op::Permute(Permute { axes }) => Some(axes),
        _ => None,
    }
}

/// The axis, counted from the front, and the ends of a slice.
fn slice<'n>(p: &Pattern<'_>, node: &'n Node) -> Option<(usize, &'n Dim, &'n Dim)> {
    let Op::Slice(Slice { axis, start, end }) = &node.op else {
        return None;
    };
    let axis = p.node(node.inputs[0])?.ty.shape.axis(*axis)?;
    Some((axis, start, end))
}

fn reshape_to(node: &Node, value: NodeId) -> Rewrite {
    let shape = node.ty.shape.clone();
    Rewrite::Op(Reshape { shape }.into(), vec![value])
}

fn keeps_type(p: &Pattern<'_>, node: &Node, inputs: &[NodeId]) -> bool {
    use crate::graph::ops::OpDef;
    let types = inputs.iter().map(|id| p.node(*id).map(|node| &node.ty));
    let types: Option<Vec<_>> = types.collect();
    types.is_some_and(|types| node.op.infer(&types).ok().as_ref() == Some(&node.ty))
}

impl Pass for SimplifyMovement {
    fn name(&self) -> &'static str {
        "simplify_movement"
    }

    fn says(&self) -> &'static str {
        "leaves one transpose, reshape, broadcast or slice where there were several"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        Ok(Pattern::new(graph).first_rule(RULES))
    }
}
