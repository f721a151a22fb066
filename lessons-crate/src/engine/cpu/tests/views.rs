//! Kernels on operands that are views: permuted, sliced, broadcast, of any size down to nothing.

use proptest::prelude::*;

use super::{as_written, assert_close, inputs};
use crate::engine::{Model, Session};
use crate::graph::{Bindings, Graph, Value};
use crate::nn;
use crate::prelude::*;

fn optimized(graph: &Graph, weights: &Weights) -> Model {
    Session::cpu().load(graph, weights).unwrap()
}

/// One of the six orders of three axes.
fn order(number: usize) -> [usize; 3] {
    [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ][number % 6]
}

/// A view of an input of which it is a part, permuted.
fn part(x: Value, turn: usize, cut: bool) -> Value {
    let x = x.permute(order(turn));
    let size = x.shape()[1].known().unwrap();
    match cut && size > 1 {
        true => x.slice(1, 1, size),
        false => x,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn row_kernels_read_views(
        a in 1usize..5, b in 1usize..6, c in 1usize..40,
        turn in 0usize..6, axis in 0i32..3, cut: bool, kind in 0usize..8, seed in 0u64..100,
    ) {
        let graph = Graph::build("rows", |g| {
            let x = part(g.input("x", f32s((a, b, c))), turn, cut);
            let width = x.shape()[2].known().unwrap();
            let row = |name: &str| g.weight(name, f32s((width,)));
            let y = match kind {
                0 => x.softmax(axis),
                1 => x.sum(axis),
                2 => x.mean_keepdim(axis),
                3 => x.max(axis),
                4 => x.min_keepdim(axis),
                5 => x.layer_norm(row("scale"), row("shift"), 0.1),
                6 => (x + x.relu()).layer_norm(row("scale"), row("shift"), 0.1),
                _ => x.matmul(g.weight("w", f32s((width, 9)))),
            };
            g.output("y", y);
        })
        .unwrap();
        let weights = Weights::random(&graph, seed).unwrap();
        let given = inputs(&graph, &Bindings::new(), seed);
        for model in [as_written(&graph, &weights), optimized(&graph, &weights)] {
            let kernels = assert_close(&model, &graph, &weights, &given, 4e-6);
            prop_assert!(!kernels.contains(&"candle"), "{:?}", kernels);
        }
    }

    #[test]
    fn products_of_computed_matrices_broadcast(
        batch in 1usize..4, m in 1usize..14, k in 1usize..40, n in 1usize..40,
        left in 0usize..3, right in 0usize..4, seed in 0u64..100,
    ) {
        let graph = Graph::build("product", |g| {
            let left = match left {
                0 => g.input("a", f32s((batch, m, k))),
                1 => g.input("a", f32s((k, m))).t(),
                _ => g.input("a", f32s((m, batch, k))).permute([1, 0, 2]),
            };
            let right = match right {
                0 => g.input("b", f32s((batch, k, n))),
                1 => g.input("b", f32s((k, n))),
                2 => g.input("b", f32s((n, k))).t(),
                _ => g.input("b", f32s((n, batch, k))).permute([1, 2, 0]),
            };
            g.output("y", (left.matmul(right) + g.input("bias", f32s((n,)))).gelu());
        })
        .unwrap();
        let weights = Weights::new();
        let given = inputs(&graph, &Bindings::new(), seed);
        for model in [as_written(&graph, &weights), optimized(&graph, &weights)] {
            let kernels = assert_close(&model, &graph, &weights, &given, 4e-6);
            prop_assert!(kernels.contains(&"matrix product"), "{:?}", kernels);
        }
    }

    #[test]
    fn heads_of_a_merged_projection_attend_in_place(
        batch in 0usize..4, seq in 0usize..40, heads in 1usize..4, size in 1usize..20,
        mask in 0usize..4, merged: bool, seed in 0u64..100,
    ) {
        let width = heads * size;
        let (b, s) = ("batch", "seq");
        let graph = Graph::build("attention", |g| {
            let all = merged.then(|| g.input("qkv", f32s((b, s, 3 * width))));
            let [q, k, v] = [0, 1, 2].map(|at| match all {
                Some(all) => all.slice(2, at * width, (at + 1) * width),
                None => g.input(["q", "k", "v"][at], f32s((b, s, width))),
            });
            let mask = match mask {
                0 => g.input("mask", f32s((b, 1, 1, s))),
                1 => g.input("mask", f32s((s, s))),
                2 => g.input("mask", f32s((1, heads, 1, s))),
                _ => g.input("mask", f32s((s, b))).permute([1, 0]).reshape((b, 1, 1, s)),
            };
            g.output("y", nn::attention(q, k, v, mask, heads).output);
        })
        .unwrap();
        let weights = Weights::new();
        let sizes = Bindings::from([(b.to_owned(), batch), (s.to_owned(), seq)]);
        let given = inputs(&graph, &sizes, seed);
        let model = optimized(&graph, &weights);
        let kernels = assert_close(&model, &graph, &weights, &given, 4e-6);
        // One head of one number is no attention any more once its axes of size 1 are gone.
        prop_assert!(width == 1 || kernels.contains(&"attention by head tiles"), "{:?}", kernels);
        prop_assert!(!kernels.contains(&"candle"), "{:?}", kernels);
    }
}
