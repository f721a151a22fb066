//! Links, and the types of the values that they carry.

use std::collections::BTreeMap;

use super::Direction;
use super::caption::SMALL_SIZE;
use super::draw::{FUSED_GROUND, REMOVED};
use super::place::{Hull, Placed, PlacedBox, Wire};
use super::scene::{Holds, Scene};
use super::units::Change;
use crate::figure::palette::{self, Color};
use crate::figure::svg::{self, Path, Svg};
use crate::figure::typography::{Face, width};

const ARROW: f64 = 5.0;

/// A piece of a link with the box at which it begins; `None` where it goes on from the border of a hull.
pub(super) struct Hookup<'p> {
    pub wire: &'p Wire,
    from: Option<&'p PlacedBox>,
}

pub(super) fn hookups(placed: &Placed, direction: Direction) -> Vec<Hookup<'_>> {
    let along = usize::from(direction == Direction::TopToBottom);
    let boxes: BTreeMap<usize, &PlacedBox> = placed.boxes.iter().map(|b| (b.part, b)).collect();
    let begins_at = |wire: &Wire, from: &PlacedBox| {
        let end = match wire.upwards {
            true => [from.x, from.y],
            false => [from.x + from.caption.width, from.y + from.caption.height],
        };
        let first = wire.points.first();
        first.is_some_and(|first| (first[along] - end[along]).abs() < 0.01)
    };
    let hookups = placed.wires.iter().map(|wire| {
        let from = boxes.get(&wire.from).copied();
        Hookup {
            wire,
            from: from.filter(|from| begins_at(wire, from)),
        }
    });
    hookups.collect()
}

/// The type of a value, on one of the links that leave its box.
pub(super) struct TypeLabel<'p> {
    pub text: &'p str,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

const TYPE_LINE: f64 = 13.0;

/// The type of each value where its links leave the box, once for links that leave it close to one
/// another.
pub(super) fn types<'p>(
    scene: &Scene,
    hookups: &[Hookup<'p>],
    direction: Direction,
) -> Vec<TypeLabel<'p>> {
    let down = direction == Direction::TopToBottom;
    let mut leaving: BTreeMap<usize, (&PlacedBox, Vec<f64>)> = BTreeMap::new();
    for Hookup { wire, from, .. } in hookups {
        if let (Some(from), Some(point), false) = (from, wire.points.first(), wire.upwards)
            && scene.has_link(wire.from, &wire.leads_to)
        {
            let (_, places) = leaving.entry(from.part).or_insert((from, Vec::new()));
            places.push(point[usize::from(!down)]);
        }
    }
    let mut types = Vec::new();
    for (from, mut places) in leaving.into_values() {
        let Some(ty) = &from.caption.ty else {
            continue;
        };
        let wide = width(ty, SMALL_SIZE, Face::Mono);
        let [inner_width, inner_height] = from.caption.inner();
        places.sort_by(f64::total_cmp);
        let room = if down { wide + 6.0 } else { 15.0 };
        let mut free = f64::NEG_INFINITY;
        places.retain(|place| {
            let kept = *place >= free;
            if kept {
                free = place + room;
            }
            kept
        });
        types.extend(places.into_iter().map(|place| {
            let half = wide / 2.0 + 2.0;
            let most = (from.x + from.caption.width - half).max(from.x + half);
            let [x, y] = match down {
                true => [
                    place.clamp(from.x + half, most) - half,
                    from.y + inner_height + 3.0,
                ],
                false => [from.x + inner_width + 4.0, place - 14.0],
            };
            TypeLabel {
                text: ty,
                x,
                y,
                width: 2.0 * half,
                height: TYPE_LINE,
            }
        }));
    }
    types
}

/// Writes the types. They stand on links that lead down, and above those that lead to the right.
pub(super) fn draw_types(
    svg: &mut Svg,
    scene: &Scene,
    placed: &Placed,
    types: &[TypeLabel],
    direction: Direction,
) {
    for ty in types {
        let middle = ty.x + ty.width / 2.0;
        let text = match direction {
            Direction::TopToBottom => {
                let ground = ground_at(scene, placed, [middle, ty.y]);
                svg.add(svg::rect(ty.x, ty.y, ty.width, ty.height).fill(ground));
                svg::text(middle, ty.y + 10.0, ty.text).middle()
            }
            Direction::LeftToRight => svg::text(ty.x + 2.0, ty.y + 10.0, ty.text),
        };
        svg.add(text.mono().size(SMALL_SIZE).fill(palette::MUTED));
    }
}

