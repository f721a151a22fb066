//! Recognized ops, and ops that become one.

use super::support::{assert_right, build, compiled, kernels};
use crate::graph::{Builder, Value};
use crate::prelude::*;

/// What becomes of a function of one input of shape [n, 4].
fn made_of(function: impl FnOnce(&Builder, Value) -> Value) -> String {
    kernels(|g| {
        let x = g.input("x", f32s(("n", 4)));
        g.output("y", function(g, x));
    })
}

#[test]
fn gelu_is_found_in_every_order_of_its_factors() {
    let root: f64 = std::f64::consts::SQRT_2;
    assert_eq!(made_of(|_, x| x * 0.5 * (1.0 + (x / root).erf())), "gelu");
    assert_eq!(
        made_of(|_, x| 0.5 * (x * ((x * (1.0 / root)).erf() + 1.0))),
        "gelu"
    );
    assert_eq!(made_of(|_, x| x * (0.5 * (x / root).erf() + 0.5)), "gelu");
    assert_eq!(made_of(|_, x| (x / 2.0) * (1.0 + (x / root).erf())), "gelu");
    let tanh = |x: Value, cubed: Value| {
        let inner = (x + 0.044715 * cubed) * (2.0 / std::f64::consts::PI).sqrt();
        0.5 * x * (1.0 + inner.tanh())
    };
    assert_eq!(made_of(|_, x| tanh(x, x.pow(3.0))), "gelu_tanh");
    assert_eq!(made_of(|_, x| tanh(x, x * x * x)), "gelu_tanh");
    assert_eq!(made_of(|_, x| x * (1.702 * x).sigmoid()), "gelu_quick");
    assert_eq!(made_of(|_, x| x * x.sigmoid()), "silu");
}

#[test]
fn what_is_only_like_gelu_is_a_loop() {
    assert_eq!(made_of(|_, x| x * 0.5 * (1.0 + (x / 1.4).erf())), "fused");
    assert_eq!(
        made_of(|_, x| x * 0.25 * (1.0 + (x / std::f64::consts::SQRT_2).erf())),
        "fused"
    );
    assert_eq!(made_of(|_, x| x * (1.7 * x).sigmoid()), "fused");
    assert_eq!(
        made_of(|g, x| g.input("z", f32s((4,))) * x.sigmoid()),
        "fused"
    );
}

#[test]
fn softmax_is_found_where_it_cannot_overflow() {
    let stable = |x: Value, axis| {
        let powers = (x - x.max_keepdim(axis)).exp();
        powers / powers.sum_keepdim(axis)
    };
    assert_eq!(made_of(|_, x| stable(x, -1)), "softmax");
    assert_eq!(made_of(|_, x| stable(x, 0)), "softmax");
    assert_eq!(
        made_of(|_, x| x.exp() / x.exp().sum_keepdim(-1)),
        "exp sum div"
    );
    let mixed = |x: Value| {
        let powers = (x - x.max_keepdim(0)).exp();
        powers / powers.sum_keepdim(-1)
    };
    assert_eq!(made_of(|_, x| mixed(x)), "reduce_max fused sum div");
}

fn norm(g: &Builder, x: Value, root: impl Fn(Value, Value) -> Value) -> Value {
    let centered = x - x.mean_keepdim(-1);
    let variance = (centered * centered).mean_keepdim(-1) + 1e-5;
    root(centered, variance) * g.weight("scale", f32s((4,))) + g.weight("shift", f32s((4,)))
}

#[test]
fn layer_norm_is_found_by_root_and_by_reciprocal_root() {
    assert_eq!(
        made_of(|g, x| norm(g, x, |c, v| c / v.sqrt())),
        "layer_norm"
    );
    assert_eq!(
        made_of(|g, x| norm(g, x, |c, v| v.rsqrt() * c)),
        "layer_norm"
    );
}

