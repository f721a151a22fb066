//! Inspection: what the name under the cursor means.

use super::Names;
use super::complete::derefs;
use super::docs::Doc;
use super::index::{Entry, Index, Kind};
use super::infer::Scope;
use super::text::{Before, Spot};

pub(super) fn inspect(index: &Index, names: &Names, code: &str, cursor: usize) -> Option<Doc> {
    let spot = named_spot(code, cursor)?;
    let text: String = code.chars().take(spot.start).collect();
    let scope = Scope {
        index,
        names,
        code: &text,
    };
    let name = spot.name.as_str();
    match &spot.before {
        Before::Command => None,
        Before::Receiver(receiver) => {
            let ty = scope.type_of(receiver);
            let owners: Vec<&str> = ty.iter().flat_map(derefs).collect();
            let known = owners.iter().flat_map(|owner| index.members(owner));
            let anywhere = index
                .entries
                .iter()
                .filter(|entry| entry.on_value && ty.is_none());
            known
                .chain(anywhere)
                .find(|entry| entry.name == name)
                .map(doc)
        }
        Before::Path(path) => {
            let owner = path
                .split('<')
                .next()
                .unwrap_or(path)
                .trim_end_matches("::");
            let owner = owner.rsplit("::").next().unwrap_or(owner);
            let member = index.members(owner).find(|entry| entry.name == name);
            member.or_else(|| item(index, name)).map(doc)
        }
        Before::Nothing => {
            let variable = names
                .variables
                .iter()
                .find(|variable| variable.name == name);
            if let Some(variable) = variable {
                return Some(Doc {
                    signature: format!("let {name}: {}", variable.ty),
                    text: "A variable of this notebook.".into(),
                });
            }
            if names.items.iter().any(|item| item == name) {
                return Some(Doc {
                    signature: name.to_owned(),
                    text: "Defined in this notebook.".into(),
                });
            }
            if let Some(entry) = item(index, name) {
                return Some(doc(entry));
            }
            // A name that this cell binds.
            let ty = scope.type_of(name)?;
            item(index, &ty.name).map(doc)
        }
    }
}

/// The spot at the cursor, or at the call that the cursor is just inside of: `f(|`.
fn named_spot(code: &str, cursor: usize) -> Option<Spot> {
    let here = Spot::at(code, cursor).filter(|spot| !spot.name.is_empty());
    here.or_else(|| {
        let before: Vec<char> = code.chars().take(cursor).collect();
        let end = before
            .iter()
            .rposition(|c| c.is_alphanumeric() || *c == '_')?
            + 1;
        let only_opened = before[end..].iter().all(|c| "!( \"".contains(*c));
        only_opened.then(|| Spot::at(code, end)).flatten()
    })
}

fn item<'a>(index: &'a Index, name: &str) -> Option<&'a Entry> {
    // A keyword and a module may share a name with an item; the item says more.
    let named = |entry: &&Entry| entry.name.trim_end_matches('!') == name;
    let mut items: Vec<&Entry> = index.items().filter(named).collect();
    items.sort_by_key(|entry| matches!(entry.kind, Kind::Keyword | Kind::Module));
    items.into_iter().next()
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
    Doc {
        signature,
        text: entry.doc.clone(),
    }
}