/// The color of the innermost hull around a point.
fn ground_at(scene: &Scene, placed: &Placed, [x, y]: [f64; 2]) -> Color {
    let around = placed.hulls.iter().filter(|hull| {
        let inside = (hull.x..hull.x + hull.width).contains(&x);
        inside && (hull.y..hull.y + hull.height).contains(&y)
    });
    // Runs have no ground of their own.
    let grounded = |hull: &&Hull| scene.parts[hull.part].holds != Holds::Run;
    let mut grounds = around
        .filter(grounded)
        .filter(|hull| scene.has_hull(hull.part));
    match grounds.next_back() {
        Some(hull) => match scene.parts[hull.part].holds {
            Holds::Fused(_) => FUSED_GROUND,
            _ => palette::HULL,
        },
        None => palette::CARD,
    }
}

/// A stretch of a link: its ends, with what bends it between them.
pub(super) type Stretch = [[f64; 2]; 4];

impl Hookup<'_> {
    /// Whether nothing passes it any more in the stage that is drawn.
    pub fn is_gone(&self, scene: &Scene) -> bool {
        let gone = |part: usize| match scene.parts[part].holds {
            Holds::Unit(unit) => scene.units[unit].change == Change::Removed,
            _ => false,
        };
        let from = self.wire.from;
        let drawn = |to: &&usize| scene.has_link(from, &[**to]);
        gone(from) || self.wire.leads_to.iter().filter(drawn).all(|to| gone(*to))
    }

    /// The way of a link, up to its arrow. It begins at the box itself.
    pub fn course(&self, direction: Direction) -> Vec<Stretch> {
        let along = usize::from(direction == Direction::TopToBottom);
        let wire = self.wire;
        let mut points = wire.points.clone();
        if let (Some(end), Some(_)) = (points.last_mut(), wire.to) {
            end[along] -= if wire.upwards { -ARROW } else { ARROW };
        }
        if let (Some(from), Some(first), false) = (self.from, points.first(), wire.upwards) {
            let mut start = *first;
            start[along] -= from.caption.tail[along];
            if start != *first {
                points.insert(0, start);
            }
        }
        let stretch = |pair: &[[f64; 2]]| {
            let [at, to] = [pair[0], pair[1]];
            let (mut out, mut into) = (at, to);
            if !is_straight(at, to) {
                let middle = (at[along] + to[along]) / 2.0;
                out[along] = middle;
                into[along] = middle;
            }
            [at, out, into, to]
        };
        points.windows(2).map(stretch).collect()
    }
}

fn is_straight(at: [f64; 2], to: [f64; 2]) -> bool {
    (at[0] - to[0]).abs() < 0.01 || (at[1] - to[1]).abs() < 0.01
}

pub(super) fn draw_wire(svg: &mut Svg, scene: &Scene, hookup: &Hookup, direction: Direction) {
    let along = usize::from(direction == Direction::TopToBottom);
    let course = hookup.course(direction);
    let wire = hookup.wire;
    let (Some(first), Some(tip)) = (course.first(), wire.points.last().copied()) else {
        return;
    };
    let mut path = Path::default().move_to(first[0][0], first[0][1]);
    for [at, out, into, to] in &course {
        path = match is_straight(*at, *to) {
            true => path.line_to(to[0], to[1]),
            false => path.curve_to(*out, *into, *to),
        };
    }
    let is_gone = hookup.is_gone(scene);
    let ink = if is_gone { REMOVED } else { palette::LINE };
    let stroke = svg::path(path).stroke(ink, 1.4);
    svg.add(if is_gone {
        stroke.dashed(4.0, 3.0)
    } else {
        stroke
    });
    if wire.to.is_some() {
        let back = if wire.upwards { -1.0 } else { 1.0 };
        let side = |sign: f64| {
            let mut corner = tip;
            corner[along] -= back * (ARROW + 1.5);
            corner[1 - along] += sign * (ARROW - 1.0);
            corner
        };
        let (left, right) = (side(-1.0), side(1.0));
        let head = Path::default()
            .move_to(tip[0], tip[1])
            .line_to(left[0], left[1])
            .line_to(right[0], right[1])
            .close();
        svg.add(svg::path(head).fill(ink));
    }
}