#[test]
fn what_is_only_like_layer_norm_stays() {
    let other = |g: &Builder, x: Value| {
        let centered = x - x.mean_keepdim(-1);
        // The mean square of x itself is not the variance.
        let square = (x * x).mean_keepdim(-1) + 1e-5;
        centered / square.sqrt() * g.weight("scale", f32s((4,))) + g.weight("shift", f32s((4,)))
    };
    assert!(!made_of(other).contains("layer_norm"));
    let first = |g: &Builder, x: Value| {
        let centered = x - x.mean_keepdim(0);
        let variance = (centered * centered).mean_keepdim(0) + 1e-5;
        centered / variance.sqrt() * g.weight("scale", f32s((4,))) + g.weight("shift", f32s((4,)))
    };
    assert!(!made_of(first).contains("layer_norm"));
}

#[test]
fn a_residual_joins_the_norm_that_alone_reads_it() {
    let with = |g: &Builder, x: Value, sum: Value| {
        let _ = x;
        sum.layer_norm(
            g.weight("scale", f32s((4,))),
            g.weight("shift", f32s((4,))),
            1e-5,
        )
    };
    assert_eq!(
        made_of(|g, x| with(g, x, x + x.softmax(-1))),
        "softmax add_layer_norm"
    );
    // A row would have to be repeated, and a sum that others read has to be written.
    assert_eq!(
        made_of(|g, x| with(g, x, x + g.input("row", f32s((4,))))),
        "add layer_norm"
    );
    assert_eq!(
        made_of(|g, x| {
            let sum = x + x.softmax(-1);
            with(g, x, sum).matmul(sum.t())
        }),
        "softmax add layer_norm permute matmul"
    );
}

#[test]
fn bias_activation_and_residual_join_the_product() {
    let graph = build(|g| {
        let x = g.input("x", f32s(("n", 4)));
        let hidden = nn::linear(g, "fc", x, 4, 4).gelu();
        g.output("y", x + hidden);
    });
    assert_right(&graph, 5);
    insta::assert_snapshot!(compiled(&graph).graph);
}

#[test]
fn an_epilogue_keeps_the_order_of_its_steps() {
    let weight = |g: &Builder| g.weight("w", f32s((4, 4)));
    // A bias behind an activation is none.
    assert_eq!(
        made_of(|g, x| x.matmul(weight(g)).relu() + g.weight("b", f32s((4,)))),
        "linear add"
    );
    assert_eq!(made_of(|g, x| (x.matmul(weight(g)) + x).relu()), "linear");
    assert_eq!(made_of(|g, x| x.matmul(weight(g)).sin()), "matmul sin");
    // A product that is read twice has to be written.
    assert_eq!(
        made_of(|g, x| {
            let product = x.matmul(weight(g));
            product.relu() + product.exp()
        }),
        "matmul fused"
    );
    // A batch of right sides is no linear layer.
    assert_eq!(
        made_of(|g, x| x.matmul(g.weight("w", f32s((2, 4, 4)))).relu()),
        "matmul relu"
    );
}

#[test]
fn projections_of_one_value_are_one_product() {
    let graph = build(|g| {
        let x = g.input("x", f32s(("n", 4)));
        let q = nn::linear(g, "q", x, 4, 4);
        let k = nn::linear(g, "k", x, 4, 6);
        g.output("y", q.t().matmul(k));
    });
    assert_right(&graph, 1);
    insta::assert_snapshot!(compiled(&graph).graph);
}

#[test]
fn products_that_differ_stay_apart() {
    let weight = |g: &Builder, name: &str| g.weight(name, f32s((4, 4)));
    // Another value, another epilogue, a right side that is not known when the model is loaded.
    assert_eq!(
        made_of(|g, x| x.matmul(weight(g, "a")).matmul(weight(g, "b"))),
        "matmul matmul"
    );
    assert_eq!(
        made_of(|g, x| x.matmul(weight(g, "a")).relu() * x.matmul(weight(g, "b"))),
        "linear matmul mul"
    );
    assert_eq!(
        made_of(|g, x| {
            let (a, b) = (g.input("a", f32s((4, 4))), g.input("b", f32s((4, 4))));
            x.matmul(a) * x.matmul(b)
        }),
        "matmul matmul mul"
    );
}

