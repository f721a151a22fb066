//! At the edges: nothing at all, and numbers that are none.

use std::collections::BTreeMap;

use super::{as_written, assert_close};
use crate::engine::cpu::{CpuModel, Threads};
use crate::graph::Graph;
use crate::prelude::*;
use crate::weights::ForGraph;

fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
    Tensor::from_slice(values, shape, &Cpu).unwrap()
}

#[test]
fn axes_of_size_zero_are_reduced_multiplied_and_normalized() {
    let graph = Graph::build("nothing", |g| {
        let x = g.input("x", f32s(("n", "k")));
        let w = g.input("w", f32s(("k", 3)));
        g.output("sum", x.sum(1));
        g.output("columns", x.sum(0));
        g.output("product", x.matmul(w));
        g.output("softmax", x.softmax(0));
    })
    .unwrap();
    let model = as_written(&graph, &Weights::new());
    for [n, k] in [[0, 4], [4, 0], [0, 0], [1, 1]] {
        let given = BTreeMap::from([
            ("x".to_owned(), tensor(&vec![1.0; n * k], &[n, k])),
            ("w".to_owned(), tensor(&vec![1.0; k * 3], &[k, 3])),
        ]);
        assert_close(&model, &graph, &Weights::new(), &given, 0.0);
    }
}

#[test]
fn there_is_no_largest_of_nothing() {
    let graph = Graph::build("largest", |g| {
        g.output("y", g.input("x", f32s(("n", 2))).max(0));
    })
    .unwrap();
    let model = as_written(&graph, &Weights::new());
    let error = model.call(&tensor(&[], &[0, 2])).unwrap_err().to_string();
    assert!(error.contains("nothing to reduce"), "{error}");
}

#[test]
fn nan_infinities_and_subnormals_go_the_same_way_as_in_the_reference() {
    let graph = Graph::build("odd", |g| {
        let x = g.input("x", f32s(("n", 4)));
        let (scale, shift) = (g.input("scale", f32s((4,))), g.input("shift", f32s((4,))));
        g.output("softmax", x.softmax(-1));
        g.output("norm", x.layer_norm(scale, shift, 1e-5));
        g.output("max", x.max(1));
        g.output("min", x.min(1));
        g.output("sum", x.sum(1));
        g.output("product", x.matmul(x.t()));
    })
    .unwrap();
    let rows = [
        [f32::NAN, 1.0, 2.0, 3.0],
        [f32::NEG_INFINITY, 1.0, 2.0, 3.0],
        [f32::NEG_INFINITY; 4],
        [f32::INFINITY, 1.0, 2.0, 3.0],
        [1e-40, -1e-40, 2e-40, 0.0],
        [-0.0, 0.0, -0.0, 0.0],
    ];
    for row in rows {
        let given = BTreeMap::from([
            ("x".to_owned(), tensor(&row, &[1, 4])),
            ("scale".to_owned(), tensor(&[1.0, 2.0, 3.0, 4.0], &[4])),
            ("shift".to_owned(), tensor(&[0.5; 4], &[4])),
        ]);
        let model = as_written(&graph, &Weights::new());
        assert_close(&model, &graph, &Weights::new(), &given, 1e-6);
    }
}

#[test]
fn a_plan_is_made_once_for_the_same_shapes() {
    let graph = Graph::build("plans", |g| {
        let (x, y) = (g.input("x", f32s(("n", 2))), g.input("y", f32s(("n", 2))));
        g.output("sum", (x + y).sum(1));
    })
    .unwrap();
    let threads = Threads::default();
    let model = CpuModel::new(&graph, &ForGraph::default(), threads).unwrap();
    let run = |rows: usize, swapped: bool| {
        let values = tensor(&vec![1.0; 2 * rows], &[rows, 2]);
        let mut inputs = [("x", &values), ("y", &values)];
        if swapped {
            inputs.swap(0, 1);
        }
        model.run(&inputs, None).unwrap();
        model.plans()
    };
    let plans = [run(3, false), run(4, false), run(3, true), run(4, false)];
    assert_eq!(plans, [1, 2, 2, 2]);
    // Those of long ago make room.
    for rows in 5..100 {
        run(rows, false);
    }
    assert_eq!(run(3, false), 32);
}
