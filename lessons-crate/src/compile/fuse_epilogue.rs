//! Joins matrix products and convolutions with the bias, activations and residuals behind them.

use super::load_time::load_time;
use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Binary, Epilogue, EpilogueStep, Op, OpDef, Unary};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Makes one op of a product, or convolution, with a weight that is known when the model is loaded
/// and the one op after it, as long as nothing else reads the product; so a bias, activations and
/// residuals join one after the other, as they come.
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
        "joins products and convolutions with the bias, activation and residual behind them"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let known = load_time(graph);
        let mut products = graph.nodes().iter().filter(|node| {
            let weight = node.inputs.get(1);
            weight.is_some_and(|weight| known.contains(weight)) && !known.contains(&node.id)
        });
        let found = products.find_map(|product| {
            let next = pattern.only_user(product.id)?;
            let (op, inputs) = joined(&pattern, product, next)?;
            Some((product, next, op, inputs))
        });
        Ok(found.map(|(product, next, op, inputs)| {
            let label = format!("{} joins {}", graph.label(next.id), graph.label(product.id));
            pattern.with_op(next, op, inputs, label)
        }))
    }
}

/// The product with the op after it as part of it.
fn joined(p: &Pattern<'_>, product: &Node, next: &Node) -> Option<(Op, Vec<NodeId>)> {
    let before = product.op.epilogue()?;
    let (epilogues, other) = match next.op {
        Op::Unary(function) if is_activation(function) => {
            (vec![before.then(EpilogueStep::Activation(function))], None)
        }
        _ => {
            let sums = p.either_way(next.id, Binary::Add).into_iter();
            let [_, other] = sums.into_iter().find(|[value, _]| *value == product.id)?;
            let bias = Epilogue {
                bias: true,
                ..before
            };
            let bias = (before == Epilogue::default()).then_some(bias);
            (vec![bias, before.then(EpilogueStep::Residual)], Some(other))
        }
    };
    let inputs = [product.inputs.as_slice(), other.as_slice()].concat();
    let types = inputs.iter().map(|id| p.node(*id).map(|node| &node.ty));
    let types: Vec<_> = types.collect::<Option<_>>()?;
    // Which of them another value is, its shape says.
    epilogues.into_iter().flatten().find_map(|epilogue| {
        let op = product.op.with_epilogue(epilogue)?;
        (op.infer(&types).ok()? == next.ty).then(|| (op, inputs.clone()))
    })
}

/// The functions that follow a layer; others are rare, and stay loops of their own.
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
