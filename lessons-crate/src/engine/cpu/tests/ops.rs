//! Every op of the registry, by itself.

use super::{as_written, assert_close, inputs};
use crate::engine::Model;
use crate::graph::ops::{Op, OpDef, Sample};
use crate::graph::{Bindings, Graph, Node, NodeId, Output, Parts};
use crate::prelude::*;

/// A graph of one op. Inputs from `known` on are weights.
fn alone(sample: &Sample, known: usize) -> Graph {
    let types: Vec<_> = sample.inputs.iter().collect();
    let node = |id: usize, op: Op, inputs: Vec<NodeId>| Node {
        id: NodeId(id as u32),
        ty: op.infer(&types[..inputs.len()]).unwrap(),
        op,
        inputs,
        scope: None,
        site: None,
    };
    let given = types.iter().enumerate().map(|(at, ty)| {
        let (name, ty) = (format!("operand{at}"), (*ty).clone());
        let op: Op = match at < known || ty.shape.known().is_none() || !ty.dtype.is_float() {
            true => crate::graph::ops::Input { name, ty }.into(),
            false => crate::graph::ops::Weight { name, ty }.into(),
        };
        node(at, op, vec![])
    });
    let mut nodes: Vec<Node> = given.collect();
    let operands = (0..types.len()).map(|at| NodeId(at as u32)).collect();
    nodes.push(node(types.len(), sample.op.clone(), operands));
    // So that every symbol has a size, whatever the op reads.
    let sizes = crate::graph::ops::Input {
        name: "sizes".to_owned(),
        ty: f32s(("n", "batch")),
    };
    nodes.push(node(types.len() + 1, sizes.into(), vec![]));
    Graph::from_parts(Parts {
        name: sample.op.name().to_owned(),
        nodes,
        outputs: vec![Output {
            name: "y".to_owned(),
            node: NodeId(types.len() as u32),
        }],
        scopes: vec![],
    })
    .unwrap()
}

/// Whether candle runs it, or the models of its bodies: attention to values of another width.
fn is_candles(sample: &Sample) -> bool {
    match &sample.op {
        Op::Attention(_) => sample.inputs[0].shape.last() != sample.inputs[2].shape.last(),
        _ => false,
    }
}

/// What the report announces is what runs.
fn assert_as_announced(model: &Model, kernels: &[&str], graph: &Graph) {
    for (report, kernel) in model
        .report()
        .kernels
        .iter()
        .rev()
        .zip(kernels.iter().rev())
    {
        if report.choice.kernel != "view" {
            assert!(
                report.choice.kernel.starts_with(kernel),
                "{kernel} ran, and the report says {}\n{graph}",
                report.choice.kernel
            );
        }
    }
}

#[test]
fn every_op_computes_what_the_reference_computes() {
    for sample in Op::samples() {
        if sample.op.is_source() {
            continue;
        }
        for known in [usize::MAX, 1] {
            let graph = alone(&sample, known);
            let weights = Weights::random(&graph, 5).unwrap();
            let model = as_written(&graph, &weights);
            for size in [1, 5, 8] {
                let sizes = Bindings::from([("n".to_owned(), size), ("batch".to_owned(), 5)]);
                let given = inputs(&graph, &sizes, 3);
                let kernels = assert_close(&model, &graph, &weights, &given, 2e-6);
                assert_as_announced(&model, &kernels, &graph);
                assert!(
                    is_candles(&sample) || !kernels.contains(&"candle"),
                    "{} runs through candle\n{graph}",
                    sample.op.name()
                );
            }
        }
    }
}
