//! Files that lie, are cut short, or do not fit.

use super::*;
use crate::prelude::*;

fn file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensor = |size: usize| Tensor::zeros((2, size), candle_core::DType::F32, &Cpu).unwrap();
    Weights::from([("a", tensor(3)), ("b", tensor(1))])
        .save(&path)
        .unwrap();
    std::fs::read(path).unwrap()
}

/// A file with this header and as many bytes of data.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn a_file_is_read_back() {
    let weights = Weights::from_bytes(&file()).unwrap();
    let names: Vec<_> = weights
        .iter()
        .map(|(name, tensor)| (name, tensor.dims().to_vec()))
        .collect();
    assert_eq!(names, [("a", vec![2, 3]), ("b", vec![2, 1])]);
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let bytes = file();
    for end in 0..bytes.len() {
        assert!(
            Weights::from_bytes(&bytes[..end]).is_err(),
            "cut at {end} of {}",
            bytes.len()
        );
    }
}

#[test]
fn headers_that_lie_are_told_apart() {
    let tensor = |dtype: &str, shape: &str, start: u64, end: u64| {
        format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}}}"#)
    };
    let mut long = file();
    long[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let lies = [
        ("header length", long),
        ("not json", with_header("{nonsense", 8)),
        (
            "offsets past the end",
            with_header(&tensor("F32", "[2]", 0, 800), 8),
        ),
        (
            "offsets backwards",
            with_header(&tensor("F32", "[2]", 8, 0), 8),
        ),
        (
            "shape and size differ",
            with_header(&tensor("F32", "[3]", 0, 8), 8),
        ),
        (
            "shape overflows",
            with_header(&tensor("F32", "[4294967296,4294967296,16]", 0, 8), 8),
        ),
        ("no such dtype", with_header(&tensor("F33", "[2]", 0, 8), 8)),
        (
            "dtype of another size",
            with_header(&tensor("F64", "[2]", 0, 8), 8),
        ),
        (
            "data that belongs to nobody",
            with_header(&tensor("F32", "[2]", 0, 8), 64),
        ),
    ];
    let texts: Vec<_> = lies
        .iter()
        .map(|(what, bytes)| format!("{what}: {}", Weights::from_bytes(bytes).unwrap_err()))
        .collect();
    insta::assert_snapshot!(texts.join("\n---\n"));
}

#[test]
fn all_differences_are_listed_at_once() {
    let graph = Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", 4)));
        g.output("y", nn::linear(g, "fc", x, 4, 2));
    })
    .unwrap();
    let tensor = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Cpu).unwrap();
    let weights = Weights::from([("fc.weight", tensor(&[4, 2])), ("fc.b", tensor(&[2]))]);
    insta::assert_snapshot!(weights.check(&graph).unwrap_err());
    let extra = Weights::from([
        ("fc.weight", tensor(&[2, 4])),
        ("fc.bias", tensor(&[2])),
        ("other", tensor(&[1])),
    ]);
    assert!(
        extra
            .check(&graph)
            .unwrap_err()
            .to_string()
            .contains("unexpected: other")
    );
    assert!(Session::cpu().load(&graph, &extra).is_ok());
}

#[test]
fn random_weights_are_the_same_for_the_same_seed() {
    let graph = Graph::build("w", |g| g.output("y", g.weight("w", f32s((2, 3))))).unwrap();
    let values = |seed| {
        let weights = Weights::random(&graph, seed).unwrap();
        weights
            .get("w")
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
    };
    assert_eq!(values(3), values(3));
    assert_ne!(values(3), values(4));
}

#[test]
fn half_precision_weights_become_what_the_graph_declares() {
    let graph = Graph::build("half", |g| {
        let x = g.input("x", f32s((1,)));
        g.output("y", x * g.weight("w", f32s((1,))));
    })
    .unwrap();
    let half = Tensor::new(&[1.5f32], &Cpu)
        .unwrap()
        .to_dtype(candle_core::DType::F16)
        .unwrap();
    let model = Session::cpu()
        .load(&graph, &Weights::from([("w", half)]))
        .unwrap();
    let x = Tensor::new(&[2f32], &Cpu).unwrap();
    assert_eq!(model.call(&x).unwrap().to_vec1::<f32>().unwrap(), [3.0]);
}
