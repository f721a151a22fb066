//! Every op of the registry in f32 against f64, and what bad inputs are told.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::binding::bind;
use super::reference::{Context, Precision, Reference, eval};
use crate::graph::ops::{Op, OpDef, Sample};
use crate::graph::{Bindings, DType, Graph, Node, NodeId, TensorType};
use crate::prelude::*;
use crate::weights::to_candle;

/// A tensor of ordinary values for a type in which every symbol is 5.
fn sample(ty: &TensorType, index: usize, bindings: &Bindings) -> Tensor {
    let shape = ty.shape.bind(bindings).unwrap();
    let elements: usize = shape.iter().product();
    let tensor = |values: Vec<f64>| Tensor::from_vec(values, shape.clone(), &Cpu).unwrap();
    let wave = |at: usize| 0.1 + (1.7 * at as f64 + index as f64).sin().abs() * 2.0;
    let values = match ty.dtype {
        DType::Bool => (0..elements).map(|at| (at % 2) as f64).collect(),
        dtype if dtype.is_float() => (0..elements).map(wave).collect(),
        _ => (0..elements)
            .map(|at| ((at * 3 + index) % 5) as f64)
            .collect(),
    };
    tensor(values).to_dtype(to_candle(ty.dtype)).unwrap()
}

#[test]
fn every_op_in_f32_is_within_its_tolerance_of_f64() {
    let bindings = Bindings::from([("n".to_owned(), 5), ("batch".to_owned(), 5)]);
    for Sample { op, inputs } in Op::samples() {
        if matches!(op, Op::Input(_) | Op::Weight(_)) {
            continue;
        }
        let types: Vec<&TensorType> = inputs.iter().collect();
        let ty = op.infer(&types).unwrap();
        let node = Node {
            id: NodeId(0),
            op,
            inputs: vec![],
            ty,
            scope: None,
            site: None,
        };
        let tensors: Vec<Tensor> = inputs
            .iter()
            .enumerate()
            .map(|(index, ty)| sample(ty, index, &bindings))
            .collect();
        let run = |precision| {
            let context = Context {
                bindings: &bindings,
                device: &Cpu,
                precision,
            };
            let widened: Vec<Tensor> = tensors
                .iter()
                .zip(&inputs)
                .map(|(tensor, ty)| tensor.to_dtype(context.dtype(ty.dtype)).unwrap())
                .collect();
            let result = eval(&node, &widened.iter().collect::<Vec<_>>(), &context).unwrap();
            assert_eq!(
                result.dims(),
                node.ty.shape.bind(&bindings).unwrap(),
                "{}",
                node.op.name()
            );
            assert_eq!(
                result.dtype(),
                context.dtype(node.ty.dtype),
                "{}",
                node.op.name()
            );
            result
                .to_dtype(candle_core::DType::F64)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1::<f64>()
                .unwrap()
        };
        let tolerance = node.op.tolerance();
        for (got, exact) in run(Precision::Declared)
            .into_iter()
            .zip(run(Precision::F64))
        {
            assert!(
                tolerance.accepts(got, exact),
                "{}: {got} for {exact}",
                node.op.name()
            );
        }
    }
}

#[test]
fn relu_maximum_and_minimum_pass_nan_on() {
    let graph = Graph::build("nan", |g| {
        let (x, y) = (g.input("x", f32s((3,))), g.input("y", f32s((3,))));
        g.output("relu", x.relu());
        g.output("max", x.maximum(y));
        g.output("min", y.minimum(x));
    })
    .unwrap();
    let x = Tensor::new(&[f32::NAN, -1.0, 2.0], &Cpu).unwrap();
    let y = Tensor::new(&[0f32, f32::NAN, 1.0], &Cpu).unwrap();
    let outputs = Session::cpu()
        .load(&graph, &Weights::new())
        .unwrap()
        .run([("x", &x), ("y", &y)])
        .unwrap();
    let values = |name: &str| outputs[name].to_vec1::<f32>().unwrap();
    assert!(values("relu")[0].is_nan() && values("relu")[1..] == [0.0, 2.0]);
    assert!(values("max")[0].is_nan() && values("max")[1].is_nan() && values("max")[2] == 2.0);
    assert!(values("min")[0].is_nan() && values("min")[1].is_nan() && values("min")[2] == 1.0);
}

#[test]
fn quotients_are_rounded_down_and_halves_to_even() {
    let graph = Graph::build("rounding", |g| {
        let (a, b) = (g.input("a", f32s((6,))), g.input("b", f32s((6,))));
        let (i, j) = (a.cast(DType::I64), b.cast(DType::I64));
        g.output("quotients", a.floor_div(b));
        g.output("rests", a.modulo(b));
        g.output("whole quotients", i.floor_div(j));
        g.output("whole rests", i.modulo(j));
        g.output("rounded", (a / 2).round());
        g.output("cut", (a / 2).trunc());
    })
    .unwrap();
    let a = Tensor::new(&[7f32, -7.0, 7.0, -7.0, 6.0, 5.0], &Cpu).unwrap();
    let b = Tensor::new(&[2f32, 2.0, -2.0, -2.0, 3.0, -5.0], &Cpu).unwrap();
    let given = [("a", &a), ("b", &b)];
    let (quotients, rests) = (
        [3.0, -4.0, -4.0, 3.0, 2.0, -1.0],
        [1.0, 1.0, -1.0, -1.0, 0.0, 0.0],
    );
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    let reference = Reference::new(&graph, &Weights::new()).unwrap();
    let reference = reference.run(given, Precision::F64).unwrap();
    for outputs in [model.run(given).unwrap(), reference] {
        let numbers = |name: &str| -> Vec<f64> {
            let wide = outputs[name].to_dtype(candle_core::DType::F64).unwrap();
            wide.to_vec1().unwrap()
        };
        assert_eq!(numbers("quotients"), quotients);
        assert_eq!(numbers("whole quotients"), quotients);
        assert_eq!(numbers("rests"), rests);
        assert_eq!(numbers("whole rests"), rests);
        assert_eq!(numbers("rounded"), [4.0, -4.0, 4.0, -4.0, 3.0, 2.0]);
        assert_eq!(numbers("cut"), [3.0, -3.0, 3.0, -3.0, 3.0, 2.0]);
    }
    let zeros = b.zeros_like().unwrap();
    let error = model.run([("a", &a), ("b", &zeros)]).unwrap_err();
    assert!(error.to_string().contains("division by zero, in integers"));
}

