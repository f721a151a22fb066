//! Constants, algebra, movement, and what is computed twice.

use super::support::{build, compiled, kernels};
use crate::compile::{Pass, SimplifyAlgebra, Tools, simplify_algebra, simplify_movement};
use crate::engine::Folder;
use crate::graph::ops::{Op, Unary};
use crate::graph::{Builder, DType, Dim, Value};
use crate::prelude::*;

/// What becomes of a function of one input of shape [n, 4].
fn made_of(function: impl FnOnce(&Builder, Value) -> Value) -> String {
    kernels(|g| {
        let x = g.input("x", f32s(("n", 4)));
        g.output("y", function(g, x));
    })
}

#[test]
fn what_adds_nothing_goes_away() {
    assert_eq!(made_of(|_, x| (x + 0.0) * 1.0 - 0.0), "");
    assert_eq!(made_of(|_, x| (0 + x) / 1.0), "");
    assert_eq!(made_of(|_, x| (1 * x).pow(1.0)), "");
    assert_eq!(made_of(|_, x| -(-x)), "");
    assert_eq!(made_of(|_, x| x.maximum(x).minimum(x)), "");
    assert_eq!(made_of(|_, x| x.cast(DType::F32)), "");
    assert_eq!(made_of(|_, x| x.cast(DType::F64).cast(DType::F32)), "");
    assert_eq!(made_of(|_, x| x.less(0.0).select(x, x)), "");
}

#[test]
fn what_is_shorter_another_way_is_written_that_way() {
    assert_eq!(made_of(|_, x| x.relu().relu()), "relu");
    assert_eq!(made_of(|_, x| x.abs().abs()), "abs");
    assert_eq!(made_of(|_, x| (-x).abs()), "abs");
    assert_eq!(made_of(|_, x| x.maximum(0.0)), "relu");
    assert_eq!(made_of(|_, x| x / 8.0), "mul");
    assert_eq!(made_of(|_, x| x.pow(2.0)), "mul");
    assert_eq!(made_of(|g, x| x + -g.input("z", f32s((4,)))), "sub");
    assert_eq!(made_of(|g, x| x - -g.input("z", f32s((4,)))), "add");
    assert_eq!(made_of(|_, x| 1.0 / x.abs().sqrt()), "fused");
}

#[test]
fn reciprocal_roots_are_one_op() {
    let graph = build(|g| {
        let x = g.input("x", f32s((4,)));
        g.output("y", 1.0 / x.sqrt());
        g.output("z", x.sqrt().recip());
    });
    let compiled = compiled(&graph);
    assert_eq!(compiled.kernels(), ["rsqrt"]);
    assert_eq!(
        compiled.graph.outputs()[0].node,
        compiled.graph.outputs()[1].node
    );
}

#[test]
fn what_only_looks_like_nothing_stays() {
    // 0 times infinity is not a number, a third is not exact, and 300 is 44 as an u8.
    assert_eq!(made_of(|_, x| x * 0.0), "mul");
    assert_eq!(made_of(|_, x| x / 3.0), "div");
    assert_eq!(made_of(|_, x| 0.0 - x), "sub");
    assert_eq!(made_of(|_, x| 1.0 / x), "div");
    assert_eq!(
        made_of(|_, x| x.cast(DType::BF16).cast(DType::F32)),
        "cast cast"
    );
    // The sum has a larger shape than the row.
    assert_eq!(
        kernels(|g| {
            let row = g.input("row", f32s((4,)));
            g.output("y", row + g.constant(vec![0.0; 8], (2, 4)));
        }),
        "add"
    );
}

#[test]
fn movement_has_a_canonical_form() {
    assert_eq!(made_of(|_, x| x.t().t()), "");
    assert_eq!(made_of(|_, x| x.reshape((-1, 2)).reshape(("n", 4))), "");
    assert_eq!(
        made_of(|_, x| x.reshape(("n", 2, 2)).reshape((-1, 2))),
        "reshape"
    );
    assert_eq!(
        made_of(|_, x| x.reshape(("n", 1, 4)).permute([1, 0, 2])),
        "reshape"
    );
    assert_eq!(
        made_of(|_, x| x.broadcast_to((2, "n", 4)).broadcast_to((3, 2, "n", 4))),
        "broadcast"
    );
    assert_eq!(
        made_of(|_, x| x.sum_keepdim(-1).broadcast_to(("n", 4)) + x),
        "sum add"
    );
    assert_eq!(made_of(|_, x| x.slice(0, 0, Dim::from("n"))), "");
    assert_eq!(made_of(|_, x| x.slice(1, 1, 4).slice(1, 1, 3)), "slice");
    assert_eq!(
        made_of(|_, x| concat(&[x, x.exp()], 0).slice(0, 0, Dim::from("n"))),
        ""
    );
    assert_eq!(made_of(|_, x| concat(&[x], 0)), "");
    assert_eq!(
        made_of(|_, x| x.reshape(("n", 2, 2)).permute([2, 0, 1]).permute([2, 0, 1])),
        "reshape permute"
    );
}

#[test]
fn movement_that_moves_something_stays() {
    assert_eq!(made_of(|_, x| x.t()), "permute");
    assert_eq!(made_of(|_, x| x.t().reshape(("n", 4))), "permute reshape");
    assert_eq!(made_of(|_, x| x.slice(1, 1, 3)), "slice");
    assert_eq!(
        made_of(|_, x| x.slice(0, 1, 3).slice(1, 1, 3)),
        "slice slice"
    );
    // Without its broadcasts the sum would be smaller.
    assert_eq!(
        kernels(|g| {
            let row = g.input("row", f32s((4,)));
            g.output(
                "y",
                row.broadcast_to((2, 4)) + row.exp().broadcast_to((2, 4)),
            );
        }),
        "exp broadcast add"
    );
}

#[test]
fn equal_computations_are_one() {
    assert_eq!(
        made_of(|_, x| x.softmax(-1).matmul(x.softmax(-1).t())),
        "softmax permute matmul"
    );
    // Another axis is another computation.
    assert_eq!(
        made_of(|_, x| x.softmax(-1).matmul(x.softmax(0).t())),
        "softmax softmax permute matmul"
    );
}

#[test]
fn every_rule_says_what_it_does_and_is_said_once() {
    let says: Vec<_> = simplify_algebra::RULES
        .iter()
        .map(|rule| rule.says)
        .chain(simplify_movement::RULES.iter().map(|rule| rule.says))
        .collect();
    let distinct: std::collections::HashSet<_> = says.iter().collect();
    assert_eq!(distinct.len(), says.len());
}

#[test]
fn a_value_that_is_shown_stays_when_its_user_is_rewritten() {
    let graph = build(|g| {
        let x = g.input("x", f32s((4,)));
        let negative = -x;
        g.output("negative", negative);
        g.output("y", (-negative).exp());
    });
    let patch = SimplifyAlgebra
        .next(&graph, &Tools { evaluate: &Folder })
        .unwrap()
        .unwrap();
    let after = patch.apply(&graph).unwrap();
    assert_eq!(after.output("negative").unwrap().op, Op::Unary(Unary::Neg));
}
