//! Joins matrix products with the bias, activation and residual behind them.

use super::load_time::load_time;
use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Binary, Linear, Op, OpDef, Unary};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Makes one op of a product with a matrix that is known when the model is loaded and the one op
/// after it, as long as nothing else reads the product; so bias, activation and residual join one after the other, in that order.
///
/// ```text
/// before                                  after
///   %3 = matmul(%0, %1) : f32[n, 2]         %6 = linear(%0, %1, %2, bias → relu) : f32[n, 2]
///   %4 = add(%3, %2) : f32[n, 2]
///   %5 = relu(%4) : f32[n, 2]
/// ```
pub struct FuseEpilogue;

impl Pass for FuseEpilogue {
    fn name(&self) -> &'static str {
        "fuse_epilogue"
    }

    fn says(&self) -> &'static str {
        "joins matrix products with the bias, activation and residual behind them"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let known = load_time(graph);
        let mut products = graph.nodes().iter().filter(|node| {
            let weight = node.inputs.get(1);
            weight.is_some_and(|weight| known.contains(weight)) && !known.contains(&node.id)
        });
        let found = products.find_map(|product| {
            let linear = linear(&pattern, product)?;
            let next = pattern.only_user(product.id)?;
            let (op, inputs) = joined(&pattern, product, linear, next)?;
            let types = inputs
                .iter()
                .map(|id| pattern.node(*id).map(|node| &node.ty));
            let types: Vec<_> = types.collect::<Option<_>>()?;
            (op.infer(&types).ok()? == next.ty).then_some((product, next, op, inputs))
        });
        Ok(found.map(|(product, next, op, inputs)| {
            let label = format!("{} joins {}", graph.label(next.id), graph.label(product.id));
            pattern.with_op(next, op, inputs, label)
        }))
    }
}

/// The product as a linear op, if its right side is one matrix.
pub(super) fn linear(p: &Pattern<'_>, node: &Node) -> Option<Linear> {
    match node.op {
        Op::Linear(linear) => Some(linear),
        Op::MatMul(_) if p.node(node.inputs[1])?.ty.rank() == 2 => Some(Linear {
            bias: false,
            activation: None,
            residual: false,
        }),
        _ => None,
    }
}

/// The product with the op after it as part of it.
fn joined(
    p: &Pattern<'_>,
    product: &Node,
    linear: Linear,
    next: &Node,
) -> Option<(Linear, Vec<NodeId>)> {
    if linear.residual {
        return None;
    }
    if let Op::Unary(op) = next.op {
        let op = Linear {
            activation: Some(op),
            ..linear
        };
        let fits = linear.activation.is_none() && is_activation(op.activation?);
        return fits.then(|| (op, product.inputs.clone()));
    }
    let others = p.either_way(next.id, Binary::Add).into_iter();
    let [_, other] = others.into_iter().find(|[value, _]| *value == product.id)?;
    let inputs = [product.inputs.as_slice(), &[other]].concat();
    let is_row = p.node(other)?.ty.rank() == 1;
    if is_row && !linear.bias && linear.activation.is_none() {
        return Some((
            Linear {
                bias: true,
                ..linear
            },
            inputs,
        ));
    }
    p.same_type(other, product.id).then_some((
        Linear {
            residual: true,
            ..linear
        },
        inputs,
    ))
}

/// The functions that follow a linear layer; others are rare, and stay loops of their own.
fn is_activation(op: Unary) -> bool {
    matches!(
        op,
        Unary::Relu
            | Unary::Gelu
            | Unary::GeluTanh
            | Unary::GeluQuick
            | Unary::Silu
            | Unary::Sigmoid
            | Unary::Tanh
    )
}
