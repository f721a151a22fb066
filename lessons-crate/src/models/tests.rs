//! Our DistilBERT against Hugging Face's, on a model and inputs made by transformers; and what
//! damaged model directories are told.

use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use serde::Deserialize;

use super::distilbert::{Config, Options};
use super::*;
use crate::engine::{Precision, Reference};
use crate::prelude::*;

/// How far our logits may be from those of transformers, in f32.
const LOGITS: f64 = 1e-4;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/distilbert")
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
    detailed: Detailed,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input_ids: Vec<Vec<i64>>,
    attention_mask: Vec<Vec<i64>>,
    logits: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Detailed {
    #[serde(flatten)]
    case: Case,
    hidden_states: Vec<Vec<Vec<Vec<f64>>>>,
    attentions: Vec<Vec<Vec<Vec<Vec<f64>>>>>,
}

fn cases() -> Cases {
    serde_json::from_str(&std::fs::read_to_string(fixture().join("cases.json")).unwrap()).unwrap()
}

fn config() -> Config {
    Config::from_json(&std::fs::read_to_string(fixture().join("config.json")).unwrap()).unwrap()
}

fn weights() -> Weights {
    Weights::open(fixture().join("model.safetensors")).unwrap()
}

fn tensor(rows: &[Vec<i64>]) -> Tensor {
    Tensor::new(rows.to_vec(), &Cpu).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor
        .to_dtype(DType::F64)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

fn difference(got: &Tensor, expected: impl IntoIterator<Item = f64>) -> f64 {
    let expected: Vec<f64> = expected.into_iter().collect();
    let got = flat(got);
    assert_eq!(got.len(), expected.len());
    got.iter()
        .zip(&expected)
        .fold(0.0, |largest, (got, expected)| {
            largest.max((got - expected).abs())
        })
}

#[test]
fn logits_are_those_of_transformers() {
    let graph = config().graph(Options::default()).unwrap();
    let model = Session::cpu().load(&graph, &weights()).unwrap();
    let reference = Reference::new(&graph, &weights()).unwrap();
    let mut largest = 0.0f64;
    for case in cases().cases {
        let (ids, mask) = (tensor(&case.input_ids), tensor(&case.attention_mask));
        let inputs = [("input_ids", &ids), ("attention_mask", &mask)];
        let expected = || case.logits.iter().flatten().copied();
        let got = difference(&model.run(inputs).unwrap()["logits"], expected());
        let exact = difference(
            &reference.run(inputs, Precision::F64).unwrap()["logits"],
            expected(),
        );
        assert!(
            got <= LOGITS && exact <= LOGITS,
            "{}: {got:e}, in f64 {exact:e}",
            case.name
        );
        largest = largest.max(got);
    }
    println!("largest difference of a logit from transformers: {largest:e}");
}

#[test]
fn hidden_states_and_attention_are_those_of_transformers() {
    let graph = config()
        .graph(Options {
            attentions: true,
            hidden_states: true,
        })
        .unwrap();
    let model = Session::cpu().load(&graph, &weights()).unwrap();
    let Detailed {
        case,
        hidden_states,
        attentions,
    } = cases().detailed;
    let (ids, mask) = (tensor(&case.input_ids), tensor(&case.attention_mask));
    let outputs = model
        .run([("input_ids", &ids), ("attention_mask", &mask)])
        .unwrap();
    for (layer, expected) in attentions.iter().enumerate() {
        let got = &outputs[format!("attention.{layer}").as_str()];
        let worst = difference(got, expected.iter().flatten().flatten().flatten().copied());
        assert!(worst <= 1e-5, "attention of layer {layer}: {worst:e}");
    }
    // Padded positions hold values that nobody looks at, so only real ones are compared.
    for (layer, expected) in hidden_states.iter().enumerate() {
        let got = outputs[format!("hidden.{layer}").as_str()]
            .to_vec3::<f32>()
            .unwrap();
        for (row, mask) in case.attention_mask.iter().enumerate() {
            for (position, _) in mask.iter().enumerate().filter(|(_, real)| **real == 1) {
                for (got, expected) in got[row][position].iter().zip(&expected[row][position]) {
                    assert!(
                        (f64::from(*got) - expected).abs() <= LOGITS,
                        "layer {layer}, {row}, {position}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_classifier_pads_lists_of_ids_as_transformers_does() {
    let classifier = Classifier::open(fixture()).unwrap();
    for case in cases().cases.iter().filter(|case| case.input_ids.len() > 1) {
        let rows: Vec<Vec<u32>> = case
            .input_ids
            .iter()
            .zip(&case.attention_mask)
            .map(|(ids, mask)| {
                ids.iter()
                    .zip(mask)
                    .filter(|(_, real)| **real == 1)
                    .map(|(id, _)| *id as u32)
                    .collect()
            })
            .collect();
        let got = classifier.logits(&rows).unwrap();
        assert!(
            difference(&got, case.logits.iter().flatten().copied()) <= LOGITS,
            "{}",
            case.name
        );
    }
}

#[test]
fn the_graph_of_a_layer_is_as_it_was() {
    let small = Config {
        n_layers: 1,
        ..config()
    };
    insta::assert_snapshot!(small.graph(Options::default()).unwrap());
}

#[test]
fn wrong_configs_are_told_what_is_wrong() {
    let text = std::fs::read_to_string(fixture().join("config.json")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Config::from_json(&text.replace(from, to))
            .unwrap_err()
            .to_string()
    };
    let texts = [
        with("\"n_heads\": 4", "\"n_heads\": 5"),
        with("\"n_layers\": 3", "\"n_layers\": 0"),
        with("\"dim\": 48", "\"dim\": \"wide\""),
        with("\"dim\": 48", "\"dim\": -48"),
        with("\"activation\": \"gelu\"", "\"activation\": \"swish\""),
        with("\"distilbert\"", "\"gpt2\""),
        with("\"1\": \"POSITIVE\"", "\"7\": \"POSITIVE\""),
        with("\"vocab_size\": 200", "\"vocabulary\": 200"),
        Config::from_json("no json").unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(texts.join("\n---\n"));
}

/// A copy of the fixture in a temporary folder, to be damaged.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "vocab.txt"] {
        std::fs::copy(fixture().join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// The error of opening a damaged copy and classifying a text with it.
fn complaint(damage: impl FnOnce(&Path)) -> String {
    let folder = copy();
    damage(folder.path());
    let result = Classifier::open(folder.path())
        .and_then(|classifier| classifier.classify("good").map(|_| ()));
    result
        .unwrap_err()
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR")
}

fn edit(folder: &Path, change: impl FnOnce(&mut Weights)) {
    let path = folder.join("model.safetensors");
    let mut weights = Weights::open(&path).unwrap();
    change(&mut weights);
    weights.save(&path).unwrap();
}

#[test]
fn damaged_directories_are_told_what_is_wrong() {
    let remove =
        |name: &'static str| move |folder: &Path| std::fs::remove_file(folder.join(name)).unwrap();
    let texts = [
        complaint(remove("config.json")),
        complaint(remove("model.safetensors")),
        complaint(|folder| {
            let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
            std::fs::write(folder.join("model.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
        }),
        complaint(|folder| edit(folder, |weights| drop(weights.remove("classifier.bias")))),
        complaint(|folder| {
            edit(folder, |weights| {
                weights.insert("pooler.weight", Tensor::zeros(2, DType::F32, &Cpu).unwrap())
            });
        }),
        complaint(|folder| {
            let vocab = std::fs::read_to_string(folder.join("vocab.txt")).unwrap();
            std::fs::write(folder.join("vocab.txt"), vocab + "another\n").unwrap();
        }),
        complaint(|folder| {
            edit(folder, |weights| {
                let bias = Tensor::new(&[f32::NAN, 0.0], &Cpu).unwrap();
                weights.insert("classifier.bias", bias);
            });
        }),
    ];
    insta::assert_snapshot!(texts.join("\n---\n"));
    assert!(complaint(remove("vocab.txt")).contains("no tokenizer"));
    assert!(
        Classifier::open("/nowhere/at/all")
            .err()
            .unwrap()
            .to_string()
            .contains("does not exist")
    );
}

#[test]
fn ids_that_cannot_be_are_refused() {
    let classifier = Classifier::open(fixture()).unwrap();
    let complaint = |rows: &[Vec<u32>]| classifier.classify_ids(rows).unwrap_err().to_string();
    assert!(
        complaint(&[vec![1, 200]])
            .contains("list 0 holds the id 200, and the vocabulary has 200 tokens")
    );
    assert!(
        complaint(&[vec![1], vec![2; 65]])
            .contains("list 1 has 65 ids, and the model takes at most 64")
    );
    assert!(complaint(&[vec![]]).contains("list 0 (from 0) is empty"));
}
