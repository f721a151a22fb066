//! Where a notebook's items go in a program.
//!
//! An item that keeps its meaning to the end stands at the top of the program. A name that a later
//! cell redefines has several meanings, and statements of a cell must see the one of their time: such
//! items stand in blocks, one inside the other, that begin where a cell redefines something. An item
//! that mentions a redefined one means something else from there on, and is repeated.

mod impls;
mod pieces;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use lessons_syntax::notebook::{LiveItem, Notebook};
use lessons_syntax::{Item, ItemKind, Leaf, Name, ParsedCell};

use self::impls::{impls, note_replaced_impls};
use self::pieces::pieces;

pub use self::pieces::{Piece, with_comments};

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
