//! Model directories as Hugging Face lays them out.

use std::path::{Path, PathBuf};

use super::ModelError;

/// A directory with `config.json`, `model.safetensors` and, to read text, a tokenizer.
#[derive(Debug, Clone)]
pub struct Directory(PathBuf);

impl Directory {
    /// # Errors
    /// When there is no such directory, or `config.json` or `model.safetensors` is missing in it.
    pub fn open(path: impl AsRef<Path>) -> Result<Directory, ModelError> {
        let path = path.as_ref();
        if !path.is_dir() {
            let what = if path.exists() {
                "is not a directory"
            } else {
                "does not exist"
            };
            return Err(ModelError::new(format!("the model {} {what}", path.display()))
                .help("a directory with config.json, model.safetensors and tokenizer.json or vocab.txt; `lessons fetch` gets one"));
        }
        let missing: Vec<&str> = ["config.json", "model.safetensors"]
            .into_iter()
            .filter(|name| !path.join(name).is_file())
            .collect();
        if !missing.is_empty() {
            return Err(ModelError::new(format!("{} holds no model: {} is missing", path.display(), missing.join(" and ")))
                .help("a directory with config.json, model.safetensors and tokenizer.json or vocab.txt; `lessons fetch` gets one"));
        }
        Ok(Directory(path.to_owned()))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn weights(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// The text of `config.json`.
    ///
    /// # Errors
    /// When it cannot be read as UTF-8.
    pub fn config(&self) -> Result<String, ModelError> {
        let path = self.0.join("config.json");
        std::fs::read_to_string(&path)
            .map_err(|error| ModelError::new(format!("{} cannot be read: {error}", path.display())))
    }
}
