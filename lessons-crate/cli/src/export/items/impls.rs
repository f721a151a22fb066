//! Where impls go: they hold everywhere, whatever block they stand in.

use std::collections::BTreeSet;

use lessons_syntax::{Item, ItemKind};

use super::{Generation, Unit, reached};

/// An impl that the program has.
pub struct PlacedImpl<'g> {
    pub unit: &'g Unit,
    /// The generation in whose block it stands; `None` for the top.
    pub scope: Option<usize>,
}

/// The impls of one text for the same types: when they last count, and as what.
struct Impls<'g> {
    first: (usize, &'g Unit),
    last: (usize, &'g Unit),
    anchors: BTreeSet<&'g String>,
}

/// Impls hold everywhere, wherever they stand, so that a type has each once: as it was last.
pub fn impls<'g>(
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

/// Notes impls that are replaced, in whole or in part, while their types stay.
pub fn note_replaced_impls(before: &[Unit], after: &[Unit], notes: &mut BTreeSet<String>) {
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

fn title(item: &Item) -> String {
    match &item.kind {
        ItemKind::Impl { of, .. } => match &of.of_trait {
            Some(name) => format!("impl {name} for {}", of.self_type),
            None => format!("impl {}", of.self_type),
        },
        _ => item.title().unwrap_or_default().to_owned(),
    }
}
