//! What stands in a box and on the links that leave it, and how large that makes it.

use super::kind::Kind;
use super::scene::{Holds, Part, Scene};
use super::units::{Change, Unit};
use crate::figure::typography::{Face, fit, width};

pub(super) const NAME_SIZE: f64 = 13.0;
pub(super) const SMALL_SIZE: f64 = 11.0;
const LINE: f64 = 15.0;
pub(super) const WIDEST: f64 = 250.0;
/// Below a box, for the type of its value; beside it where the flow goes to the right.
const TYPE_HEIGHT: f64 = 17.0;
const TYPE_ROOM: f64 = 12.0;

/// A box ready to be drawn.
pub(super) struct Caption {
    pub kind: Kind,
    pub name: String,
    /// Beside the name, lighter.
    pub detail: String,
    /// Below the name.
    pub lines: Vec<String>,
    pub tip: String,
    /// What became of all that it stands for; `None` where that differs.
    pub change: Change,
    /// How many ops of it are new, and how many are gone.
    pub added: usize,
    pub removed: usize,
    /// Whether it stands for one op.
    pub is_op: bool,
    /// How many equal parts it stands for.
    pub repeats: usize,
    /// The type of its value, for the links that leave it; `None` where nothing does.
    pub ty: Option<String>,
    pub width: f64,
    pub height: f64,
    /// The width and height of what lies behind the box and holds the type.
    pub tail: [f64; 2],
}

impl Caption {
    /// Whether it is drawn with round ends.
    pub fn is_round(&self) -> bool {
        matches!(self.kind, Kind::Input | Kind::Output)
    }

    /// Width and height of the box itself.
    pub fn inner(&self) -> [f64; 2] {
        [self.width - self.tail[0], self.height - self.tail[1]]
    }
}

/// The box of a part. `read` says whether links leave it, and `across` that they do so to the right.
pub(super) fn caption(scene: &Scene, part: usize, read: bool, across: bool) -> Caption {
    let (mut caption, ty) = match scene.parts[part].holds {
        Holds::Unit(unit) => (of_unit(&scene.units[unit]), Some(&scene.units[unit].ty)),
        _ => {
            let unit = leaves(scene, part);
            (of_part(scene, part), unit.map(|unit| &scene.units[unit].ty))
        }
    };
    caption
        .lines
        .extend(scene.heat.as_ref().and_then(|heat| heat.line(part)));
    let ty = ty.map(|ty| short_type(&ty.to_string()));
    match (read, caption.kind) {
        (true, _) => caption.ty = ty,
        // The link that comes in says it.
        (false, Kind::Output) => {}
        (false, _) => {
            if let Some(ty) = ty {
                caption.lines.insert(0, ty);
            }
        }
    }
    let mut caption = sized(caption, across);
    // Sizes are the same in all stages, words are not.
    match scene.parts[part].holds {
        Holds::Unit(_) => {}
        Holds::Fused(_) if scene.has_hull(part) => {}
        Holds::Fused(_) => caption.name = count(scene.units_of(part).len(), "op"),
        _ => caption.lines[0] = contents(scene, part, |unit| is_there(unit.change)),
    }
    caption
}

fn is_there(change: Change) -> bool {
    !matches!(change, Change::Absent | Change::Removed)
}

/// The last unit of a part that something outside of it reads.
fn leaves(scene: &Scene, part: usize) -> Option<usize> {
    let units = scene.units_of(part);
    let mut is_inside = vec![false; scene.units.len()];
    units.iter().for_each(|unit| is_inside[*unit] = true);
    let outside = (0..scene.units.len()).filter(|unit| !is_inside[*unit]);
    let read = outside.flat_map(|unit| &scene.units[unit].inputs);
    let left = read.filter(|unit| is_inside[**unit]).max();
    left.or(units.last()).copied()
}

