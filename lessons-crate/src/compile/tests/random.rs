//! Random graphs: what is compiled computes what the reference computes.

use proptest::prelude::*;

use super::support::{compare, compiled};
use crate::compile::Compiled;
use crate::graph::{Builder, Graph, Value};
use crate::prelude::*;

/// Steps of a graph of values of shape [2, 6, 8], each with the numbers of the values that it uses.
#[derive(Debug, Clone)]
struct Recipe(Vec<(u8, usize, usize)>);

const STEPS: u8 = 38;

fn recipes() -> impl Strategy<Value = Recipe> {
    prop::collection::vec((0..STEPS, 0usize..100, 0usize..100), 1..16).prop_map(Recipe)
}

impl Recipe {
    fn graph(&self) -> Graph {
        Graph::build("random", |g| {
            let mut values = vec![
                g.input("x", f32s((2, 6, 8))),
                g.input("row", f32s((8,))).broadcast_to((2, 6, 8)),
                g.input("column", f32s((6, 1))).broadcast_to((2, 6, 8)),
            ];
            for (at, (step, a, b)) in self.0.iter().enumerate() {
                let (a, b) = (values[a % values.len()], values[b % values.len()]);
                values.push(apply(g, *step, at, a, b));
            }
            g.output("last", values[values.len() - 1]);
            g.output("middle", values[values.len() / 2]);
        })
        .unwrap()
    }
}

/// One step. All are continuous and bounded in slope, so that a difference in rounding stays one.
fn apply(g: &Builder, step: u8, at: usize, a: Value, b: Value) -> Value {
    let weight = |name: &str, shape: (usize, usize)| g.weight(&format!("{name}{at}"), f32s(shape));
    let row = |name: &str| g.weight(&format!("{name}{at}"), f32s((8,)));
    let channel = |name: &str| g.weight(&format!("{name}{at}"), f32s((2, 1, 1)));
    let kernel = || g.weight(&format!("c{at}"), f32s((2, 2, 3, 3)));
    let image = |x: Value| x.reshape((1, 2, 6, 8));
    let back = |x: Value| x.reshape((2, 6, 8));
    let heads = |x: Value| x.reshape((2, 6, 2, 4)).permute([0, 2, 1, 3]);
    match step {
        0 => a + b,
        1 => a - b,
        2 => (a * b).tanh(),
        3 => a / (b.abs() + 1.0),
        4 => a.relu(),
        5 => a.tanh(),
        6 => a.sigmoid(),
        7 => a.gelu(),
        8 => -a,
        9 => a.maximum(b),
        10 => a.minimum(b),
        11 => (a.abs() + 0.5).sqrt(),
        12 => a.sin() + 0.5 * b.cos(),
        13 => (a * 0.125).exp().minimum(4.0),
        14 => a.matmul(weight("w", (8, 8))) + row("b"),
        15 => (a.matmul(weight("w", (8, 8)).t()) + row("b")).gelu() + b,
        16 => a.softmax(-1),
        17 => a.softmax(1),
        18 => a.layer_norm(row("s"), row("t"), 0.1),
        19 => (a + b).layer_norm(row("s"), row("t"), 0.1),
        20 => a - a.mean_keepdim(-1),
        21 => a + b.max_keepdim(1) - b.min_keepdim(2),
        22 => a.reshape((2, 48)).reshape((2, 8, 6)).t(),
        23 => concat(&[a.slice(2, 4, 8), b.slice(2, 0, 4)], 2),
        24 => a.permute([1, 0, 2]).permute([1, 0, 2]) * 1.0 + 0.0,
        25 => {
            let scores = (heads(a) / 2.0).matmul(heads(b).t());
            let output = scores.softmax(-1).matmul(heads(a));
            output.permute([0, 2, 1, 3]).reshape((2, 6, 8))
        }
        26 => {
            let centered = a - a.mean_keepdim(-1);
            let variance = (centered * centered).mean_keepdim(-1) + 0.1;
            centered / variance.sqrt() * row("s") + row("t")
        }
        27 => 0.5 * a * (1.0 + (a / std::f64::consts::SQRT_2).erf()),
        28 => {
            let powers = (a - a.max_keepdim(-1)).exp();
            powers / powers.sum_keepdim(-1)
        }
        29 => a.matmul(weight("v", (8, 8))) + b.matmul(weight("w", (8, 8))),
        30 => {
            let [p, q] = ["p", "q"].map(|name| a.matmul(weight(name, (8, 8))));
            p.tanh() * q.sigmoid()
        }
        31 => {
            let y = image(a).conv2d(kernel(), Window::of(3).padding(1));
            back(y + channel("b") + image(b))
        }
        32 => {
            let y = image(a).conv2d(kernel(), Window::of(3).padding(1));
            back((y * channel("m") + channel("b")).gelu())
        }
        33 => back(image(a).avg_pool2d(Window::of(3).padding(1))),
        34 => back(image(a).max_pool2d(Window::of([1, 3]).padding([0, 1]))),
        35 => a.rms_norm(row("s"), 0.1),
        36 => {
            let [scale, shift] =
                ["s", "t"].map(|name| g.weight(&format!("{name}{at}"), f32s((6,))));
            a.group_norm(3, scale, shift, 0.1)
        }
        _ => a.less(b).select(a, b * 0.5) - a.matmul(b.t()).tanh().sum_keepdim(-1) * 0.125,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn optimized_graphs_compute_what_the_reference_computes(recipe in recipes(), seed in 0u64..1000) {
        let graph = recipe.graph();
        if let Err(wrong) = compare(&graph, seed) {
            prop_assert!(false, "{}\n{}\n{}", wrong, graph, compiled(&graph).graph);
        }
    }

    #[test]
    fn compiling_twice_changes_nothing_more(recipe in recipes()) {
        let Compiled { graph, .. } = compiled(&recipe.graph());
        prop_assert_eq!(&compiled(&graph).graph, &graph);
    }
}
