//! Each kernel, as the engine calls it, against the reference, on shapes and strides of all kinds.

mod bounds;
mod control;
mod dtypes;
mod image;
mod in_place;
mod ops;
mod views;

use std::collections::BTreeMap;

use crate::compile::Options;
use crate::engine::{Model, Precision, Reference};
use crate::graph::{Bindings, Graph};
use crate::prelude::*;
use crate::weights::to_candle;

/// The graph as it is written, without passes, on the CPU.
fn as_written(graph: &Graph, weights: &Weights) -> Model {
    let none = Options {
        stop_after: Some(0),
    };
    let plan = Session::cpu().compile_with(graph, &none).unwrap();
    plan.load(weights).unwrap()
}

/// Inputs for the sizes of the symbols: floats from -2 to 2, indices below 3, masks.
fn inputs(graph: &Graph, sizes: &Bindings, seed: u64) -> BTreeMap<String, Tensor> {
    let declared = graph.inputs().enumerate();
    let tensors = declared.map(|(index, (name, node))| {
        let shape = node.ty.shape.bind(sizes).unwrap();
        let elements: usize = shape.iter().product();
        let value = |at: usize| match node.ty.dtype {
            DType::Bool => (at % 2) as f64,
            dtype if dtype.is_float() => {
                ((seed as f64 + 1.3) * (at as f64 + index as f64 * 7.7 + 1.0)).sin() * 2.0
            }
            _ => ((at * 7 + index + seed as usize) % 3) as f64,
        };
        let values: Vec<f64> = (0..elements).map(value).collect();
        let tensor = Tensor::from_vec(values, shape, &Cpu).unwrap();
        let tensor = tensor.to_dtype(to_candle(node.ty.dtype)).unwrap();
        (name.to_owned(), tensor)
    });
    tensors.collect()
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    let flat = tensor.flatten_all().unwrap();
    flat.to_dtype(candle_core::DType::F64)
        .unwrap()
        .to_vec1()
        .unwrap()
}

/// Holds a model against the reference in `f64`, and says which kernels ran. The error may be
/// `tolerance` times the largest number that is met, or that is an input.
fn assert_close(
    model: &Model,
    graph: &Graph,
    weights: &Weights,
    given: &BTreeMap<String, Tensor>,
    tolerance: f64,
) -> Vec<&'static str> {
    let given = || given.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let reference = Reference::new(graph, weights).unwrap();
    let exact = reference.run(given(), Precision::F64).unwrap();
    // Twice, since the second run finds the memory of the first.
    model.run(given()).unwrap();
    let got = model.run(given()).unwrap();
    for (name, tensor) in got.iter() {
        assert_eq!(tensor.dims(), exact[name].dims(), "{name} of {graph}");
        let (got, exact) = (flat(tensor), flat(&exact[name]));
        let scale = exact.iter().fold(2.0f64, |scale, x| scale.max(x.abs()));
        for (at, (got, exact)) in got.iter().zip(&exact).enumerate() {
            let close = (got - exact).abs() <= tolerance * scale;
            let same = got == exact || got.is_nan() && exact.is_nan();
            assert!(
                close || same,
                "{name}[{at}]: {got:e} for {exact:e}\n{graph}"
            );
        }
    }
    let profile = model.profile(given()).unwrap();
    profile.kernels.iter().map(|step| step.kernel).collect()
}
