//! Directories that hold no model, or one whose parts do not belong together.

use std::fs;

use serde_json::{Map, Value, json};

use crate::fixture::Fixture;
use crate::run::refusal;

#[test]
fn no_directory_and_no_model_in_it() {
    refusal(
        &["classify", "--model", "nowhere", "text"],
        &["nowhere does not exist", "lessons fetch"],
    );
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().to_str().unwrap();
    let missing = "config.json and model.safetensors";
    refusal(
        &["classify", "--model", path, "text"],
        &[path, "holds no model", missing],
    );
    refusal(&["inspect", path], &["holds no model"]);
    let fixture = Fixture::copy();
    let file = fixture.file("config.json");
    refusal(
        &["classify", "--model", file.to_str().unwrap(), "text"],
        &["is not a directory"],
    );
    fs::remove_file(fixture.file("model.safetensors")).unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "text"],
        &["model.safetensors is missing"],
    );
}

#[test]
fn wrong_config_values() {
    type Change = fn(&mut Map<String, Value>);
    let cases: [(Change, &[&str]); 13] = [
        (
            |config| config["dim"] = json!(50),
            &["dim 50 and n_heads 4", "divide"],
        ),
        (|config| config["dim"] = json!(0), &["dim is 0"]),
        (|config| config["dim"] = json!(-48), &["-48"]),
        (|config| config["n_heads"] = json!(0), &["n_heads is 0"]),
        (|config| config["n_layers"] = json!("three"), &["three"]),
        (
            |config| config["vocab_size"] = json!(1u64 << 60),
            &["vocab_size is 1152921504606846976"],
        ),
        (
            |config| config["activation"] = json!("swish"),
            &["swish", "gelu and relu"],
        ),
        (
            |config| config["model_type"] = json!("bert"),
            &["bert", "not distilbert"],
        ),
        (
            |config| config["id2label"] = json!({"0": "NO", "2": "YES"}),
            &["id2label", "0, 2"],
        ),
        (|config| config["id2label"] = json!({}), &["labels is 0"]),
        (
            |config| {
                config.remove("hidden_dim");
            },
            &["hidden_dim"],
        ),
        // Sizes that are sound, and not those of the weights.
        (
            |config| config["hidden_dim"] = json!(100),
            &["wrong: ", "ffn.lin1.weight", "f32[100, 48]"],
        ),
        (
            |config| config["n_layers"] = json!(4),
            &["missing: ", "layer.3"],
        ),
    ];
    for (change, parts) in cases {
        let fixture = Fixture::copy().config(change);
        refusal(
            &["classify", "--model", fixture.path(), "--ids", "2,3"],
            parts,
        );
    }
    let fixture = Fixture::copy();
    fs::write(fixture.file("config.json"), "{\"dim\": ").unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        &["config.json"],
    );
    fs::write(fixture.file("config.json"), b"\xff\xfe").unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        &["config.json", "cannot be read"],
    );
}

#[test]
fn a_tokenizer_of_another_vocabulary() {
    let fixture = Fixture::copy();
    let vocabulary = fs::read_to_string(fixture.file("vocab.txt")).unwrap();
    fs::write(fixture.file("vocab.txt"), vocabulary + "surplus\n").unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "text"],
        &["201 tokens", "200"],
    );
}

#[test]
fn no_tokenizer_or_a_damaged_one() {
    let fixture = Fixture::copy();
    fs::remove_file(fixture.file("vocab.txt")).unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "text"],
        &["tokenizer.json", "vocab.txt"],
    );
    fs::write(fixture.file("tokenizer.json"), "{}").unwrap();
    refusal(
        &["classify", "--model", fixture.path(), "text"],
        &["tokenizer.json"],
    );
}