fn pair() -> Graph {
    Graph::build("pair", |g| {
        let x = g.input("x", f32s(("n", 2)));
        let ids = g.input("ids", i64s(("n",)));
        let table = g.weight("table", f32s((4, 2)));
        g.output("y", x + table.gather(ids));
    })
    .unwrap()
}

fn complaint(inputs: &[(&str, Tensor)]) -> String {
    let graph = pair();
    let weights = Weights::random(&graph, 1).unwrap();
    let model = Session::cpu().load(&graph, &weights).unwrap();
    model
        .run(inputs.iter().map(|(name, tensor)| (*name, tensor)))
        .unwrap_err()
        .to_string()
}

#[test]
fn wrong_inputs_are_told_what_fits() {
    let x = Tensor::zeros((3, 2), candle_core::DType::F32, &Cpu).unwrap();
    let ids = Tensor::new(&[0i64, 1, 2], &Cpu).unwrap();
    let far = Tensor::new(&[0i64, 1, 9], &Cpu).unwrap();
    let negative = Tensor::new(&[0i64, 1, -1], &Cpu).unwrap();
    let short = Tensor::new(&[0i64], &Cpu).unwrap();
    let texts = [
        complaint(&[("x", x.clone())]),
        complaint(&[("x", x.clone()), ("ids", ids.clone()), ("z", ids.clone())]),
        complaint(&[("x", ids.clone()), ("ids", ids.clone())]),
        complaint(&[("x", x.clone()), ("ids", short)]),
        complaint(&[("x", x.t().unwrap()), ("ids", ids)]),
        complaint(&[("x", x.clone()), ("ids", far)]),
        complaint(&[("x", x), ("ids", negative)]),
    ];
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn symbols_in_sums_and_products_are_checked_too() {
    let graph = Graph::build("compound", |g| {
        let x = g.input("x", f32s(("n",)));
        let twice = g.input("twice", f32s((Dim::from("n") * Dim::from(2),)));
        g.output("y", concat(&[x, twice], 0));
    })
    .unwrap();
    let tensor = |size: usize| Tensor::zeros(size, candle_core::DType::F32, &Cpu).unwrap();
    let (three, six, five) = (tensor(3), tensor(6), tensor(5));
    let bound = bind(&graph, &BTreeMap::from([("x", &three), ("twice", &six)])).unwrap();
    assert_eq!(bound["n"], 3);
    assert!(bind(&graph, &BTreeMap::from([("x", &three), ("twice", &five)])).is_err());
}

#[test]
fn a_profile_names_every_kernel() {
    let graph = pair();
    let model = Session::cpu()
        .load(&graph, &Weights::random(&graph, 1).unwrap())
        .unwrap();
    let x = Tensor::zeros((1, 2), candle_core::DType::F32, &Cpu).unwrap();
    let ids = Tensor::new(&[3i64], &Cpu).unwrap();
    let profile = model.profile([("x", &x), ("ids", &ids)]).unwrap();
    let nodes = profile.kernels.iter().map(|kernel| kernel.node);
    assert_eq!(nodes.collect::<Vec<_>>(), [NodeId(3), NodeId(4)]);
    // A row of the table and its number are read, and the row is written; then two rows are added.
    let bytes = profile.kernels.iter().map(|kernel| kernel.bytes);
    assert_eq!(bytes.collect::<Vec<_>>(), [24, 24]);
    let flops = profile.kernels.iter().map(|kernel| kernel.flops);
    assert_eq!(flops.collect::<Vec<_>>(), [0, 2]);
    let predicted = profile.predicted().unwrap();
    assert!(predicted < profile.time());
    let text = profile.to_string();
    assert!(text.starts_with("pair with n = 1, "), "{text}");
    assert!(
        text.contains("gather %3") && text.contains("µs at least"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&profile.to_json()).unwrap();
    assert_eq!(json["kernels"][1]["label"], "add %4");
    assert_eq!(json["arena"]["separate"], 64);
}

#[test]
fn empty_batches_run() {
    let graph = Graph::build("empty", |g| {
        let x = g.input("x", f32s(("n", 3)));
        let w = g.weight("w", f32s((3, 2)));
        g.output("y", (x.matmul(w) * 2.0 + 1.0).relu().softmax(-1));
    })
    .unwrap();
    let model = Session::cpu()
        .load(&graph, &Weights::random(&graph, 7).unwrap())
        .unwrap();
    let x = Tensor::zeros((0, 3), candle_core::DType::F32, &Cpu).unwrap();
    assert_eq!(model.call(&x).unwrap().dims(), [0, 2]);
}
