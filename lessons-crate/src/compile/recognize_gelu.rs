//! Finds GELU and SiLU where they are written out.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::pass::{Pass, Patch, Tools};
use super::pattern::{Pattern, close};
use crate::graph::ops::{Binary, OpDef, Unary};
use crate::graph::{Graph, GraphError, Node, NodeId};

/// Makes one op of an activation that is composed of others: the exact GELU, its approximations by
/// tanh and by the logistic function, and SiLU, with their factors in any order.
///
/// ```text
/// before: x * 0.5 * (1 + erf(x / 1.4142135))   after: gelu(x)
/// ```
pub struct RecognizeGelu;

impl Pass for RecognizeGelu {
    fn name(&self) -> &'static str {
        "recognize_gelu"
    }

    fn says(&self) -> &'static str {
        "finds GELU and SiLU where they are written out"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let found = graph
            .nodes()
            .iter()
            .rev()
            .find_map(|node| Some((node, activation(&pattern, node)?)));
        Ok(found.map(|(node, (op, x))| {
            let label = format!("{} is {}", graph.label(node.id), op.name());
            pattern.with_op(node, op, vec![x], label)
        }))
    }
}

/// The activation that ends at a node, and what it is applied to.
fn activation(p: &Pattern<'_>, node: &Node) -> Option<(Unary, NodeId)> {
    let (factors, factor) = p.factors(node.id);
    let [a, b] = <[NodeId; 2]>::try_from(factors).ok()?;
    [(a, b), (b, a)].into_iter().find_map(|(x, gate)| {
        let op = by_sigmoid(p, x, gate, factor).or_else(|| by_sum(p, x, gate, factor))?;
        p.same_type(x, node.id).then_some((op, x))
    })
}

/// `x * sigmoid(x)` and `x * sigmoid(1.702 x)`.
fn by_sigmoid(p: &Pattern<'_>, x: NodeId, gate: NodeId, factor: f64) -> Option<Unary> {
    let (inner, scale) = p.scaled(p.unary(gate, Unary::Sigmoid)?);
    match inner == x && close(factor, 1.0) {
        true if close(scale, 1.0) => Some(Unary::Silu),
        true if close(scale, 1.702) => Some(Unary::GeluQuick),
        _ => None,
    }
}

/// `x / 2 * (1 + f(..))`, where the halves may stand in the sum instead.
fn by_sum(p: &Pattern<'_>, x: NodeId, sum: NodeId, factor: f64) -> Option<Unary> {
    let (function, one) = p.plus(sum)?;
    let (function, scale) = p.scaled(function);
    if !close(one, scale) || !close(one * factor, 0.5) {
        return None;
    }
    if let Some(inner) = p.unary(function, Unary::Erf) {
        let (inner, scale) = p.scaled(inner);
        return (inner == x && close(scale, FRAC_1_SQRT_2)).then_some(Unary::Gelu);
    }
    let (inner, scale) = p.scaled(p.unary(function, Unary::Tanh)?);
    (cubic(p, x, inner)? && close(scale, (2.0 / PI).sqrt())).then_some(Unary::GeluTanh)
}

/// Whether `sum` is `x + 0.044715 x³`.
fn cubic(p: &Pattern<'_>, x: NodeId, sum: NodeId) -> Option<bool> {
    p.either_way(sum, Binary::Add)
        .into_iter()
        .find(|[first, _]| *first == x)
        .map(|[_, third]| {
            let (factors, factor) = p.factors(third);
            let power = || {
                let [base, exponent] = p.binary(*factors.first()?, Binary::Pow)?;
                Some(base == x && p.scalar(exponent) == Some(3.0))
            };
            let cubed = match factors.len() {
                1 => power().unwrap_or(false),
                3 => factors.iter().all(|factor| *factor == x),
                _ => false,
            };
            cubed && close(factor, 0.044715)
        })
}
