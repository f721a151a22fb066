//! What stands in a box, and how large that makes it.

use super::kind::Kind;
use super::scene::{Holds, Part, Scene};
use super::units::{Change, Unit};
use crate::figure::typography::{Face, fit, width};

pub(super) const NAME_SIZE: f64 = 13.0;
pub(super) const SMALL_SIZE: f64 = 11.0;
const LINE: f64 = 15.0;
const WIDEST: f64 = 250.0;

/// A box ready to be drawn.
pub(super) struct Caption {
    pub kind: Kind,
    pub name: String,
    /// Beside the name, lighter.
    pub detail: String,
    /// Below the name.
    pub lines: Vec<String>,
    pub tip: String,
    pub change: Change,
    /// How many equal parts it stands for.
    pub repeats: usize,
    pub width: f64,
    pub height: f64,
}

impl Caption {
    /// Whether it is drawn with round ends.
    pub fn is_round(&self) -> bool {
        matches!(self.kind, Kind::Input | Kind::Output)
    }
}

pub(super) fn caption(scene: &Scene, part: usize) -> Caption {
    match scene.parts[part].holds {
        Holds::Unit(unit) => of_unit(&scene.units[unit]),
        _ => of_part(scene, part),
    }
}

fn of_unit(unit: &Unit) -> Caption {
    let mut lines = vec![short_type(&unit.ty.to_string())];
    lines.extend(
        unit.weights
            .iter()
            .map(|weight| end_of_name(weight, WIDEST)),
    );
    let what = format!("{} {}", unit.name, unit.detail);
    let mut tip = vec![match unit.value == unit.name {
        true => format!("{} : {}", unit.value, unit.ty),
        false => format!("{} = {} : {}", unit.value, what.trim_end(), unit.ty),
    }];
    tip.extend(unit.weights.iter().map(|weight| format!("reads {weight}")));
    sized(Caption {
        kind: unit.kind,
        name: end_of_name(&unit.name, WIDEST),
        detail: fit(&unit.detail, WIDEST, SMALL_SIZE, Face::Mono).into_owned(),
        lines,
        tip: tip.join("\n"),
        change: unit.change,
        repeats: 1,
        width: 0.0,
        height: 0.0,
    })
}

fn of_part(scene: &Scene, part: usize) -> Caption {
    let units = scene.units_of(part);
    let weights: usize = units
        .iter()
        .map(|unit| scene.units[*unit].weights.len())
        .sum();
    let ops = units.iter().map(|unit| scene.units[*unit].ops).sum();
    let mut contents = count(ops, "op");
    if weights > 0 {
        contents = format!("{contents}, {}", count(weights, "weight"));
    }
    let names: Vec<&str> = units
        .iter()
        .take(40)
        .map(|unit| scene.units[*unit].name.as_str())
        .collect();
    let changes = units.iter().map(|unit| scene.units[*unit].change);
    let fused = matches!(scene.parts[part].holds, Holds::Fused(_));
    let mut lines = vec![contents];
    if fused {
        lines = vec![fit(&names.join(" → "), WIDEST, SMALL_SIZE, Face::Mono).into_owned()];
    }
    lines.extend(
        units
            .last()
            .map(|unit| short_type(&scene.units[*unit].ty.to_string())),
    );
    sized(Caption {
        kind: if fused {
            Kind::Elementwise
        } else {
            Kind::Scope
        },
        name: end_of_name(&title(&scene.parts[part]), WIDEST),
        detail: String::new(),
        lines,
        tip: format!("{}: {}", scene.parts[part].label, names.join(", ")),
        change: changes.max().unwrap_or(Change::None),
        repeats: scene.parts[part].repeats.len().max(1),
        width: 0.0,
        height: 0.0,
    })
}

/// `layer 0 … 5` for folded repeats, else the name.
pub(super) fn title(part: &Part) -> String {
    match (part.repeats.first(), part.repeats.last()) {
        (Some(first), Some(last)) => {
            let number = last.trim_start_matches(|c: char| !c.is_ascii_digit());
            format!("{first} … {number}  × {}", part.repeats.len())
        }
        _ => part.label.clone(),
    }
}

fn sized(mut caption: Caption) -> Caption {
    let name = width(&caption.name, NAME_SIZE, Face::Mono);
    let detail = match caption.detail.as_str() {
        "" => 0.0,
        detail => 7.0 + width(detail, SMALL_SIZE, Face::Mono),
    };
    let lines = caption
        .lines
        .iter()
        .map(|line| width(line, SMALL_SIZE, Face::Mono));
    let widest = lines.fold(name + detail, f64::max);
    caption.width = (widest + 22.0).max(56.0).ceil();
    caption.height = 24.0 + LINE * caption.lines.len() as f64 + 4.0;
    caption
}

/// The baselines of the lines of a box of a height, from its top.
pub(super) fn baselines(lines: usize) -> impl Iterator<Item = f64> {
    (0..=lines).map(|line| {
        if line == 0 {
            18.0
        } else {
            18.0 + LINE * line as f64
        }
    })
}

/// A name that is too long loses its beginning, which it has in common with its neighbors.
fn end_of_name(name: &str, limit: f64) -> String {
    if width(name, SMALL_SIZE, Face::Mono) <= limit {
        return name.to_owned();
    }
    let fits = |end: &&str| width(end, SMALL_SIZE, Face::Mono) <= limit - SMALL_SIZE;
    let ends = |at: char| {
        let starts = name
            .char_indices()
            .filter(move |(_, c)| at == *c || at == '\0');
        starts.map(|(start, c)| &name[start + c.len_utf8()..])
    };
    // After a dot of a path such as `layer.0.attention.weight`, else anywhere.
    let end = ends('.').find(fits).or_else(|| ends('\0').find(fits));
    format!("…{}", end.unwrap_or_default())
}

fn short_type(ty: &str) -> String {
    fit(ty, WIDEST, SMALL_SIZE, Face::Mono).into_owned()
}

/// `1 op`, `2 ops`.
pub(in crate::figure) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
