//! Copies of the DistilBERT that transformers made, to be damaged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tempfile::TempDir;

/// Where the fixture lies.
pub fn original() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/distilbert")
}

/// A copy of the fixture.
pub struct Fixture(TempDir);

impl Fixture {
    pub fn copy() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        for name in ["config.json", "model.safetensors", "vocab.txt"] {
            fs::copy(original().join(name), folder.path().join(name)).unwrap();
        }
        Fixture(folder)
    }

    pub fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Changes the config.
    pub fn config(self, change: impl FnOnce(&mut Map<String, Value>)) -> Fixture {
        let path = self.file("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(config.as_object_mut().unwrap());
        fs::write(path, config.to_string()).unwrap();
        self
    }

    /// Changes the bytes of the weights.
    pub fn bytes(self, change: impl FnOnce(&mut Vec<u8>)) -> Fixture {
        let path = self.file("model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
        self
    }

    /// Changes the header of the weights, and keeps its length right.
    pub fn header(self, change: impl FnOnce(&mut Map<String, Value>)) -> Fixture {
        self.bytes(|bytes| {
            let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
            let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
            change(header.as_object_mut().unwrap());
            let header = header.to_string();
            let mut changed = (header.len() as u64).to_le_bytes().to_vec();
            changed.extend(header.as_bytes());
            changed.extend(&bytes[8 + length..]);
            *bytes = changed;
        })
    }
}
