//! Where a notebook's items go in a program.
//!
//! An item that keeps its meaning to the end stands at the top of the program. A name that a later
//! cell redefines has several meanings, and statements of a cell must see the one of their time: such
//! items stand in blocks, one inside the other, that begin where a cell redefines something. An item
//! that mentions a redefined one means something else from there on, and is repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use lessons_syntax::notebook::{LiveItem, Notebook};
use lessons_syntax::{Item, ItemKind, Leaf, Name, ParsedCell};

/// Items in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Index of the cell that it is from.
    pub cell: usize,
    pub text: String,
    /// Macros must stand before what calls them.
    pub is_macro: bool,
}

/// A block that begins with a cell and ends with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Index of the first cell whose statements are inside.
    pub first: usize,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    pub top: Vec<Piece>,
    pub scopes: Vec<Scope>,
    /// What a program cannot do as the notebook did.
    pub notes: Vec<String>,
}

/// An item, or one path of a `use`, as it counts at some time.
#[derive(Debug, Clone)]
struct Unit {
    item: Arc<Item>,
    leaf: Option<Leaf>,
    holes: Vec<Range<usize>>,
    cell: usize,
    /// What it says, whatever the layout.
    says: String,
    names: Vec<Name>,
    uses: BTreeSet<String>,
}

impl Unit {
    fn is_impl(&self) -> bool {
        matches!(self.item.kind, ItemKind::Impl { .. })
    }

    fn answers_to(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.name == name)
    }
}

/// A stretch of cells within which nothing is redefined, as it is at its end.
#[derive(Debug)]
struct Generation {
    first: usize,
    units: Vec<Unit>,
    /// For each unit but impls: what it says, and what all that says which it leads to.
    meanings: Vec<String>,
}

/// Places the items of a notebook's cells.
pub fn place(cells: &[ParsedCell]) -> Placed {
    let mut notes = BTreeSet::new();
    let generations = generations(cells, &mut notes);
    let stable = stable(&generations);
    let is_stable = |meaning: &String| stable.contains(meaning);
    let mut top: Vec<&Unit> = Vec::new();
    let mut inside: Vec<Vec<&Unit>> = vec![Vec::new(); generations.len()];

    let mut written: BTreeSet<&String> = BTreeSet::new();
    let mut visible: BTreeMap<String, &String> = BTreeMap::new();
    for (index, generation) in generations.iter().enumerate() {
        for (unit, meaning) in generation.units.iter().zip(&generation.meanings) {
            if unit.is_impl() {
                continue;
            }
            if is_stable(meaning) {
                if written.insert(meaning) {
                    top.push(unit);
                }
                continue;
            }
            let handles = handles(unit);
            if handles
                .iter()
                .any(|handle| visible.get(handle) != Some(&meaning))
            {
                visible.extend(handles.into_iter().map(|handle| (handle, meaning)));
                inside[index].push(unit);
            }
        }
    }

    for placed in impls(&generations, is_stable, &mut notes) {
        match placed.scope {
            None => top.push(placed.unit),
            Some(index) => inside[index].push(placed.unit),
        }
    }
    let scopes = generations.iter().zip(inside);
    Placed {
        top: pieces(cells, &top),
        scopes: scopes
            .filter(|(_, units)| !units.is_empty())
            .map(|(generation, units)| Scope {
                first: generation.first,
                pieces: pieces(cells, &units),
            })
            .collect(),
        notes: notes.into_iter().collect(),
    }
}

/// What a unit is found by: its names, or, for `use a::*`, its path.
fn handles(unit: &Unit) -> Vec<String> {
    if unit.names.is_empty() {
        return vec![unit.says.clone()];
    }
    let names = unit.names.iter();
    names
        .map(|name| format!("{:?} {}", name.space, name.name))
        .collect()
}

fn generations(cells: &[ParsedCell], notes: &mut BTreeSet<String>) -> Vec<Generation> {
    let mut notebook = Notebook::default();
    let mut text_cells = Vec::new();
    let mut generations: Vec<Generation> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        notebook.define(cell);
        while text_cells.len() < notebook.texts.len() {
            text_cells.push(index);
        }
        let units = units(&notebook, &text_cells);
        if let Some(last) = generations.last() {
            note_replaced_impls(&last.units, &units, notes);
        }
        match generations.last_mut() {
            Some(last) if continues(&last.units, &units) => last.units = units,
            _ => generations.push(Generation {
                first: index,
                units,
                meanings: Vec::new(),
            }),
        }
    }
    for generation in &mut generations {
        let units = &generation.units;
        generation.meanings = (0..units.len())
            .map(|index| {
                let reached = reached(units, &units[index].uses);
                let parts: BTreeSet<&str> = reached
                    .iter()
                    .map(|&index| units[index].says.as_str())
                    .collect();
                let parts: Vec<&str> = parts.into_iter().collect();
                format!("{}\n{}", units[index].says, parts.join("\n"))
            })
            .collect();
    }
    generations
}

