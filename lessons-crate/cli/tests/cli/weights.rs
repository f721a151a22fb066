//! Damaged weights, and `lessons inspect` on whole ones.

use std::fs;

use serde_json::json;

use crate::fixture::{Fixture, original};
use crate::run::{answer, refusal};

const BIAS: &str = "classifier.bias";

/// Both commands that read weights must refuse the copy, in words that hold all of `parts`.
fn refused(fixture: &Fixture, parts: &[&str]) {
    let file = fixture.file("model.safetensors");
    refusal(
        &["inspect", file.to_str().unwrap()],
        &[&["model.safetensors"], parts].concat(),
    );
    refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        parts,
    );
}

#[test]
fn truncated() {
    for keep in [0, 7, 8, 100, 10_000, 294_631] {
        refused(
            &Fixture::copy().bytes(|bytes| bytes.truncate(keep)),
            &[match keep {
                0 | 7 => "at least 8",
                _ => "cut short",
            }],
        );
    }
}

#[test]
fn a_header_length_that_lies() {
    for (length, part) in [
        (
            u64::MAX,
            "the header says it is 18446744073709551615 bytes long",
        ),
        (1 << 40, "the header says it is 1099511627776 bytes long"),
        (3, "not the JSON"),
        (0, "not the JSON"),
    ] {
        let lie = |bytes: &mut Vec<u8>| bytes[..8].copy_from_slice(&length.to_le_bytes());
        refused(&Fixture::copy().bytes(lie), &["safetensors", part]);
    }
}

#[test]
fn a_header_that_is_no_json() {
    refused(
        &Fixture::copy().bytes(|bytes| bytes[8] = b'['),
        &["not the JSON"],
    );
    refused(
        &Fixture::copy().bytes(|bytes| bytes[9] = 0xff),
        &["not the JSON"],
    );
}

#[test]
fn wrong_offsets() {
    for offsets in [json!([0, 4]), json!([8, 0]), json!([1_000_000, 1_000_008])] {
        let fixture = Fixture::copy().header(|header| header[BIAS]["data_offsets"] = offsets);
        refused(&fixture, &["damaged"]);
    }
    refused(
        &Fixture::copy().header(|header| header[BIAS]["data_offsets"] = json!([-1, 7])),
        &["not the JSON"],
    );
}

#[test]
fn wrong_dtypes() {
    refused(
        &Fixture::copy().header(|header| header[BIAS]["dtype"] = json!("F64")),
        &["contradict"],
    );
    refused(
        &Fixture::copy().header(|header| header[BIAS]["dtype"] = json!("F99")),
        &["F99"],
    );
}

#[test]
fn a_dtype_that_fits_the_file_but_not_the_graph() {
    let fixture = Fixture::copy().header(|header| header[BIAS]["dtype"] = json!("I32"));
    let error = refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        &[
            "do not fit the graph distilbert",
            "classifier.bias",
            "f32[2]",
            "i32",
        ],
    );
    assert!(!error.contains("missing"), "{error}");
}

#[test]
fn shapes_that_overflow_or_contradict() {
    let huge = json!([u64::MAX, 2]);
    refused(
        &Fixture::copy().header(|header| header[BIAS]["shape"] = huge),
        &["more elements"],
    );
    refused(
        &Fixture::copy().header(|header| header[BIAS]["shape"] = json!([3])),
        &["contradict"],
    );
    refused(
        &Fixture::copy().header(|header| header[BIAS]["shape"] = json!([-2])),
        &["not the JSON"],
    );
}

#[test]
fn a_missing_and_an_extra_weight() {
    let fixture = Fixture::copy().header(|header| {
        let bias = header.remove(BIAS).unwrap();
        header.insert("classifier.offset".to_owned(), bias);
    });
    refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        &[
            "missing: classifier.bias: f32[2]",
            "unexpected: classifier.offset",
            "try: ",
        ],
    );
    let fixture = Fixture::copy().header(|header| {
        header.insert(
            "nothing".to_owned(),
            json!({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}),
        );
    });
    refusal(
        &["classify", "--model", fixture.path(), "--ids", "2,3"],
        &["unexpected: nothing"],
    );
}

#[test]
fn inspect_lists_every_tensor() {
    let file = original().join("model.safetensors");
    let file = file.to_str().unwrap();
    let said = answer(&["inspect", file]);
    let row = said
        .stdout
        .lines()
        .find(|line| line.starts_with(BIAS))
        .unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        [BIAS, "[2]", "f32", "8", "B"]
    );

    let answers = answer(&["inspect", file, "--format", "json"]).json();
    let [listing] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    let tensors = listing["tensors"].as_array().unwrap();
    let bytes: u64 = tensors
        .iter()
        .map(|tensor| tensor["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(listing["total"]["tensors"], tensors.len());
    assert_eq!(listing["total"]["bytes"], bytes);
    assert_eq!(listing["total"]["elements"], bytes / 4);
    // Header, its length and the data are the whole file.
    let raw = fs::read(file).unwrap();
    assert_eq!(
        8 + u64::from_le_bytes(*raw.first_chunk().unwrap()) + bytes,
        raw.len() as u64
    );
    assert!(tensors.contains(&json!({"name": BIAS, "shape": [2], "dtype": "f32", "bytes": 8})));
}

#[test]
fn inspect_reads_a_header_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    let size: u64 = 1 << 40;
    let header = format!(r#"{{"w":{{"dtype":"U8","shape":[{size}],"data_offsets":[0,{size}]}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    fs::write(&path, &bytes).unwrap();
    // A hole: a terabyte that takes no room on the disk.
    let file = fs::File::options().write(true).open(&path).unwrap();
    if file.set_len(bytes.len() as u64 + size).is_err() {
        println!("skipped: this file system has no holes");
        return;
    }
    let said = answer(&["inspect", path.to_str().unwrap()]);
    assert!(said.stdout.contains("1.00 TiB"), "{said:?}");
}

#[test]
fn inspect_describes_a_model_directory() {
    let folder = original();
    let said = answer(&["inspect", folder.to_str().unwrap()]);
    assert!(
        said.stdout
            .starts_with("DistilBERT: 3 layers, 4 heads, dim 48, hidden dim 96, gelu\n"),
        "{said:?}"
    );
    let [model] = answer(&["inspect", folder.to_str().unwrap(), "--format", "json"])
        .json()
        .try_into()
        .unwrap();
    assert_eq!(model["config"]["labels"], json!(["NEGATIVE", "POSITIVE"]));
    assert_eq!(
        model["weights"]["total"]["bytes"],
        4 * model["weights"]["total"]["elements"].as_u64().unwrap()
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    refusal(
        &["inspect", "nowhere.safetensors"],
        &["nowhere.safetensors cannot be read"],
    );
}
