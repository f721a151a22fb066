//! Completion: the names that can stand at the cursor.

use serde_json::{Value, json};

use super::Names;
use super::index::{Entry, Index, Kind};
use super::infer::{Scope, Ty};
use super::text::{Before, Spot};
use crate::engine::direct::{COMMANDS, CommandInfo};

/// One name that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    pub kind: Kind,
    /// A signature or a type; may be empty.
    pub signature: String,
}

/// What replaces the characters `start..end` of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    pub start: usize,
    pub end: usize,
    pub matches: Vec<Completion>,
}

impl Completions {
    /// The content of a `complete_reply`.
    pub fn content(&self, code: &str) -> Value {
        let length = code.chars().count();
        let texts: Vec<&str> = self.matches.iter().map(|item| item.text.as_str()).collect();
        let types: Vec<Value> = self
            .matches
            .iter()
            .map(|item| {
                json!({
                    "start": self.start,
                    "end": self.end,
                    "text": item.text,
                    "type": item.kind.frontend_type(),
                    "signature": item.signature,
                })
            })
            .collect();
        json!({
            "status": "ok",
            "matches": texts,
            "cursor_start": self.start.min(length),
            "cursor_end": self.end.min(length),
            "metadata": {"_jupyter_types_experimental": types},
        })
    }
}

pub(super) fn complete(index: &Index, names: &Names, code: &str, cursor: usize) -> Completions {
    let cursor = cursor.min(code.chars().count());
    let Some(spot) = Spot::at(code, cursor) else {
        return Completions {
            start: cursor,
            end: cursor,
            matches: Vec::new(),
        };
    };
    let text: String = code.chars().take(spot.start).collect();
    let scope = Scope {
        index,
        names,
        code: &text,
    };
    let candidates = match &spot.before {
        Before::Command => commands(),
        Before::Receiver(receiver) => on_value(&scope, receiver),
        Before::Path(path) => in_path(index, path),
        Before::Nothing => plain(index, names, &spot.typed),
    };
    Completions {
        start: spot.start,
        end: cursor,
        matches: fitting(candidates, &spot.typed),
    }
}

/// The candidates that begin with what was typed; where none does, those that do but for case.
/// Sorted by name, each once.
fn fitting(candidates: Vec<Completion>, typed: &str) -> Vec<Completion> {
    let lower = typed.to_lowercase();
    let (exact, rest): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|candidate| candidate.text.starts_with(typed));
    let mut matches = match exact.is_empty() {
        false => exact,
        true => rest
            .into_iter()
            .filter(|candidate| candidate.text.to_lowercase().starts_with(&lower))
            .collect(),
    };
    matches.sort_by(|a, b| a.text.cmp(&b.text));
    matches.dedup_by(|a, b| a.text == b.text);
    matches
}

fn commands() -> Vec<Completion> {
    let completion = |command: &CommandInfo| Completion {
        text: command.name.to_owned(),
        kind: Kind::Keyword,
        signature: command.summary.to_owned(),
    };
    COMMANDS.iter().map(completion).collect()
}

fn completion(entry: &Entry) -> Completion {
    Completion {
        text: entry.name.clone(),
        kind: entry.kind,
        signature: entry.signature.clone(),
    }
}

/// Methods and fields of the receiver's type; of every type in the index where it isn't known.
fn on_value(scope: &Scope, receiver: &str) -> Vec<Completion> {
    let on_value = |entry: &&Entry| entry.on_value;
    match scope.type_of(receiver) {
        Some(ty) => {
            let owners = derefs(&ty);
            owners
                .iter()
                .flat_map(|owner| scope.index.members(owner).filter(on_value))
                .map(completion)
                .collect()
        }
        None => {
            let entries = scope.index.entries.iter();
            entries.filter(on_value).map(completion).collect()
        }
    }
}

/// The names under which the members of a type are listed.
pub(super) fn derefs(ty: &Ty) -> Vec<&str> {
    match ty.name.as_str() {
        "Vec" => vec!["Vec", "slice"],
        "String" => vec!["String", "str"],
        name => vec![name],
    }
}

/// What a path leads to: the members of a type or the items of a module.
fn in_path(index: &Index, path: &str) -> Vec<Completion> {
    let path = path
        .split('<')
        .next()
        .unwrap_or(path)
        .trim_end_matches("::");
    let last = path.rsplit("::").next().unwrap_or(path);
    let members: Vec<Completion> = index.members(last).map(completion).collect();
    if !members.is_empty() {
        return members;
    }
    // `graph::` after `use lessons::graph` means `lessons::graph::`.
    let tail = format!("::{path}");
    let within = |entry: &&Entry| entry.owner == path || entry.owner.ends_with(&tail);
    index.items().filter(within).map(completion).collect()
}

/// The notebook's variables and items; with something typed, also every free-standing name of the
/// library and the language, which would drown the notebook's own otherwise.
fn plain(index: &Index, names: &Names, typed: &str) -> Vec<Completion> {
    let variables = names.variables.iter().map(|variable| Completion {
        text: variable.name.clone(),
        kind: Kind::Variable,
        signature: variable.ty.clone(),
    });
    let items = names.items.iter().map(|item| Completion {
        text: item.clone(),
        kind: match item.starts_with(char::is_uppercase) {
            true => Kind::Type,
            false => Kind::Function,
        },
        signature: String::new(),
    });
    let own = variables.chain(items);
    match typed.is_empty() {
        true => own.collect(),
        false => own.chain(index.items().map(completion)).collect(),
    }
}