fn units(notebook: &Notebook, text_cells: &[usize]) -> Vec<Unit> {
    let mut units = Vec::new();
    for live in &notebook.items {
        let LiveItem { item, holes, .. } = live;
        let unit = Unit {
            item: item.clone(),
            leaf: None,
            holes: holes.clone(),
            cell: text_cells[live.cell],
            says: item.normalized.clone(),
            names: item.names.clone(),
            uses: item.uses.clone(),
        };
        if live.leaves.is_empty() {
            units.push(unit);
            continue;
        }
        for leaf in &live.leaves {
            let bound = |name: &&Name| leaf.binding.as_ref() == Some(&name.name);
            units.push(Unit {
                says: format!("use {}", leaf.path),
                names: item.names.iter().filter(bound).cloned().collect(),
                uses: leaf.root().into_iter().collect(),
                leaf: Some(leaf.clone()),
                ..unit.clone()
            });
        }
    }
    units
}

/// Whether everything that counted before still does.
fn continues(before: &[Unit], after: &[Unit]) -> bool {
    let said: BTreeSet<&str> = after.iter().map(|unit| unit.says.as_str()).collect();
    before
        .iter()
        .all(|unit| unit.is_impl() || said.contains(unit.says.as_str()))
}

/// Notes impls that are replaced, in whole or in part, while their types stay.
fn note_replaced_impls(before: &[Unit], after: &[Unit], notes: &mut BTreeSet<String>) {
    let said: BTreeSet<&str> = after.iter().map(|unit| unit.says.as_str()).collect();
    for old in before.iter().filter(|unit| unit.is_impl()) {
        let kept = after
            .iter()
            .any(|new| new.says == old.says && new.holes.len() == old.holes.len());
        let stays = before
            .iter()
            .filter(|other| is_about(old, other))
            .all(|other| said.contains(other.says.as_str()));
        if !kept && stays {
            notes.insert(last_counts(old, "it"));
        }
    }
}

fn last_counts(unit: &Unit, what: &str) -> String {
    format!(
        "`{}` (code cell {}): a later cell redefines {what}; in a program a type has one meaning, so \
         the last definition counts from the start",
        title(&unit.item),
        unit.cell + 1
    )
}

/// The units, impls aside, that code mentioning these names leads to.
fn reached(units: &[Unit], names: &BTreeSet<String>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut queue: Vec<&String> = names.iter().collect();
    while let Some(name) = queue.pop() {
        if !seen.insert(name) {
            continue;
        }
        for (index, unit) in units.iter().enumerate() {
            let leads = unit.answers_to(name) || unit.item.provides.contains(name);
            if leads && !unit.is_impl() && found.insert(index) {
                queue.extend(&unit.uses);
            }
        }
    }
    found
}

/// The meanings of units whose names never mean anything else, and that lead to such units only.
fn stable(generations: &[Generation]) -> BTreeSet<String> {
    let mut by_handle: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    let mut leads_to: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for Generation {
        units, meanings, ..
    } in generations
    {
        for (unit, meaning) in units.iter().zip(meanings) {
            if unit.is_impl() {
                continue;
            }
            for handle in handles(unit) {
                by_handle.entry(handle).or_default().insert(meaning);
            }
            let reached = reached(units, &unit.uses).into_iter();
            leads_to
                .entry(meaning)
                .or_default()
                .extend(reached.map(|index| &meanings[index]));
        }
    }
    let changing = by_handle.values().filter(|meanings| meanings.len() > 1);
    let mut unstable: BTreeSet<&String> = changing.flatten().copied().collect();
    loop {
        let more: Vec<&String> = leads_to
            .iter()
            .filter(|(meaning, others)| {
                !unstable.contains(*meaning) && !others.is_disjoint(&unstable)
            })
            .map(|(meaning, _)| *meaning)
            .collect();
        if more.is_empty() {
            break;
        }
        unstable.extend(more);
    }
    let stable = leads_to.into_keys();
    stable
        .filter(|meaning| !unstable.contains(meaning))
        .cloned()
        .collect()
}

