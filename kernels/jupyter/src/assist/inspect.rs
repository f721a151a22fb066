//! Inspection: what the name under the cursor means.

use super::at::At;
use super::complete::path_of;
use super::docs::Doc;
use super::index::{Entry, Kind};
use super::known::{Known, crate_of};
use super::text::{Before, Spot};
use super::ty::Ty;
use crate::engine::direct::{COMMANDS, short_type};

/// Where std's documentation can be searched.
const STD_DOCS: &str = "https://doc.rust-lang.org/std/?search=";

pub(super) fn inspect(at: &At<'_>, detail: bool) -> Option<Doc> {
    let known = at.known();
    let name = at.spot.name.as_str();
    match at.what() {
        Before::Command => command(name),
        Before::Receiver(receiver) => {
            let receiver = at.receiver(receiver);
            let members = match receiver.is_unknown() {
                true if receiver.answered => Vec::new(),
                true => known.entries().filter(|entry| entry.on_value).collect(),
                false => receiver.members(&known),
            };
            let found = members.into_iter().find(|entry| entry.name == name)?;
            Some(told(at, &known, found, detail))
        }
        Before::Path(path) => {
            let path = path_of(path, at.before());
            let (home, last) = path.rsplit_once("::").unwrap_or(("", &path));
            let mut members = known.associated(last, home).into_iter();
            let member = members.find(|entry| entry.name == name);
            let found = member.or_else(|| item(&known, name, &path))?;
            Some(told(at, &known, found, detail))
        }
        Before::Nothing => plain(at, &known, detail),
    }
}

fn plain(at: &At<'_>, known: &Known<'_>, detail: bool) -> Option<Doc> {
    let name = at.spot.name.as_str();
    if let Some(ty) = at.binding() {
        return Some(value(known, name, &ty, "Bound here."));
    }
    if let Some(variable) = at.variable(name) {
        return Some(value(
            known,
            name,
            &variable.ty,
            "A variable of this notebook.",
        ));
    }
    if let Some(ty) = at.bound(name) {
        return Some(value(known, name, &ty, "Bound in this cell."));
    }
    let mut own = at.own().into_iter().flat_map(|index| index.items());
    if let Some(entry) = own.find(|entry| is_named(entry, name)) {
        return Some(told(at, known, entry, detail));
    }
    if at.notebook.items.iter().any(|item| item == name) {
        return Some(Doc {
            signature: name.to_owned(),
            text: "Defined in this notebook.".into(),
        });
    }
    let found = item(known, name, known.home_of(name))?;
    Some(told(at, known, found, detail))
}

/// A variable: its type, and the first paragraph about that.
fn value(known: &Known<'_>, name: &str, ty: &str, what: &str) -> Doc {
    let about = Ty::parse(ty).and_then(|ty| item(known, &ty.name, &ty.home));
    let about = about.filter(|entry| entry.kind.is_type() && !entry.doc.is_empty());
    let paragraph = about.and_then(|entry| {
        let paragraph = entry.doc.split("\n\n").next()?;
        Some(format!("`{}`: {paragraph}", entry.name))
    });
    let text: Vec<String> = [what.to_owned()].into_iter().chain(paragraph).collect();
    Doc {
        signature: format!("let {name}: {}", short_type(ty)),
        text: text.join("\n\n"),
    }
}

fn command(name: &str) -> Option<Doc> {
    let command = COMMANDS.iter().find(|command| command.name == name)?;
    Some(Doc {
        signature: format!(":{name} {}", command.arguments)
            .trim_end()
            .to_owned(),
        text: command.summary.to_owned(),
    })
}

/// The position of the name at the cursor, or at the call that the cursor is just inside of: `f(|`.
pub(super) fn named(code: &str, cursor: usize) -> Option<usize> {
    let here = Spot::at(code, cursor).filter(|spot| !spot.name.is_empty());
    if let Some(here) = here {
        return Some(here.end);
    }
    let before: Vec<char> = code.chars().take(cursor).collect();
    let end = before
        .iter()
        .rposition(|c| c.is_alphanumeric() || *c == '_')?
        + 1;
    let only_opened = before[end..].iter().all(|c| "!( \"".contains(*c));
    only_opened.then_some(end)
}

fn is_named(entry: &Entry, name: &str) -> bool {
    entry.name.trim_end_matches('!') == name
}

/// The item of a name; where several have it, the one in this module if there is such a one.
fn item<'a>(known: &Known<'a>, name: &str, home: &str) -> Option<&'a Entry> {
    let mut items: Vec<&Entry> = known
        .items()
        .filter(|entry| is_named(entry, name))
        .collect();
    // A keyword and a module may share a name with an item; the item says more. And std says more of
    // its own than the short list of its names does.
    items.sort_by_key(|entry| {
        let elsewhere = !home.is_empty() && entry.owner != home;
        let vague = matches!(entry.kind, Kind::Keyword | Kind::Module);
        let own = crate_of(&entry.home) == "lessons";
        (elsewhere, vague, !own, usize::MAX - entry.doc.len())
    });
    items.into_iter().next()
}

fn told(at: &At<'_>, known: &Known<'_>, entry: &Entry, detail: bool) -> Doc {
    let mut doc = doc(entry);
    if detail {
        let more = match at.source_of(&entry.name) {
            Some(source) if entry.home.is_empty() && !entry.is_member() => {
                Some(format!("```rust\n{source}\n```"))
            }
            _ => members(known, entry),
        };
        doc.text = [doc.text]
            .into_iter()
            .chain(more)
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
    }
    doc
}

/// The members of a type, as code.
fn members(known: &Known<'_>, entry: &Entry) -> Option<String> {
    if !entry.kind.is_type() {
        return None;
    }
    let members = known.members(&entry.name, &entry.home);
    let lines: Vec<&str> = members
        .iter()
        .map(|member| member.signature.as_str())
        .collect();
    (!lines.is_empty()).then(|| format!("```rust\n{}\n```", lines.join("\n")))
}

fn doc(entry: &Entry) -> Doc {
    let signature = match entry.kind {
        Kind::Method | Kind::Field => format!("{}::{}", entry.owner, entry.signature),
        _ => entry.signature.clone(),
    };
    let signature = match signature.split_once("::fn ") {
        Some((owner, rest)) => format!("fn {owner}::{rest}"),
        None => signature,
    };
    let mut text = entry.doc.clone();
    if crate_of(&entry.home) == "std" {
        let name = match entry.is_member() {
            true => format!("{}::{}", entry.owner, entry.name),
            false => entry.name.trim_end_matches('!').to_owned(),
        };
        text = format!("{text}\n\n[Documentation of std]({STD_DOCS}{name})");
    }
    Doc {
        signature,
        text: text.trim_start().to_owned(),
    }
}
