//! The model that is built into the library, so that everything works offline from any folder.
//! What it is and how it was trained: data/README.md.

pub const CONFIG: &str = include_str!("../../../data/model/config.json");
pub const WEIGHTS: &[u8] = include_bytes!("../../../data/model/model.safetensors");
pub const TOKENIZER: &[u8] = include_bytes!("../../../data/model/tokenizer.json");