struct PlacedImpl<'g> {
    unit: &'g Unit,
    /// The generation in whose block it stands; `None` for the top.
    scope: Option<usize>,
}

/// The impls of one text for the same types: when they last count, and as what.
struct Impls<'g> {
    first: (usize, &'g Unit),
    last: (usize, &'g Unit),
    anchors: BTreeSet<&'g String>,
}

/// Impls hold everywhere, wherever they stand, so that a type has each once: as it was last.
fn impls<'g>(
    generations: &'g [Generation],
    is_stable: impl Fn(&String) -> bool,
    notes: &mut BTreeSet<String>,
) -> Vec<PlacedImpl<'g>> {
    let mut groups: Vec<Impls<'g>> = Vec::new();
    for (index, generation) in generations.iter().enumerate() {
        for unit in generation.units.iter().filter(|unit| unit.is_impl()) {
            let anchors = anchors(generation, unit);
            let group = groups
                .iter_mut()
                .find(|group| group.last.1.says == unit.says && group.anchors == anchors);
            match group {
                Some(group) => group.last = (index, unit),
                None => groups.push(Impls {
                    first: (index, unit),
                    last: (index, unit),
                    anchors,
                }),
            }
        }
    }
    let mut placed = Vec::new();
    for group in &groups {
        let (at, unit) = group.last;
        let leads_to = |(index, unit): (usize, &Unit)| -> BTreeSet<&String> {
            let generation = &generations[index];
            let reached = reached(&generation.units, &unit.uses).into_iter();
            reached.map(|index| &generation.meanings[index]).collect()
        };
        let replaced = generations[at + 1..].iter().any(|later| {
            let meanings: BTreeSet<&String> = later.meanings.iter().collect();
            group.anchors.is_subset(&meanings)
        });
        if replaced {
            continue;
        }
        if leads_to(group.first) != leads_to(group.last) {
            notes.insert(last_counts(unit, "what it calls"));
        }
        let all_stable = leads_to(group.last).into_iter().all(&is_stable)
            && group.anchors.iter().all(|meaning| is_stable(meaning));
        placed.push(PlacedImpl {
            unit,
            scope: (!all_stable).then_some(at),
        });
    }
    placed
}

/// The meanings of the notebook's own types and traits that an impl is about.
fn anchors<'g>(generation: &'g Generation, unit: &Unit) -> BTreeSet<&'g String> {
    let units = generation.units.iter().zip(&generation.meanings);
    units
        .filter(|(other, _)| is_about(unit, other))
        .map(|(_, meaning)| meaning)
        .collect()
}

/// Whether an impl is about a type or trait of the notebook.
fn is_about(unit: &Unit, other: &Unit) -> bool {
    let ItemKind::Impl { of, .. } = &unit.item.kind else {
        return false;
    };
    let mut names = other.names.iter();
    !other.is_impl()
        && names
            .any(|name| of.self_names.contains(&name.name) || of.trait_names.contains(&name.name))
}

fn title(item: &Item) -> String {
    match &item.kind {
        ItemKind::Impl { of, .. } => match &of.of_trait {
            Some(name) => format!("impl {name} for {}", of.self_type),
            None => format!("impl {}", of.self_type),
        },
        _ => item.title().unwrap_or_default().to_owned(),
    }
}

fn pieces(cells: &[ParsedCell], units: &[&Unit]) -> Vec<Piece> {
    let mut units: Vec<&Unit> = units.to_vec();
    units.sort_by_key(|unit| (unit.cell, unit.item.range.start));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let unit = units[at];
        let same = units[at..]
            .iter()
            .take_while(|other| Arc::ptr_eq(&other.item, &unit.item))
            .count();
        let group = &units[at..at + same];
        at += same;
        let whole = match &unit.item.kind {
            ItemKind::Use(leaves) => leaves.len() == group.len(),
            _ => true,
        };
        let text = match whole {
            true => source(&cells[unit.cell].text, unit),
            false => {
                let leaves = group.iter().filter_map(|unit| unit.leaf.as_ref());
                let lines: Vec<String> = leaves.map(|leaf| format!("use {};", leaf.path)).collect();
                lines.join("\n")
            }
        };
        pieces.push(Piece {
            cell: unit.cell,
            text,
            is_macro: unit.item.kind == ItemKind::Macro,
        });
    }
    pieces
}

