//! A diagram in words: the finding, and the table of its nodes.

use super::caption::{count, title};
use super::scene::{Holds, ROOT, Scene};
use super::units::{Change, Unit};
use crate::figure::table::aligned;
use crate::graph::Graph;
use crate::graph::ops::{Op, OpDef};

/// As many rows as the text twin lists.
const MOST_ROWS: usize = 60;

/// What there is, what comes out, what is folded and what changed.
pub(super) fn finding(graph: &Graph, scene: &Scene, compared: bool) -> String {
    let mut words = vec![format!("{}.", contents(graph))];
    let repeated: Vec<String> = scene
        .hulls()
        .into_iter()
        .map(|part| &scene.parts[part])
        .filter(|part| !part.repeats.is_empty())
        .map(|part| title(part).replace("  ", " "))
        .collect();
    if !repeated.is_empty() {
        words.push(format!("Drawn once: {}.", listed(&repeated, 8)));
    }
    let folded: Vec<String> = scene
        .boxes()
        .into_iter()
        .map(|part| &scene.parts[part])
        .filter(|part| !part.children.is_empty())
        .map(|part| title(part).replace("  ", " "))
        .collect();
    if !folded.is_empty() {
        words.push(format!("Folded: {}.", listed(&folded, 8)));
    }
    if compared {
        words.push(format!("{}.", changes(&scene.units)));
    }
    if let Some(heat) = &scene.heat {
        words.push(heat.finding(scene));
    }
    if !scene.unknown.is_empty() {
        let names = scene
            .part_names()
            .into_iter()
            .map(|name| format!("`{name}`"));
        let unknown: Vec<String> = scene
            .unknown
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let names: Vec<String> = names.collect();
        words.push(match names.is_empty() {
            true => format!(
                "There is no part {}, and nothing to open.",
                unknown.join(", ")
            ),
            false => format!(
                "There is no part {}; the parts are {}.",
                unknown.join(", "),
                listed(&names, 12)
            ),
        });
    }
    words.join(" ")
}

/// `1 input, 2 ops (mul, add), output y f32[n]`
fn contents(graph: &Graph) -> String {
    let ops: Vec<&Op> = graph
        .nodes()
        .iter()
        .map(|node| &node.op)
        .filter(|op| !op.is_source())
        .collect();
    let mut names: Vec<String> = Vec::new();
    for op in &ops {
        let name = match op {
            Op::Fused(fused) => format!("fused {}", fused.summary()),
            op => op.name().to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut words = vec![count(graph.inputs().count(), "input")];
    match graph.weights().count() {
        0 => {}
        weights => words.push(count(weights, "weight")),
    }
    words.push(match names.is_empty() {
        true => count(0, "op"),
        false => format!("{} ({})", count(ops.len(), "op"), listed(&names, 6)),
    });
    for output in graph.outputs().iter().take(4) {
        if let Some(node) = graph.node(output.node) {
            words.push(format!("output {} {}", output.name, node.ty));
        }
    }
    if let Some(more @ 1..) = graph.outputs().len().checked_sub(4) {
        words.push(format!("and {} more", count(more, "output")));
    }
    words.join(", ")
}

fn changes(units: &[Unit]) -> String {
    let of = |change| units.iter().filter(|unit| unit.change == change).count();
    let mut words = Vec::new();
    for (number, word) in [
        (of(Change::Added), "added"),
        (of(Change::Removed), "removed"),
    ] {
        if number > 0 {
            words.push(format!("{number} {word}"));
        }
    }
    let groups: std::collections::BTreeSet<_> = units
        .iter()
        .filter(|unit| unit.change == Change::Fused)
        .filter_map(|unit| unit.fused)
        .collect();
    if !groups.is_empty() {
        words.push(format!(
            "{} fused into {}",
            count(of(Change::Fused), "op"),
            groups.len()
        ));
    }
    match words.is_empty() {
        true => "Nothing changed".to_owned(),
        false => format!("Changed: {}", words.join(", ")),
    }
}

/// At most `most` names.
fn listed(names: &[String], most: usize) -> String {
    match names.len() > most {
        true => format!(
            "{} and {} more",
            names[..most].join(", "),
            names.len() - most
        ),
        false => names.join(", "),
    }
}

/// One line a box: what it is called, what it does with what, and its type.
pub(super) fn table(scene: &Scene, compared: bool) -> String {
    let boxes = scene.boxes();
    let mut rows = vec![
        ["value", "op", "reads", "type", "part"]
            .map(str::to_owned)
            .to_vec(),
    ];
    if compared {
        rows[0].push("change".to_owned());
    }
    if let Some(heat) = &scene.heat {
        rows[0].push(heat.name().to_owned());
    }
    let edges = scene.edges();
    for part in boxes.iter().take(MOST_ROWS) {
        let (unit, name) = match scene.parts[*part].holds {
            Holds::Unit(unit) => (unit, None),
            _ => {
                let units = scene.units_of(*part);
                let Some(last) = units.last() else {
                    continue;
                };
                (
                    *last,
                    Some((
                        title(&scene.parts[*part]),
                        count(units.iter().map(|unit| scene.units[*unit].ops).sum(), "op"),
                    )),
                )
            }
        };
        let unit = &scene.units[unit];
        let reads: Vec<String> = edges
            .iter()
            .filter(|edge| edge.to == *part)
            .map(|edge| value(scene, edge.from))
            .chain(unit.weights.iter().filter(|_| name.is_none()).cloned())
            .collect();
        let (value, op) = name.unwrap_or_else(|| (unit.value.clone(), op(unit)));
        let around = scene.parts[*part].parent.filter(|around| *around != ROOT);
        let around = around.map_or(String::new(), |around| title(&scene.parts[around]));
        let mut row = vec![value, op, reads.join(", "), unit.ty.to_string(), around];
        if compared {
            row.push(match unit.change {
                Change::None => String::new(),
                change => format!("{change:?}").to_lowercase(),
            });
        }
        if let Some(heat) = &scene.heat {
            row.push(heat.line(*part).unwrap_or_default());
        }
        rows.push(row);
    }
    let mut text = aligned(&rows);
    if boxes.len() > MOST_ROWS {
        text.push_str(&format!("… and {} more\n", boxes.len() - MOST_ROWS));
    }
    text
}

fn op(unit: &Unit) -> String {
    use super::kind::Kind;
    match unit.kind {
        Kind::Input | Kind::Output | Kind::Weight => unit.kind.name().to_owned(),
        _ => format!("{} {}", unit.name, unit.detail)
            .trim_end()
            .to_owned(),
    }
}

fn value(scene: &Scene, part: usize) -> String {
    match scene.parts[part].holds {
        Holds::Unit(unit) => scene.units[unit].value.clone(),
        _ => title(&scene.parts[part]),
    }
}
