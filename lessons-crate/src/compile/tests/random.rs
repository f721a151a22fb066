//! Random graphs: what is compiled computes what the reference computes.

use proptest::prelude::*;

use super::support::{compare, compiled};
use crate::compile::Compiled;
use crate::graph::{Builder, Graph, Value};
use crate::prelude::*;

/// Steps of a graph of values of shape [2, 6, 8], each with the numbers of the values that it uses.
#[derive(Debug, Clone)]
struct Recipe(Vec<(u8, usize, usize)>);

const STEPS: u8 = 51;

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
    // Zeros that the compiler does not know to be zeros.
    let zeros = |x: Value, dtype| x.greater(1e30).cast(dtype);
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
            back((y + channel("b") + image(b)).relu() + image(a))
        }
        32 => {
            let y = image(a).conv2d(kernel(), Window::of(3).padding(1));
            let pooled = (y * channel("m") + channel("b"))
                .gelu()
                .max_pool2d(Window::tiles(2));
            back(pooled.repeat_interleave(2, 2).repeat_interleave(2, 3))
        }
        33 => back(image(a).avg_pool2d(Window::of(3).padding(1))),
        34 => back(image(a).max_pool2d(Window::of([1, 3]).padding([0, 1]))),
        35 => a.rms_norm(row("s"), 0.1),
        36 => {
            let [scale, shift] =
                ["s", "t"].map(|name| g.weight(&format!("{name}{at}"), f32s((6,))));
            a.group_norm(3, scale, shift, 0.1)
        }
        37 => (a.abs().log1p() - b).tanh(),
        38 => (a.tanh() * 0.9).acos() - (b.tanh() * 0.5).atanh(),
        39 => a.cumsum(1) * 0.25 + b,
        40 => a
            .pad([(0, 0), (1, 0), (2, 3)], 0.5)
            .slice(1, 1, 7)
            .slice(2, 1, 9),
        41 => {
            let [p, q] = a.chunk(1);
            stack(&[q, p], 1).flatten(1, 2) - b.tile([1, 2, 1]).slice(1, 3, 9)
        }
        42 => a.slice(2, 2, 6).repeat_interleave(2, -1) + b,
        // Values in order depend on the values without a jump, though their indices do not.
        43 => a.top_k(8, -1).0 - b.bottom_k(6, 1).0,
        44 => a.take(g.range(8), 2) + b.take_along_axis(zeros(b, DType::I64), 1),
        45 => {
            let at = zeros(b, DType::I64) + 3;
            a.scatter_add(at, b.tanh() * 0.25, 1)
        }
        46 => a * g.range(6).one_hot(8) + g.random_uniform((6, 8), at as u64) * b,
        47 => {
            let small = zeros(a, DType::F32).sum(0).sum(0).sum(0).less(1);
            cond(
                small,
                [a, b],
                |_, [a, b]| (a + b).tanh() * 1.0,
                |_, [a, _]| a,
            )
        }
        48 => {
            let zero = zeros(a, DType::F32).sum(0).sum(0).sum(0);
            let turn = |_: &Builder, [n, x, b]: [Value; 3]| [n + 1, (x * 0.5 + b * 1.0).tanh(), b];
            while_loop([zero, a, b], |_, [n, ..]| n.less(3), turn)[1]
        }
        49 => {
            let turned = a.greater(0).logical_and(b.equal(b)).select(a, a * 0.25);
            let counts = (zeros(b, DType::I64) + 7).floor_div(2).cast(DType::F32);
            turned + b.less(0).logical_not().cast(DType::F32) * b / counts
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
