//! Finds layer normalization where it is written out.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Binary, LayerNorm, Op, ReduceKind, Unary};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Makes one op of `(x - mean) / sqrt(variance + epsilon) * scale + shift` along the last axis,
/// with the division as one, or as a product with the reciprocal root.
///
/// A scale without a shift, and a variance of anything but `x - mean`, stay as they are written.
pub struct RecognizeLayerNorm;

impl Pass for RecognizeLayerNorm {
    fn name(&self) -> &'static str {
        "recognize_layer_norm"
    }

    fn says(&self) -> &'static str {
        "finds layer normalization where it is written out"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let found = graph
            .nodes()
            .iter()
            .find_map(|node| Some((node, layer_norm(&pattern, node)?)));
        Ok(found.map(|(node, (op, inputs))| {
            let label = format!("{} is layer_norm", graph.label(node.id));
            pattern.with_op(node, op, inputs, label)
        }))
    }
}

fn layer_norm(p: &Pattern<'_>, node: &Node) -> Option<(LayerNorm, Vec<NodeId>)> {
    let sums = p.either_way(node.id, Binary::Add);
    sums.into_iter().find_map(|[scaled, shift]| {
        let products = p.either_way(scaled, Binary::Mul);
        products.into_iter().find_map(|[normal, scale]| {
            let (x, epsilon) = normalized(p, normal)?;
            let width = p.node(x)?.ty.shape.last()?;
            let row = |id: NodeId| {
                p.node(id)
                    .is_some_and(|row| row.ty.rank() == 1 && row.ty.shape[0] == *width)
            };
            let fits = row(scale) && row(shift) && p.same_type(x, node.id);
            let op = LayerNorm {
                epsilon,
                affine: true,
            };
            fits.then(|| (op, vec![x, scale, shift]))
        })
    })
}

/// `x` and epsilon of `(x - mean(x)) / sqrt(mean((x - mean(x))²) + epsilon)`.
fn normalized(p: &Pattern<'_>, id: NodeId) -> Option<(NodeId, f64)> {
    let quotient = p
        .binary(id, Binary::Div)
        .and_then(|[centered, root]| Some((centered, p.unary(root, Unary::Sqrt)?)));
    let product = || {
        p.either_way(id, Binary::Mul)
            .into_iter()
            .find_map(|[centered, root]| Some((centered, p.unary(root, Unary::Rsqrt)?)))
    };
    let (centered, sum) = quotient.or_else(product)?;
    let [x, mean] = p.binary(centered, Binary::Sub)?;
    if p.over_last(mean, ReduceKind::Mean)? != x {
        return None;
    }
    let (variance, epsilon) = p.plus(sum)?;
    let square = p.over_last(variance, ReduceKind::Mean)?;
    let is_square = match p.node(square)?.op {
        Op::Binary(Binary::Mul) => p.binary(square, Binary::Mul)? == [centered; 2],
        Op::Binary(Binary::Pow) => {
            let [base, exponent] = p.binary(square, Binary::Pow)?;
            base == centered && p.scalar(exponent) == Some(2.0)
        }
        _ => false,
    };
    is_square.then_some((x, epsilon))
}
