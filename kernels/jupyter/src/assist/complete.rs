//! Completion: the names that can stand at the cursor.

use serde_json::{Value, json};

use super::at::At;
use super::index::{Entry, Kind};
use super::known::{Known, crate_of};
use super::lexer::masked;
use super::text::{Before, is_word};
use super::ty::Ty;
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
    pub(super) fn none(cursor: usize) -> Self {
        Self {
            start: cursor,
            end: cursor,
            matches: Vec::new(),
        }
    }

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

pub(super) fn complete(at: &At<'_>) -> Completions {
    let known = at.known();
    let spot = &at.spot;
    let end = spot.start + spot.typed.chars().count();
    let (start, typed, candidates) = match at.what() {
        // Its colon is part of a command.
        Before::Command => (spot.subject, format!(":{}", spot.typed), commands()),
        Before::Receiver(receiver) => (
            spot.start,
            spot.typed.clone(),
            on_value(at, &known, receiver),
        ),
        Before::Path(path) => {
            let path = path_of(path, at.before());
            (spot.start, spot.typed.clone(), in_path(&known, path))
        }
        Before::Nothing => (spot.start, spot.typed.clone(), plain(at, &known)),
    };
    Completions {
        start,
        end,
        matches: fitting(candidates, &typed),
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
        text: format!(":{}", command.name),
        kind: Kind::Command,
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

/// Methods and fields of the receiver's type; where nobody can say what that is, what begins with the
/// typed characters of every type that is the notebook's or the library's.
fn on_value(at: &At<'_>, known: &Known<'_>, receiver: &str) -> Vec<Completion> {
    let receiver = at.receiver(receiver);
    if receiver.is_unknown() {
        if receiver.answered || at.spot.typed.is_empty() {
            return Vec::new();
        }
        let near = known.near.iter().flat_map(|index| &index.entries);
        let members = near.filter(|entry| entry.on_value);
        return members.map(completion).collect();
    }
    receiver
        .members(known)
        .into_iter()
        .map(completion)
        .collect()
}

/// What a path leads to: the members of a type or the items of a module.
fn in_path(known: &Known<'_>, path: String) -> Vec<Completion> {
    let (home, last) = path.rsplit_once("::").unwrap_or(("", &path));
    let members = known.associated(last, home);
    if !members.is_empty() {
        return members.into_iter().map(completion).collect();
    }
    // `graph::` after `use lessons::graph` means `lessons::graph::`.
    let path = match known.home_of(last) {
        home if !home.is_empty() && !path.contains("::") => format!("{home}::{path}"),
        _ => path,
    };
    let within = |entry: &&Entry| entry.owner == path;
    let items: Vec<Completion> = known.items().filter(within).map(completion).collect();
    if !items.is_empty() {
        return items;
    }
    let tail = format!("::{path}");
    let within = |entry: &&Entry| entry.owner.ends_with(&tail);
    known.items().filter(within).map(completion).collect()
}

/// `Vec` for `Vec::<u8>`, `graph` for `crate::graph`, and for `Self` the type of the impl around it,
/// whose text stands before.
pub(super) fn path_of(path: &str, before: &[char]) -> String {
    let path = path.split('<').next().unwrap_or(path);
    if path == "Self" {
        return implementing(before).unwrap_or_default();
    }
    let segments = path.split("::").map(str::trim);
    let named = segments.filter(|segment| !matches!(*segment, "" | "crate" | "self" | "super"));
    named.collect::<Vec<_>>().join("::")
}

/// The name of the type that the last impl in a text is for.
fn implementing(text: &[char]) -> Option<String> {
    let text: String = masked(text).into_iter().collect();
    let (_, rest) = text.rsplit_once("impl")?;
    let header = rest.split('{').next()?;
    let item = syn::parse_str::<syn::ItemImpl>(&format!("impl{header}{{}}")).ok()?;
    Some(Ty::of(&item.self_ty)?.name)
}

/// The notebook's variables and items; with something typed, also every free-standing name of the
/// library and the language, which would drown the notebook's own otherwise.
fn plain(at: &At<'_>, known: &Known<'_>) -> Vec<Completion> {
    let typed = &at.spot.typed;
    let mut found: Vec<Completion> = Vec::new();
    let bound = names_before(at);
    found.extend(at.notebook.variables.iter().map(|variable| Completion {
        text: variable.name.clone(),
        kind: Kind::Variable,
        signature: variable.ty.clone(),
    }));
    found.extend(
        at.own()
            .into_iter()
            .flat_map(|index| index.items())
            .map(completion),
    );
    found.extend(at.notebook.items.iter().map(|item| Completion {
        text: item.clone(),
        kind: kind_by_case(item),
        signature: String::new(),
    }));
    if !typed.is_empty() {
        let near = known.near.iter().flat_map(|index| index.items());
        found.extend(near.map(completion));
        let imports = known.imports.iter().filter(|(name, _)| name != "*");
        found.extend(imports.map(|(name, home)| {
            let mut items = known.items();
            let item = items.find(|entry| entry.name == *name && entry.owner == *home);
            item.map(completion).unwrap_or(Completion {
                text: name.clone(),
                kind: kind_by_case(name),
                signature: format!("use {home}::{name}"),
            })
        }));
        found.extend(crates(known));
        let known: Vec<&str> = found.iter().map(|item| item.text.as_str()).collect();
        let bound = bound
            .into_iter()
            .filter(|name| name.starts_with(typed.as_str()) && !known.contains(&name.as_str()));
        let bound: Vec<Completion> = bound
            .map(|name| Completion {
                signature: at.guess(&name),
                kind: Kind::Variable,
                text: name,
            })
            .collect();
        found.extend(bound);
    }
    found
}

/// The crates that are known.
fn crates(known: &Known<'_>) -> Vec<Completion> {
    let homes = known.entries().map(|entry| crate_of(&entry.home));
    let mut names: Vec<&str> = homes.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let crates = names.into_iter().map(|name| Completion {
        text: name.to_owned(),
        kind: Kind::Module,
        signature: format!("crate {name}"),
    });
    crates.collect()
}

fn kind_by_case(name: &str) -> Kind {
    match name.starts_with(char::is_uppercase) {
        true => Kind::Type,
        false => Kind::Function,
    }
}

/// The names in the cell before the cursor that may be bound there: lower case, and not called, not a
/// member, no part of a path.
fn names_before(at: &At<'_>) -> Vec<String> {
    let chars = masked(&at.chars()[..at.spot.start]);
    let mut names: Vec<String> = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        let length = chars[start..].iter().take_while(|c| is_word(**c)).count();
        if length == 0 {
            start += 1;
            continue;
        }
        let word = &chars[start..start + length];
        let before = chars[..start].iter().rev().find(|c| !c.is_whitespace());
        let mut after = chars[start + length..]
            .iter()
            .filter(|c| !c.is_whitespace());
        let after = (after.next(), after.next());
        let free = !matches!(before, Some('.' | ':' | '\''))
            && !matches!(after, (Some('(' | '!'), _) | (Some(':'), Some(':')))
            && (word[0].is_lowercase() || word[0] == '_' && length > 1);
        if free {
            names.push(word.iter().collect());
        }
        start += length;
    }
    names.retain(|name| syn::parse_str::<syn::Ident>(name).is_ok());
    names.sort();
    names.dedup();
    names
}