/// `5 ops, 2 weights`
fn contents(scene: &Scene, part: usize, counts: impl Fn(&Unit) -> bool) -> String {
    let units = scene
        .units_of(part)
        .into_iter()
        .map(|unit| &scene.units[unit]);
    let (mut ops, mut weights) = (0, 0);
    for unit in units.filter(|unit| counts(unit)) {
        ops += unit.ops;
        weights += unit.weights.len();
    }
    match weights {
        0 => count(ops, "op"),
        _ => format!("{}, {}", count(ops, "op"), count(weights, "weight")),
    }
}

fn of_unit(unit: &Unit) -> Caption {
    let weights = unit.weights.iter();
    let lines = weights.map(|weight| end_of_name(weight, WIDEST)).collect();
    let what = format!("{} {}", unit.name, unit.detail);
    let mut tip = vec![match unit.value == unit.name {
        true => format!("{} : {}", unit.value, unit.ty),
        false => format!("{} = {} : {}", unit.value, what.trim_end(), unit.ty),
    }];
    tip.extend(unit.weights.iter().map(|weight| format!("reads {weight}")));
    Caption {
        kind: unit.kind,
        name: end_of_name(&unit.name, WIDEST),
        detail: fit(&unit.detail, WIDEST, SMALL_SIZE, Face::Mono).into_owned(),
        lines,
        tip: tip.join("\n"),
        change: unit.change,
        added: usize::from(unit.change == Change::Added),
        removed: usize::from(unit.change == Change::Removed),
        is_op: true,
        repeats: 1,
        ty: None,
        width: 0.0,
        height: 0.0,
        tail: [0.0, 0.0],
    }
}

fn of_part(scene: &Scene, part: usize) -> Caption {
    let units = scene.units_of(part);
    let names: Vec<&str> = units
        .iter()
        .take(40)
        .map(|unit| scene.units[*unit].name.as_str())
        .collect();
    let changes: Vec<Change> = units
        .iter()
        .map(|unit| scene.units[*unit].change)
        .filter(|change| *change != Change::Absent)
        .collect();
    let of = |change| changes.iter().filter(|c| **c == change).count();
    let is_all = |change: &Change| of(*change) == changes.len();
    let fused = matches!(scene.parts[part].holds, Holds::Fused(_));
    let mut lines = vec![contents(scene, part, |_| true)];
    if fused {
        lines = vec![fit(&names.join(" → "), WIDEST, SMALL_SIZE, Face::Mono).into_owned()];
    }
    Caption {
        kind: if fused {
            Kind::Elementwise
        } else {
            Kind::Scope
        },
        name: end_of_name(&title(&scene.parts[part]), WIDEST),
        detail: String::new(),
        lines,
        tip: format!("{}: {}", scene.parts[part].label, names.join(", ")),
        change: changes
            .first()
            .copied()
            .filter(is_all)
            .unwrap_or(Change::None),
        added: of(Change::Added),
        removed: of(Change::Removed),
        is_op: false,
        repeats: scene.parts[part].repeats.len().max(1),
        ty: None,
        width: 0.0,
        height: 0.0,
        tail: [0.0, 0.0],
    }
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

fn sized(mut caption: Caption, across: bool) -> Caption {
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
    if let Some(ty) = &caption.ty {
        let wide = (width(ty, SMALL_SIZE, Face::Mono) + TYPE_ROOM).ceil();
        caption.tail = match across {
            true => [wide, 0.0],
            false => [0.0, TYPE_HEIGHT],
        };
        caption.width = match across {
            true => caption.width + wide,
            false => caption.width.max(wide),
        };
        caption.height += caption.tail[1];
    }
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
pub(super) fn end_of_name(name: &str, limit: f64) -> String {
    if width(name, SMALL_SIZE, Face::Mono) <= limit {
        return name.to_owned();
    }
    // No more characters fit, whatever they are.
    const MOST: usize = 120;
    let cut = name.char_indices().nth_back(MOST).map_or(0, |(at, _)| at);
    let name = &name[cut..];
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
