//! Convolutions and pools of images that are views, with weights from the outside.

use proptest::prelude::*;

use super::{as_written, assert_close, inputs};
use crate::engine::Session;
use crate::graph::ops::PoolKind;
use crate::graph::{Bindings, Graph, Value};
use crate::nn;
use crate::prelude::*;

/// Images `[n, channels, height, width]` as a view of an input in which the channels come last or
/// with a frame around them.
fn images(g: &Builder, channels: usize, [height, width]: [usize; 2], view: usize) -> Value {
    match view {
        0 => g.input("x", f32s(("n", channels, height, width))),
        1 => g
            .input("x", f32s(("n", height, width, channels)))
            .permute([0, 3, 1, 2]),
        _ => g
            .input("x", f32s(("n", channels + 1, height, width + 2)))
            .slice(1, 1, channels + 1)
            .slice(3, 1, width + 1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn convolutions_read_views(
        n in 0usize..4, groups in 1usize..3, from in 1usize..4, to in prop::sample::select(vec![1usize, 2, 16, 35]), size in [4usize..9, 4usize..20],
        kernel in [1usize..4, 1usize..4], stride in [1usize..3, 1usize..3], dilation in [1usize..2, 1usize..3],
        padding in [0usize..3, 0usize..3], view in 0usize..3, known: bool, residual in 0usize..3, seed in 0u64..100,
    ) {
        let window = Window::of(kernel).stride(stride).dilation(dilation).padding(padding);
        let (from, to) = (from * groups, to * groups);
        let fits = (0..2).all(|axis| size[axis] + 2 * padding[axis] > dilation[axis] * (kernel[axis] - 1));
        prop_assume!(fits);
        let graph = Graph::build("images", |g| {
            let x = images(g, from, size, view);
            let shape = f32s((to, from / groups, kernel[0], kernel[1]));
            let weight = if known { g.weight("w", shape) } else { g.input("w", shape) };
            let bias = g.weight("b", f32s((to, 1, 1)));
            let y = (x.grouped_conv2d(weight, window, groups) + bias).relu();
            let [rows, columns] = [2, 3].map(|axis| y.shape()[axis].known().unwrap());
            let residual = (residual > 0).then(|| {
                let wide = g.input("r", f32s(("n", to, rows, columns + residual - 1)));
                wide.slice(3, 0, columns)
            });
            g.output("y", residual.map_or(y, |residual| y + residual));
        })
        .unwrap();
        let weights = Weights::random(&graph, seed).unwrap();
        let given = inputs(&graph, &Bindings::from([("n".to_owned(), n)]), seed);
        for model in [as_written(&graph, &weights), Session::cpu().load(&graph, &weights).unwrap()] {
            let kernels = assert_close(&model, &graph, &weights, &given, 1e-5);
            let packed = known && to / groups >= 16;
            let kernel = if packed { "packed convolution" } else { "convolution" };
            prop_assert!(kernels.contains(&kernel) && !kernels.contains(&"candle"));
        }
    }

    #[test]
    fn pools_read_views(
        n in 0usize..4, channels in 1usize..4, size in [3usize..9, 3usize..20], kernel in [1usize..4, 1usize..4],
        stride in [1usize..4, 1usize..4], padding in [0usize..3, 0usize..3], view in 0usize..3, kind in 0usize..3,
        seed in 0u64..100,
    ) {
        let window = Window::of(kernel).stride(stride).padding(padding);
        let kind = [PoolKind::Max, PoolKind::Mean, PoolKind::MeanInside][kind];
        let graph = Graph::build("images", |g| {
            g.output("y", images(g, channels, size, view).pool2d(kind, window));
        })
        .unwrap();
        let given = inputs(&graph, &Bindings::from([("n".to_owned(), n)]), seed);
        let model = as_written(&graph, &Weights::new());
        let kernels = assert_close(&model, &graph, &Weights::new(), &given, 1e-6);
        prop_assert!(kernels.contains(&"pooling") && !kernels.contains(&"candle"));
    }
}

#[test]
fn whole_images_are_pooled_whatever_their_size() {
    let graph = Graph::build("global", |g| {
        let x = g.input("x", f32s(("n", 3, "height", "width")));
        g.output("mean", x.global_avg_pool2d());
        g.output("max", x.global_max_pool2d());
    })
    .unwrap();
    let model = as_written(&graph, &Weights::new());
    for [height, width] in [[1, 1], [7, 5], [40, 64]] {
        let sizes = [("n", 2), ("height", height), ("width", width)];
        let sizes: Bindings = sizes.map(|(name, size)| (name.to_owned(), size)).into();
        let given = inputs(&graph, &sizes, 3);
        let kernels = assert_close(&model, &graph, &Weights::new(), &given, 1e-6);
        assert_eq!(kernels, ["reduction"; 2]);
    }
}

/// With weights that are packed and weights that are not, and pools that a kernel can join and cannot.
#[test]
fn a_pool_joins_its_convolution() {
    for (channels, stride) in [(3, 2), (32, 2), (32, 9)] {
        let graph = Graph::build("pooled", |g| {
            let x = g.input("x", f32s(("n", 4, 19, 30)));
            let y = nn::conv2d(g, "conv", x, [4, channels], Window::of(3).padding(1));
            g.output("y", y.gelu().max_pool2d(Window::of(2).stride(stride)));
        })
        .unwrap();
        let weights = Weights::random(&graph, 4).unwrap();
        let model = Session::cpu().load(&graph, &weights).unwrap();
        let given = inputs(&graph, &Bindings::from([("n".to_owned(), 3)]), 3);
        let kernels = assert_close(&model, &graph, &weights, &given, 1e-5);
        let packed = if channels > 3 {
            "packed convolution"
        } else {
            "convolution"
        };
        assert_eq!(kernels, [packed]);
    }
}

/// A block of a residual network: batch normalizations are gone, and each convolution is one kernel.
#[test]
fn a_residual_block_runs_two_convolutions() {
    let window = Window::of(3).padding(1);
    let graph = Graph::build("block", |g| {
        let x = g.input("x", f32s(("n", 8, 9, 11)));
        let layer = |name: &str, x: Value| {
            let weight = g.weight(&format!("conv_{name}"), f32s((8, 8, 3, 3)));
            nn::batch_norm(g, name, x.conv2d(weight, window), 8, 4.0)
        };
        g.output("y", (x + layer("b", layer("a", x).relu())).relu());
    })
    .unwrap();
    let weights = Weights::random(&graph, 4).unwrap();
    let model = Session::cpu().load(&graph, &weights).unwrap();
    let given = inputs(&graph, &Bindings::from([("n".to_owned(), 2)]), 3);
    let kernels = assert_close(&model, &graph, &weights, &given, 1e-5);
    assert_eq!(kernels, ["convolution"; 2]);
}
