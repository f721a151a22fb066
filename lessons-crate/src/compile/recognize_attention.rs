//! Finds attention where it is written as two products with a softmax between them.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Attention, Binary, Heads, Op, OpDef, Permute, Reshape, Softmax};
use crate::graph::{Dim, Graph, GraphError, Node, NodeId};

/// Makes one op of `softmax(q · kᵀ * scale + mask) · v`. Where q, k and v are split into heads
/// before it and the heads joined after it, the split and the join become part of the op.
///
/// Scores or weights that something else uses, or that the graph shows, have to be written to memory
/// anyhow: then nothing changes.
pub struct RecognizeAttention;

impl Pass for RecognizeAttention {
    fn name(&self) -> &'static str {
        "recognize_attention"
    }

    fn says(&self) -> &'static str {
        "finds attention where it is written as products around a softmax"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let found = graph
            .nodes()
            .iter()
            .find_map(|node| Found::at(&pattern, node));
        Ok(found.map(|found| {
            let node = found.root;
            let label = format!(
                "{} and what leads to it are attention",
                graph.label(node.id)
            );
            pattern.with_op(node, found.op, found.inputs, label)
        }))
    }
}

struct Found<'g> {
    /// The node whose value the attention is.
    root: &'g Node,
    op: Attention,
    inputs: Vec<NodeId>,
}

impl<'g> Found<'g> {
    fn at(p: &Pattern<'g>, product: &'g Node) -> Option<Found<'g>> {
        let (Op::MatMul(_), [weights, v]) = (&product.op, product.inputs.as_slice()) else {
            return None;
        };
        let softmax = p.only_read_once(*weights)?;
        let Op::Softmax(Softmax { axis }) = softmax.op else {
            return None;
        };
        if softmax.ty.shape.axis(axis)? + 1 != softmax.ty.rank() {
            return None;
        }
        let (scores, mask) = masked(p, softmax.inputs[0])?;
        let (products, outer_scale) = scaled_once(p, scores);
        let scores = p.only_read_once(products)?;
        let (Op::MatMul(_), [q, keys]) = (&scores.op, scores.inputs.as_slice()) else {
            return None;
        };
        // The scale may stand at the queries, at the keys or at the scores.
        let (q, q_scale) = scaled_once(p, *q);
        let (keys, k_scale) = scaled_once(p, *keys);
        let scale = outer_scale * q_scale * k_scale;
        let mut inputs = vec![q, keys, *v];
        inputs.extend(mask);
        let mask = mask.is_some();
        joined(p, product, &inputs, scale, mask).or_else(|| apart(p, product, inputs, scale, mask))
    }

    fn new(
        p: &Pattern<'g>,
        root: &'g Node,
        op: Attention,
        inputs: Vec<NodeId>,
    ) -> Option<Found<'g>> {
        let types = inputs.iter().map(|id| p.node(*id).map(|node| &node.ty));
        let types: Vec<_> = types.collect::<Option<_>>()?;
        (op.infer(&types).ok()? == root.ty).then_some(Found { root, op, inputs })
    }
}

/// The scores and the mask that is added to them, if one is. The mask is the operand that is not
/// made by a product.
fn masked(p: &Pattern<'_>, sum: NodeId) -> Option<(NodeId, Option<NodeId>)> {
    let node = p.only_read_once(sum)?;
    let sides = p.either_way(sum, Binary::Add);
    if sides.is_empty() {
        return Some((sum, None));
    }
    sides.into_iter().find_map(|[scores, mask]| {
        let (product, _) = scaled_once(p, scores);
        let is_product = matches!(p.node(product)?.op, Op::MatMul(_));
        let fits =
            is_product && p.node(scores)?.ty == node.ty && p.only_read_once(scores).is_some();
        fits.then_some((scores, Some(mask)))
    })
}

/// [`Pattern::scaled`], where nobody else reads the product.
fn scaled_once(p: &Pattern<'_>, id: NodeId) -> (NodeId, f64) {
    let (value, factor) = p.scaled(id);
    match value == id || p.only_read_once(id).is_some() {
        true => (value, factor),
        false => (id, 1.0),
    }
}

/// Attention whose operands are split into heads and whose result joins them.
fn joined<'g>(
    p: &Pattern<'g>,
    product: &Node,
    inputs: &[NodeId],
    scale: f64,
    mask: bool,
) -> Option<Found<'g>> {
    let transpose = p.only_user(product.id)?;
    let root = p.only_user(transpose.id)?;
    let rank = product.ty.rank();
    if *permute(transpose)? != *swapped(rank, rank.checked_sub(3)?)
        || !matches!(root.op, Op::Reshape(_))
    {
        return None;
    }
    let (q, heads) = split(p, inputs[0], false)?;
    let (k, k_heads) = split(p, inputs[1], true)?;
    let (v, v_heads) = split(p, inputs[2], false)?;
    if k_heads != heads || v_heads != heads {
        return None;
    }
    let heads = Heads::Joined(heads);
    let op = Attention { heads, scale, mask };
    let inputs = [&[q, k, v], &inputs[3..]].concat();
    Found::new(p, root, op, inputs)
}

/// Attention on operands that are as they are, with `k` transposed.
fn apart<'g>(
    p: &Pattern<'g>,
    product: &'g Node,
    mut inputs: Vec<NodeId>,
    scale: f64,
    mask: bool,
) -> Option<Found<'g>> {
    let rank = product.ty.rank();
    let transposed = p.node(inputs[1])?;
    if *permute(transposed)? != *swapped(rank, rank - 2) {
        return None;
    }
    inputs[1] = transposed.inputs[0];
    let op = Attention {
        heads: Heads::Apart,
        scale,
        mask,
    };
    Found::new(p, product, op, inputs)
}

fn permute(node: &Node) -> Option<&[usize]> {
    match &node.op {
        Op::Permute(Permute { axes }) => Some(axes),
        _ => None,
    }
}

/// The axes in order but for `first` and the one after it.
fn swapped(rank: usize, first: usize) -> Vec<usize> {
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(first, first + 1);
    axes
}

/// What is split into `[.., heads, seq, size]`, or `[.., heads, size, seq]` if `transposed`, and
/// into how many heads.
fn split(p: &Pattern<'_>, id: NodeId, transposed: bool) -> Option<(NodeId, usize)> {
    let node = p.node(id)?;
    let rank = node.ty.rank();
    let mut axes = swapped(rank, rank.checked_sub(3)?);
    if transposed {
        axes.swap(rank - 2, rank - 1);
    }
    if *permute(node)? != *axes {
        return None;
    }
    let reshaped = p.node(node.inputs[0])?;
    let Op::Reshape(Reshape { .. }) = reshaped.op else {
        return None;
    };
    let whole = p.node(reshaped.inputs[0])?;
    let (apart, joined) = (&reshaped.ty.shape, &whole.ty.shape);
    let width: Dim = apart[rank - 2].clone() * apart[rank - 1].clone();
    let fits = joined.rank() + 1 == rank
        && joined[..rank - 2] == apart[..rank - 2]
        && joined[rank - 2] == width;
    let heads = apart[rank - 2].known()?;
    fits.then_some((whole.id, heads))
}
