//! A model as a Hugging Face directory: `transformers`, candle and this library open it alike.

use std::collections::HashMap;
use std::path::Path;

use super::checkpoint::write_safetensors;
use super::{ModelConfig, TrainError};
use crate::text::Tokenizer;

/// Writes `config.json`, `model.safetensors`, `vocab.txt`, `tokenizer.json` and
/// `tokenizer_config.json` to a directory, which is made if it is not there. `weights` holds name,
/// shape and little-endian f32 bytes.
///
/// # Errors
/// A file cannot be written.
pub fn export(
    dir: &Path,
    config: &ModelConfig,
    weights: &[(String, Vec<usize>, Vec<u8>)],
    vocab: &[String],
    tokenizer: &Tokenizer,
) -> Result<(), TrainError> {
    std::fs::create_dir_all(dir).map_err(TrainError::write(dir))?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    write_safetensors(&dir.join("model.safetensors"), weights, metadata)?;
    let write = |name: &str, content: String| {
        let path = dir.join(name);
        std::fs::write(&path, content).map_err(TrainError::write(path))
    };
    let json = |value: &serde_json::Value| format!("{value:#}\n");
    let config_json = serde_json::to_value(config)
        .map_err(|error| TrainError::Config(format!("cannot write the configuration: {error}")))?;
    write("config.json", json(&config_json))?;
    write("vocab.txt", vocab.join("\n") + "\n")?;
    write("tokenizer.json", tokenizer.to_json()? + "\n")?;
    let tokenizer_config = serde_json::json!({
        "tokenizer_class": "DistilBertTokenizer",
        "do_lower_case": true,
        "strip_accents": null,
        "tokenize_chinese_chars": true,
        "model_max_length": config.max_position_embeddings,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    });
    write("tokenizer_config.json", json(&tokenizer_config))
}
