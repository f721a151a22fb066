//! Convolutions, pools and norms: what joins them, what they become part of, and what stays apart.

use super::support::{assert_right, build, compiled};
use crate::compile::load_time;
use crate::graph::ops::OpDef;
use crate::graph::{Builder, Value};
use crate::prelude::*;

/// The kernels that a function of images [n, 4, 4, 4] runs, once its results were seen to be right.
fn made_of(function: impl FnOnce(&Builder, Value) -> Value) -> String {
    let graph = build(|g| {
        let x = g.input("x", f32s(("n", 4, 4, 4)));
        g.output("y", function(g, x));
    });
    assert_right(&graph, 3);
    let graph = compiled(&graph).graph;
    let once = load_time(&graph);
    let nodes = graph.nodes().iter();
    let run = nodes.filter(|node| !once.contains(&node.id) && !node.op.is_source());
    run.map(|node| node.op.name()).collect::<Vec<_>>().join(" ")
}

const SAME: fn() -> Window = || Window::of(3).padding(1);

fn conv(g: &Builder, x: Value) -> Value {
    x.conv2d(g.weight("w", f32s((4, 4, 3, 3))), SAME())
}

#[test]
fn bias_activation_and_residual_join_the_convolution() {
    let graph = build(|g| {
        let x = g.input("x", f32s(("n", 4, 6, 6)));
        let y = nn::conv2d(g, "conv", x, [4, 4], SAME()).relu();
        g.output("y", (x + y).max_pool2d(Window::tiles(2)));
    });
    assert_right(&graph, 5);
    insta::assert_snapshot!(compiled(&graph).graph);
}

#[test]
fn an_activation_behind_a_residual_joins_too() {
    assert_eq!(made_of(|g, x| (conv(g, x) + x).relu()), "conv2d");
    let linear = |g: &Builder, x: Value| nn::linear(g, "fc", x.reshape(("n", 64)), 64, 64);
    assert_eq!(
        made_of(|g, x| (linear(g, x) + x.reshape(("n", 64))).relu()),
        "reshape linear"
    );
    // As long as there is a place for it.
    assert_eq!(
        made_of(|g, x| ((conv(g, x).relu() + x).sigmoid() + x).tanh()),
        "conv2d tanh"
    );
}

#[test]
fn pools_beside_one_another_join_the_convolution() {
    let graph = build(|g| {
        let x = g.input("x", f32s(("n", 4, 6, 6)));
        let y = nn::conv2d(g, "conv", x, [4, 4], SAME()).relu();
        g.output("y", y.max_pool2d(Window::tiles(2)));
    });
    assert_right(&graph, 5);
    insta::assert_snapshot!(compiled(&graph).graph);
    let wide = Window::of([1, 2]).stride([2, 2]);
    assert_eq!(made_of(|g, x| conv(g, x).gelu().avg_pool2d(wide)), "conv2d");
    assert_eq!(
        made_of(|g, x| conv(g, x).max_pool2d(Window::tiles(2)).relu()),
        "conv2d relu"
    );
}

#[test]
fn other_pools_stay() {
    // Overlapping, with padding, behind a residual, of what others read, and of what is no convolution.
    let halves = Window::tiles(2);
    for window in [Window::of(2), halves.padding(1), halves.dilation(2)] {
        assert_eq!(
            made_of(|g, x| conv(g, x).max_pool2d(window)),
            "conv2d max_pool2d"
        );
    }
    assert_eq!(
        made_of(|g, x| (conv(g, x) + x).max_pool2d(halves)),
        "conv2d max_pool2d"
    );
    assert_eq!(
        made_of(|g, x| {
            let y = conv(g, x);
            y.max_pool2d(halves) + y.slice(2, 0, 2).slice(3, 0, 2)
        }),
        "conv2d max_pool2d slice slice add"
    );
    assert_eq!(made_of(|_, x| x.max_pool2d(halves)), "max_pool2d");
}

#[test]
fn what_is_no_epilogue_of_a_convolution_stays() {
    let weight = |g: &Builder, shape: &[usize]| g.weight("b", f32s(shape));
    // One number a column is no bias, nor is one number for all.
    assert_eq!(made_of(|g, x| conv(g, x) + weight(g, &[4])), "conv2d add");
    assert_eq!(
        made_of(|g, x| conv(g, x) + weight(g, &[1, 1, 1])),
        "conv2d add"
    );
    assert_eq!(
        made_of(|g, x| {
            let y = conv(g, x);
            y.relu() + y.sin()
        }),
        "conv2d fused"
    );
    assert_eq!(
        made_of(|g, x| x.conv2d(g.input("w", f32s((4, 4, 3, 3))), SAME()).relu()),
        "conv2d relu"
    );
}

/// A batch normalization whose variance is positive, whatever the weights are.
fn normed(g: &Builder, x: Value) -> Value {
    let [scale, shift, mean, root] =
        ["scale", "shift", "mean", "root"].map(|name| g.weight(name, f32s((4,))));
    x.batch_norm(scale, shift, mean, root * root, 0.5)
}

#[test]
fn batch_normalization_becomes_part_of_the_layer_before_it() {
    assert_eq!(made_of(|g, x| normed(g, conv(g, x)).relu()), "conv2d");
    assert_eq!(
        made_of(|g, x| normed(g, nn::conv2d(g, "conv", x, [4, 4], SAME())) + x),
        "conv2d"
    );
    assert_eq!(
        made_of(|g, x| {
            let x = x.reshape(("n", 64));
            normed(g, nn::linear(g, "fc", x, 64, 4)).gelu()
        }),
        "reshape linear"
    );
    // Twice in a row, and with a bias between.
    assert_eq!(
        made_of(|g, x| {
            let [a, b, c] = ["a", "b", "c"].map(|name| g.weight(name, f32s((4, 1, 1))));
            ((conv(g, x) * a) * b + c) * a + b
        }),
        "conv2d"
    );
}

#[test]
fn what_is_only_like_a_batch_normalization_stays() {
    // Behind an activation, of a product that others read, along another axis, or not known.
    assert_eq!(made_of(|g, x| normed(g, conv(g, x).relu())), "conv2d fused");
    assert_eq!(
        made_of(|g, x| {
            let y = conv(g, x);
            normed(g, y) + y.sin()
        }),
        "conv2d fused"
    );
    assert_eq!(
        made_of(|g, x| conv(g, x) * g.weight("a", f32s((4,)))),
        "conv2d mul"
    );
    assert_eq!(
        made_of(|g, x| conv(g, x) * g.input("a", f32s((4, 1, 1)))),
        "conv2d mul"
    );
}

#[test]
fn group_normalization_is_that_of_rows_and_one_loop() {
    assert_eq!(
        made_of(|g, x| nn::group_norm(g, "norm", x, 2, 4, 1e-5).silu()),
        "reshape layer_norm reshape fused"
    );
    let text = Graph::build("test", |g| {
        let x = g.input("x", f32s(("n", 4, 3, 3)));
        g.output("y", nn::group_norm(g, "norm", x, 3, 4, 1e-5));
    })
    .unwrap_err()
    .to_string();
    assert!(text.contains("cannot be divided"), "{text}");
}
