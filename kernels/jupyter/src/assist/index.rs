//! An index of a crate's public API: names, signatures, documentation, and the types that
//! inference needs. `sources` makes one from a crate's sources; it is kept as JSON.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Module,
    Struct,
    Enum,
    Trait,
    Type,
    Function,
    Method,
    Field,
    Variant,
    Const,
    Macro,
    Keyword,
    Variable,
}

impl Kind {
    /// The type that frontends have an icon for.
    pub fn frontend_type(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Trait => "interface",
            Self::Type => "class",
            Self::Function | Self::Macro => "function",
            Self::Method => "method",
            Self::Field => "field",
            Self::Variant => "enum member",
            Self::Const => "constant",
            Self::Keyword => "keyword",
            Self::Variable => "instance",
        }
    }
}

/// One public item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: Kind,
    pub name: String,
    /// The type (for methods, fields, variants) or the module path (for the rest) that it is in.
    pub owner: String,
    /// Rust code, without the body.
    pub signature: String,
    /// Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Whether a method takes `self`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_value: bool,
    /// The type that a call returns, or that a field or constant has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
    /// For each parameter that is a closure, the types of the closure's own parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Vec<String>>,
}

/// Entries in source order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub entries: Vec<Entry>,
}

impl Index {
    /// # Errors
    /// When the file can't be read or is not an index.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not an index", file.display()))
    }

    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec(self)?;
        fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
    }

    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// The members of a type.
    pub fn members<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| {
            entry.owner == owner
                && matches!(
                    entry.kind,
                    Kind::Method | Kind::Field | Kind::Variant | Kind::Const
                )
        })
    }

    /// Items that are not members: types, functions, modules, macros, keywords.
    pub fn items(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| {
            !matches!(entry.kind, Kind::Method | Kind::Field | Kind::Variant)
                && !entry.owner.starts_with(char::is_uppercase)
        })
    }
}