fn attended(g: &Builder, shown: bool, heads: usize) -> Value {
    let x = g.input("x", f32s(("batch", "seq", 8)));
    let mask = g.input("mask", f32s(("batch", 1, 1, "seq")));
    let [q, k, v] = ["q", "k", "v"].map(|name| nn::linear(g, name, x, 8, 8));
    let attended = nn::attention(q, k, v, mask, heads);
    if shown {
        g.output("weights", attended.weights);
    }
    attended.output
}

#[test]
fn attention_takes_one_product_and_one_kernel() {
    let graph = build(|g| g.output("y", attended(g, false, 2)));
    assert_right(&graph, 2);
    insta::assert_snapshot!(compiled(&graph).graph);
}

#[test]
fn attention_whose_weights_are_shown_stays_in_steps() {
    let names = kernels(|g| g.output("y", attended(g, true, 2)));
    assert!(
        names.contains("softmax") && !names.contains("attention"),
        "{names}"
    );
}

#[test]
fn attention_without_heads_and_with_the_scale_at_the_scores_is_found() {
    let plain = |scale: fn(Value) -> Value| {
        kernels(|g| {
            let [q, k, v] = ["q", "k", "v"].map(|name| g.input(name, f32s(("seq", 4))));
            g.output("y", scale(q.matmul(k.t())).softmax(-1).matmul(v));
        })
    };
    assert_eq!(plain(|scores| scores / 3.0), "attention");
    assert_eq!(plain(|scores| scores), "attention");
    // Softmax along the queries, and scores that are bent before it, are something else.
    assert_eq!(
        plain(|scores| scores.t().softmax(-1).t()),
        "permute matmul permute softmax permute softmax matmul"
    );
    assert_eq!(
        plain(|scores| scores.tanh()),
        "permute matmul tanh softmax matmul"
    );
}

#[test]
fn masks_stay_inside_of_loops() {
    assert_eq!(
        made_of(|g, x| {
            let y = g.input("y", f32s((4,)));
            let mask = x
                .less(y)
                .logical_and(x.greater(-1))
                .logical_or(x.equal(0.5));
            mask.select(x.tanh(), y) + mask.logical_not().cast(DType::F32)
        }),
        "fused"
    );
    assert_eq!(made_of(|_, x| x.greater(0).cast(DType::F32) * x), "fused");
}

#[test]
fn masks_in_memory_are_read_by_kernels_of_their_own() {
    // It is a result too, it is given, or it is smaller than what it is for.
    let shown = kernels(|g| {
        let x = g.input("x", f32s(("n", 4)));
        let mask = x.less(0.5);
        g.output("mask", mask);
        g.output("y", mask.select(x, x * 2) + 1);
    });
    assert_eq!(shown, "less mul select add");
    let given = kernels(|g| {
        let x = g.input("x", f32s(("n", 4)));
        let mask = g.input("mask", TensorType::new(DType::Bool, ("n", 4)));
        g.output(
            "y",
            mask.select((x * 2).tanh(), x) + x.less(0.5).select(x, -x),
        );
    });
    assert_eq!(given, "fused select fused");
    let row = kernels(|g| {
        let x = g.input("x", f32s(("n", 4)));
        let row = g.input("row", f32s((4,)));
        g.output("y", row.less(0.5).select(x, row));
    });
    assert_eq!(row, "less select");
    // What is no float is compared by a kernel of its own too.
    let integers = kernels(|g| {
        let n = g.input("n", i64s(("n", 4)));
        g.output("y", n.less(2).cast(DType::F32) * 2);
    });
    assert_eq!(integers, "less cast mul");
}
