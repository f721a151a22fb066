//! Finds what a compiler pass broke.

use std::collections::HashMap;

use candle_core::{DType, Tensor};

use super::outputs::Outputs;
use super::reference::{Folder, Precision, Reference};
use super::session::Session;
use crate::compile::{Culprit, Pass, bisect};
use crate::graph::{Graph, NodeId};
use crate::weights::Weights;

/// Finds the patch after which the graph's outputs are wrong, and the first node that it changed.
///
/// # Errors
/// As [`Session::bisect`].
pub fn find(
    session: &Session,
    passes: &[Box<dyn Pass>],
    graph: &Graph,
    weights: &Weights,
    inputs: &[(&str, &Tensor)],
) -> crate::Result<Option<Culprit>> {
    let reference = Reference::new(graph, weights)?;
    let exact = reference.run(inputs.iter().copied(), Precision::F64)?;
    let plain = reference.run(inputs.iter().copied(), Precision::Declared)?;
    let mut is_right = |graph: &Graph| {
        let model = session.as_it_is(graph)?.load(weights)?;
        agrees(&model.run(inputs.iter().copied())?, &exact, &plain)
    };
    let culprit = bisect(passes, graph, &Folder, &mut is_right)?;
    culprit
        .map(|culprit| {
            let node = first_that_differs(&culprit, weights, inputs)?;
            Ok(Culprit { node, ..culprit })
        })
        .transpose()
}

/// Whether no output is further from the exact one than four times the plain one is, and sixteen ulps
/// of the largest value.
fn agrees(got: &Outputs, exact: &Outputs, plain: &Outputs) -> crate::Result<bool> {
    for (name, got) in got.iter() {
        let (exact, plain) = (flat(&exact[name])?, flat(&plain[name])?);
        let scale = exact.iter().fold(1.0f64, |scale, x| scale.max(x.abs()));
        let rounding = 16.0 * f64::from(f32::EPSILON) * scale;
        let allowed = 4.0 * distance(&plain, &exact) + rounding;
        // A distance that is no number is none that is allowed.
        if distance(&flat(got)?, &exact) > allowed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The largest difference; infinite where one of two numbers is none, or their count differs.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    let differences = a.iter().zip(b).map(|(a, b)| match a == b {
        true => 0.0,
        false if a.is_nan() && b.is_nan() => 0.0,
        false if (a - b).is_nan() => f64::INFINITY,
        false => (a - b).abs(),
    });
    differences.fold(0.0, f64::max)
}

/// The first node after the patch whose value, computed by the reference in `f64`, is not what it was
/// before; a node that the patch made is compared with what it replaced, as far as outputs show it.
fn first_that_differs(
    culprit: &Culprit,
    weights: &Weights,
    inputs: &[(&str, &Tensor)],
) -> crate::Result<Option<String>> {
    let values = |graph: &Graph| -> crate::Result<HashMap<NodeId, Tensor>> {
        Reference::new(graph, weights)?.values(inputs.iter().copied(), Precision::F64)
    };
    let (before, after) = (values(&culprit.before)?, values(&culprit.after)?);
    let replaced = culprit.before.outputs().iter().zip(culprit.after.outputs());
    let replaced: HashMap<NodeId, NodeId> =
        replaced.map(|(old, new)| (new.node, old.node)).collect();
    for node in culprit.after.nodes() {
        let was = before.get(&node.id);
        let was = was.or_else(|| before.get(replaced.get(&node.id)?));
        let (Some(was), Some(is)) = (was, after.get(&node.id)) else {
            continue;
        };
        let (was, is) = (flat(was)?, flat(is)?);
        let scale = was.iter().fold(1.0f64, |scale, x| scale.max(x.abs()));
        if distance(&was, &is) > 1e-9 * scale {
            return Ok(Some(culprit.after.label(node.id)));
        }
    }
    Ok(None)
}

fn flat(tensor: &Tensor) -> crate::Result<Vec<f64>> {
    Ok(tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{FuseElementwise, Patch, RemoveDead, SimplifyAlgebra, Tools};
    use crate::graph::GraphError;
    use crate::graph::ops::{Binary, Op};
    use crate::prelude::*;

    /// Takes a difference for a sum, once.
    struct SubtractionsAreAdditions;

    impl Pass for SubtractionsAreAdditions {
        fn name(&self) -> &'static str {
            "subtractions_are_additions"
        }

        fn says(&self) -> &'static str {
            "is wrong"
        }

        fn next(&self, graph: &Graph, _: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
            let minus = |node: &&crate::graph::Node| node.op == Op::Binary(Binary::Sub);
            let Some(node) = graph.nodes().iter().find(minus) else {
                return Ok(None);
            };
            let mut sum = node.clone();
            sum.id = Patch::fresh(graph);
            sum.op = Op::Binary(Binary::Add);
            Ok(Some(Patch {
                label: format!("{} becomes a sum", graph.label(node.id)),
                replace: vec![(node.id, sum.id)],
                add: vec![sum],
                remove: vec![node.id],
            }))
        }
    }

    fn graph() -> Graph {
        Graph::build("long", |g| {
            let (x, y) = (g.input("x", f32s(("n",))), g.input("y", f32s(("n",))));
            let doubled = (x * 1.0 + 0.0) * 2.0;
            g.output("z", ((doubled - y).tanh() * 1.0 + x).relu() / 1.0);
        })
        .unwrap()
    }

    fn found(passes: Vec<Box<dyn Pass>>) -> Option<Culprit> {
        let x = Tensor::new(&[0.5f32, -1.0, 2.0], &Cpu).unwrap();
        let y = Tensor::new(&[0.25f32, 1.0, 0.5], &Cpu).unwrap();
        let inputs = [("x", &x), ("y", &y)];
        find(&Session::cpu(), &passes, &graph(), &Weights::new(), &inputs).unwrap()
    }

    #[test]
    fn a_broken_pass_is_named_with_its_patch_and_the_node() {
        let culprit = found(vec![
            Box::new(SimplifyAlgebra),
            Box::new(RemoveDead),
            Box::new(SubtractionsAreAdditions),
            Box::new(FuseElementwise),
        ])
        .unwrap();
        assert_eq!(culprit.pass, "subtractions_are_additions");
        assert!(culprit.patch.starts_with("sub %"), "{culprit}");
        assert!(culprit.number > 1, "{culprit}");
        // The sum itself is new; what reads it has changed.
        let node = culprit.node.clone().unwrap();
        assert!(node.starts_with("tanh %"), "{culprit}");
        assert!(culprit.before.to_string().contains("sub("));
        assert!(!culprit.after.to_string().contains("sub("));
    }

    #[test]
    fn right_passes_are_not_blamed() {
        assert!(found(crate::compile::passes()).is_none());
    }

    #[test]
    fn what_is_wrong_as_it_is_written_is_no_pass_s_fault() {
        let mut never = |_: &Graph| Ok::<bool, GraphError>(false);
        let error = bisect(&crate::compile::passes(), &graph(), &Folder, &mut never).unwrap_err();
        assert!(error.to_string().contains("before any pass has run"));
    }
}
