//! An index of public APIs: names, signatures, documentation, and what inference needs to know.
//! `sources` makes one from a crate's sources, `rustdoc` from rustdoc's pages; it is kept as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    Command,
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
            Self::Command => "magic",
            Self::Variable => "instance",
        }
    }

    pub fn is_type(self) -> bool {
        matches!(self, Self::Struct | Self::Enum | Self::Trait | Self::Type)
    }
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: Kind,
    pub name: String,
    /// The type (for methods, fields, variants) or the module path (for the rest) that it is in.
    pub owner: String,
    /// The module in which it is found, as in `std::io`; empty for the notebook and the language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Rust code, without the body.
    pub signature: String,
    /// Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// Whether it is a member of values: a method that takes `self`, or a field.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_value: bool,
    /// The type that a call returns, or that a field or constant has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
    /// For each parameter that is a closure, the types of the closure's own parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<Vec<String>>,
}

impl Entry {
    pub fn new(kind: Kind, name: &str, owner: &str, signature: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            owner: owner.to_owned(),
            home: String::new(),
            signature: signature.to_owned(),
            doc: String::new(),
            on_value: false,
            gives: None,
            closures: Vec::new(),
        }
    }

    /// Whether it belongs to a type or trait.
    pub fn is_member(&self) -> bool {
        match self.kind {
            Kind::Method | Kind::Field | Kind::Variant => true,
            // The owner of others is a module's path, which begins with the crate.
            Kind::Const => {
                let root = self.home.split("::").next();
                !self.owner.is_empty()
                    && !self.owner.contains("::")
                    && root != Some(self.owner.as_str())
            }
            _ => false,
        }
    }
}

/// Everything that is known of some crates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    pub entries: Vec<Entry>,
    /// The traits that types implement, by the types' names.
    pub implements: BTreeMap<String, BTreeSet<String>>,
    /// What types dereference to, by their names.
    pub derefs: BTreeMap<String, String>,
}

impl Index {
    /// # Errors
    /// When the file can't be read or isn't an index.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("can't read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not an index", file.display()))
    }

    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        crate::engine::direct::write_whole(file, &serde_json::to_vec(self)?)
    }

    /// Adds what another index holds.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        for (ty, names) in other.implements {
            self.implements.entry(ty).or_default().extend(names);
        }
        self.derefs.extend(other.derefs);
    }

    /// Notes that a type implements a trait.
    pub fn implement(&mut self, ty: &str, name: &str) {
        let known = self.implements.entry(ty.to_owned()).or_default();
        known.insert(name.to_owned());
    }

    /// Items that are not members: types, functions, modules, macros, keywords.
    pub fn items(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_member())
    }
}
