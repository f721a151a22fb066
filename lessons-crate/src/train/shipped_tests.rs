//! What ships in `data/`: checksums, dev accuracy, and logits that `transformers` gave.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::*;
use crate::models::lexicon::Lexicon;
use crate::text::TokenizerConfig;
use crate::train::{find_sst2, lexicon, read_examples};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What `tests/fixtures/make_shipped.py` wrote.
fn fixture() -> serde_json::Value {
    let path = data().join("../tests/fixtures/shipped.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The dev set, or `None` with a note where it is not there.
fn dev() -> Option<Vec<Example>> {
    match find_sst2(None) {
        Ok(dir) => Some(read_examples(&dir.join("dev.tsv")).unwrap()),
        Err(error) => {
            eprintln!("SKIPPED, accuracy on the dev set is not checked: {error}");
            None
        }
    }
}

#[test]
fn checksums_in_the_readme_are_those_of_the_files() {
    let readme = std::fs::read_to_string(data().join("README.md")).unwrap();
    let mut listed = 0;
    for line in readme.lines() {
        let Some((sum, file)) = line.split_once("  ").filter(|(sum, _)| sum.len() == 64) else {
            continue;
        };
        let bytes = std::fs::read(data().join(file)).unwrap();
        let actual: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(actual, sum, "{file}");
        listed += 1;
    }
    let shipped =
        ["model", "lexicon"].map(|dir| std::fs::read_dir(data().join(dir)).unwrap().count());
    assert_eq!(
        listed,
        shipped.iter().sum::<usize>(),
        "every shipped file has a checksum"
    );
    let size = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().metadata().unwrap().len();
    let bytes: u64 = std::fs::read_dir(data().join("model"))
        .unwrap()
        .map(size)
        .sum();
    assert!(bytes <= 8 << 20, "{bytes}");
}

#[test]
fn the_shipped_model_and_lexicon_keep_their_dev_accuracy() {
    let Some(dev) = dev() else { return };
    let words = lexicon::accuracy(&Lexicon::embedded().unwrap(), &dev);
    let model = DistilBert::open(&data().join("model"), &Device::Cpu).unwrap();
    let tokenizer = Tokenizer::open(data().join("model")).unwrap();
    assert_eq!(tokenizer.vocab_size(), model.config().vocab_size);
    let learnt = accuracy(&model, &tokenizer, &dev, &Device::Cpu).unwrap();
    println!("dev accuracy: model {learnt:.4}, lexicon {words:.4}");
    assert!(words >= 0.80, "{words}");
    assert!(
        learnt >= 0.80 && learnt > words,
        "the model has to beat the lexicon: {learnt} against {words}"
    );
}

#[test]
fn ids_and_logits_are_those_of_transformers() {
    let tokenizer = Tokenizer::open(data().join("model")).unwrap();
    let from_vocab = std::fs::read(data().join("model/vocab.txt")).unwrap();
    let from_vocab = Tokenizer::from_vocab(&from_vocab, TokenizerConfig::default()).unwrap();
    let model = DistilBert::open(&data().join("model"), &Device::Cpu).unwrap();
    let fixture = fixture();
    let limit = fixture["max_length"].as_u64().unwrap() as usize;
    let mut worst = 0f64;
    for case in fixture["cases"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let ids: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        let tokens: Vec<String> = serde_json::from_value(case["tokens"].clone()).unwrap();
        let logits: Vec<f64> = serde_json::from_value(case["logits"].clone()).unwrap();
        let encoding = tokenizer.encode(text, limit).unwrap();
        assert_eq!(
            (&encoding.ids, &encoding.tokens),
            (&ids, &tokens),
            "{text:?}"
        );
        assert_eq!(
            from_vocab.encode(text, limit).unwrap(),
            encoding,
            "{text:?}"
        );
        let batch = Batch::new([(ids.as_slice(), 0)], &Device::Cpu).unwrap();
        let ours = model
            .forward(&batch, Dropout::Off)
            .unwrap()
            .to_vec2::<f32>()
            .unwrap();
        for (ours, theirs) in ours[0].iter().zip(&logits) {
            worst = worst.max((f64::from(*ours) - theirs).abs());
        }
    }
    println!("largest difference of a logit: {worst:.2e}");
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn dev_sentences_get_the_ids_of_transformers() {
    let Some(dev) = dev() else { return };
    let bert = find_sst2(None)
        .unwrap()
        .join("../bert-base-uncased/vocab.txt");
    let bert =
        Tokenizer::from_vocab(&std::fs::read(bert).unwrap(), TokenizerConfig::default()).unwrap();
    let shipped = Tokenizer::open(data().join("model")).unwrap();
    for (tokenizer, key) in [
        (shipped, "dev_ids_sha256"),
        (bert, "dev_ids_sha256_bert_base_uncased"),
    ] {
        let mut lines = String::new();
        for example in &dev {
            let ids = tokenizer.encode(&example.text, 512).unwrap().ids;
            lines += &(ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ") + "\n");
        }
        assert_eq!(sha256(lines.as_bytes()), fixture()[key], "{key}");
    }
}

#[test]
fn the_shipped_lexicon_is_what_the_recipe_makes() {
    let Ok(dir) = find_sst2(None) else {
        eprintln!("SKIPPED, there is no SST-2 data to learn the lexicon from");
        return;
    };
    let mut examples = read_examples(&dir.join("train-phrases.tsv")).unwrap();
    examples.extend(read_examples(&dir.join("train.tsv")).unwrap());
    let shipped = Lexicon::embedded().unwrap();
    assert_eq!(
        lexicon::learn(&examples, shipped.rules().clone()).scores(),
        shipped.scores()
    );
}