/// An item's text, with the comments above it and without the parts that were replaced.
fn source(text: &str, unit: &Unit) -> String {
    let range = &unit.item.range;
    let mut written = text[with_comments(text, range.start)..range.start].to_owned();
    let mut holes = unit.holes.clone();
    holes.sort_by_key(|hole| hole.start);
    let mut start = range.start;
    for hole in holes {
        written.push_str(text[start..hole.start].trim_end());
        start = hole.end;
    }
    written.push_str(&text[start..range.end]);
    written
}

/// Where the comment lines directly above a place begin.
pub fn with_comments(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    if !text[line..at].trim().is_empty() {
        return at;
    }
    let mut start = line;
    let mut found = at;
    while start > 0 {
        let above = text[..start - 1]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        if !text[above..start - 1].trim_start().starts_with("//") {
            break;
        }
        start = above;
        found = above;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(cells: &[&str]) -> Placed {
        let cells: Vec<ParsedCell> = cells
            .iter()
            .map(|code| lessons_syntax::parse(code).unwrap())
            .collect();
        place(&cells)
    }

    fn texts(pieces: &[Piece]) -> Vec<&str> {
        pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn what_is_never_redefined_stands_at_the_top_once() {
        let placed = placed(&[
            "use std::fmt;\nfn f() {}",
            "struct S;\nuse std::fmt;",
            "// Doubles.\nfn f() {} // the same again",
        ]);
        assert_eq!(
            texts(&placed.top),
            ["struct S;", "use std::fmt;", "// Doubles.\nfn f() {}"]
        );
        assert!(placed.scopes.is_empty() && placed.notes.is_empty());
    }

    #[test]
    fn a_redefined_function_and_its_callers_come_in_blocks() {
        let placed = placed(&[
            "fn g() -> i32 { 1 }\nfn f() -> i32 { g() }\nfn h() {}",
            "f();",
            "fn g() -> i32 { 2 }",
            "f();",
        ]);
        assert_eq!(texts(&placed.top), ["fn h() {}"]);
        assert_eq!(placed.scopes.len(), 2);
        assert_eq!((placed.scopes[0].first, placed.scopes[1].first), (0, 2));
        assert_eq!(
            texts(&placed.scopes[1].pieces),
            ["fn f() -> i32 { g() }", "fn g() -> i32 { 2 }"]
        );
    }

    #[test]
    fn a_type_stays_one_type_while_others_change() {
        let placed = placed(&[
            "struct Keep;\nstruct Change(Keep);\nimpl Clone for Change { fn clone(&self) -> Self { loop {} } }\nimpl Clone for Keep { fn clone(&self) -> Self { Keep } }",
            "impl Change { fn get(&self) {} }",
            "struct Change(u8);",
        ]);
        assert_eq!(texts(&placed.top).len(), 2, "{placed:?}");
        // The impl beside the old type goes with it, one in another cell is for both.
        assert_eq!(texts(&placed.scopes[0].pieces).len(), 3);
        assert_eq!(
            texts(&placed.scopes[1].pieces),
            ["impl Change { fn get(&self) {} }", "struct Change(u8);"]
        );
    }

    #[test]
    fn of_a_methods_definitions_the_last_counts_and_that_is_said() {
        let placed = placed(&[
            "struct P;\nimpl P { fn a(&self) {} fn b(&self) {} }\nimpl Clone for P { fn clone(&self) -> P { P } }",
            "impl P { fn a(&self) -> i32 { 1 } }",
            "fn unrelated() {}",
            "fn unrelated() { 1; }\nimpl Clone for P { fn clone(&self) -> P { loop {} } }",
        ]);
        let texts = texts(&placed.top);
        assert!(texts.contains(&"impl P { fn b(&self) {} }"), "{texts:?}");
        assert_eq!(
            texts
                .iter()
                .filter(|text| text.contains("impl Clone"))
                .count(),
            1
        );
        assert_eq!(placed.notes.len(), 2, "{:?}", placed.notes);
    }

    #[test]
    fn an_import_gives_way_path_by_path() {
        let placed = placed(&[
            "use std::collections::{HashMap, HashSet};",
            "struct HashMap;",
        ]);
        assert_eq!(texts(&placed.top), ["use std::collections::HashSet;"]);
        assert_eq!(
            texts(&placed.scopes[0].pieces),
            ["use std::collections::HashMap;"]
        );
        assert_eq!(texts(&placed.scopes[1].pieces), ["struct HashMap;"]);
    }
}
