//! Compiling for tests, and holding what comes out against the reference.

use std::collections::BTreeMap;

use crate::compile::{Compiled, Options, compile};
use crate::engine::{Folder, Precision, Reference, Session};
use crate::graph::{Builder, Graph, TensorType};
use crate::prelude::*;
use crate::weights::to_candle;

pub fn build(describe: impl FnOnce(&Builder)) -> Graph {
    Graph::build("test", describe).unwrap()
}

pub fn compiled(graph: &Graph) -> Compiled {
    compile(graph, &Folder, &Options::default()).unwrap()
}

/// The names of the kernels that a graph compiles to, once its results were seen to be right.
pub fn kernels(describe: impl FnOnce(&Builder)) -> String {
    let graph = build(describe);
    assert_right(&graph, 3);
    compiled(&graph).kernels().join(" ")
}

/// Holds the compiled graph against the graph as it is written: the largest error against `f64` may
/// be four times that of the unoptimized graph in `f32`, and a few ulps of the largest result.
pub fn assert_right(graph: &Graph, seed: u64) {
    if let Err(wrong) = compare(graph, seed) {
        panic!("{wrong}\n{graph}\n{}", compiled(graph).graph);
    }
}

pub fn compare(graph: &Graph, seed: u64) -> Result<(), String> {
    let weights = Weights::random(graph, seed).unwrap();
    let inputs = inputs(graph, seed);
    let given = || inputs.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let model = Session::cpu().load(graph, &weights).unwrap();
    let reference = Reference::new(graph, &weights).unwrap();
    let got = model.run(given()).unwrap();
    let exact = reference.run(given(), Precision::F64).unwrap();
    let plain = reference.run(given(), Precision::Declared).unwrap();
    for (name, tensor) in got.iter() {
        let (got, exact, plain) = (flat(tensor), flat(&exact[name]), flat(&plain[name]));
        let error = |values: &[f64]| {
            let errors = values
                .iter()
                .zip(&exact)
                .map(|(value, exact)| match value == exact {
                    true => 0.0,
                    false => (value - exact).abs(),
                });
            errors.fold(0.0, f64::max)
        };
        let scale = exact
            .iter()
            .fold(1.0f64, |scale, value| scale.max(value.abs()));
        let allowed = 4.0 * error(&plain) + 16.0 * f64::from(f32::EPSILON) * scale;
        let nan = |values: &[f64]| values.iter().any(|value| value.is_nan());
        if error(&got) > allowed || nan(&got) != nan(&exact) {
            return Err(format!(
                "{name} is off by {:e}, and {allowed:e} is allowed: {got:?} for {exact:?}",
                error(&got)
            ));
        }
    }
    Ok(())
}

pub fn flat(tensor: &Tensor) -> Vec<f64> {
    let flat = tensor.flatten_all().unwrap();
    flat.to_dtype(candle_core::DType::F64)
        .unwrap()
        .to_vec1()
        .unwrap()
}

/// Values between -2 and 2 for floats, small numbers for others; every symbol is 3, 4 or 5.
pub fn inputs(graph: &Graph, seed: u64) -> BTreeMap<String, Tensor> {
    let tensor = |index: usize, ty: &TensorType| {
        let symbols = ty.shape.iter().flat_map(|dim| dim.symbols());
        let sizes =
            symbols.map(|symbol| (symbol.to_owned(), 3 + (symbol.len() + seed as usize) % 3));
        let shape = ty.shape.bind(&sizes.collect()).unwrap();
        let elements: usize = shape.iter().product();
        let value = |at: usize| match ty.dtype.is_float() {
            true => ((seed as f64 + 1.3) * (at as f64 + index as f64 * 7.7 + 1.0)).sin() * 2.0,
            false => ((at * 7 + index + seed as usize) % 3) as f64,
        };
        let values: Vec<f64> = (0..elements).map(value).collect();
        Tensor::from_vec(values, shape, &Cpu)
            .unwrap()
            .to_dtype(to_candle(ty.dtype))
            .unwrap()
    };
    let declared = graph.inputs().enumerate();
    declared
        .map(|(index, (name, node))| (name.to_owned(), tensor(index, &node.ty)))
        .collect()
}
