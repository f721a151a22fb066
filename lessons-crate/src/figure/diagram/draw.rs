//! A placed scene as SVG.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Direction;
use super::caption::{Caption, NAME_SIZE, SMALL_SIZE, baselines, title};
use super::kind::{KINDS, Kind};
use super::place::{Hull, Placed, PlacedBox, Wire};
use super::scene::{Holds, Scene};
use super::units::Change;
use crate::figure::palette::{self, Color};
use crate::figure::svg::{self, Path, Svg};
use crate::figure::typography::{Face, width};

const ARROW: f64 = 5.0;
/// Above the legend.
const LEGEND_GAP: f64 = 22.0;
const LEGEND_LINE: f64 = 20.0;

const ADDED: Color = Color(0x00, 0x7d, 0x5b);
const REMOVED: Color = Color(0xb3, 0x2d, 0x2d);
const FUSED: Color = Color(0x00, 0x62, 0xa3);

/// The drawing with its width and height.
pub(super) fn draw(scene: &Scene, placed: &Placed, direction: Direction) -> (Svg, f64, f64) {
    let mut svg = Svg::new();
    // Stacked cards stand out to the upper left by a few pixels.
    let margin = 8.0;
    svg.open(margin, margin);
    for hull in &placed.hulls {
        draw_hull(&mut svg, scene, hull);
    }
    for wire in &placed.wires {
        draw_wire(&mut svg, scene, wire, direction);
    }
    for hull in &placed.hulls {
        label_hull(&mut svg, scene, hull, placed);
    }
    for placed_box in &placed.boxes {
        draw_box(&mut svg, placed_box);
    }
    svg.close();
    let top = placed.height + 2.0 * margin;
    let (legend_width, legend_height) = legend(&mut svg, placed, top, placed.width + 2.0 * margin);
    (
        svg,
        (placed.width + 2.0 * margin).max(legend_width),
        top + legend_height,
    )
}

fn draw_hull(svg: &mut Svg, scene: &Scene, hull: &Hull) {
    let Hull {
        x,
        y,
        width,
        height,
        part,
    } = *hull;
    let shape = svg::rect(x, y, width, height).round(10.0);
    let shape = match scene.parts[part].holds {
        Holds::Fused(_) => shape.fill(Color(0xe9, 0xf3, 0xfb)).stroke(FUSED, 1.5),
        Holds::Run => shape
            .fill("none")
            .stroke(palette::LINE, 1.0)
            .dashed(2.0, 3.0),
        _ => shape.fill(palette::HULL).stroke(palette::RULE, 1.0),
    };
    for behind in (1..3)
        .rev()
        .filter(|_| !scene.parts[part].repeats.is_empty())
    {
        let off = f64::from(behind) * 3.5;
        svg.add(
            svg::rect(x + off, y + off, width, height)
                .round(10.0)
                .fill(palette::HULL)
                .stroke(palette::RULE, 1.0),
        );
    }
    svg.add(shape);
}

/// Names a hull at its upper left, or as near to it as links leave room, if need be at the bottom.
fn label_hull(svg: &mut Svg, scene: &Scene, hull: &Hull, placed: &Placed) {
    const HIGH: f64 = 17.0;
    let label = title(&scene.parts[hull.part]);
    let (ground, ink) = match scene.parts[hull.part].holds {
        Holds::Fused(_) => (Color(0xe9, 0xf3, 0xfb), FUSED),
        _ => (palette::HULL, palette::MUTED),
    };
    let wide = width(&label, SMALL_SIZE + 1.0, Face::Bold) + 8.0;
    let upper_left = [hull.x + 8.0, hull.y + 5.0];
    let steps = ((hull.width - wide - 16.0) / 6.0).max(0.0) as usize;
    let free_at = |y: f64| {
        let band = y..y + HIGH;
        let crossings = crossings(&placed.wires, hull.x..hull.x + hull.width, &band);
        let in_way: Vec<&PlacedBox> = placed
            .boxes
            .iter()
            .filter(|b| b.y < band.end && b.y + b.caption.height > band.start)
            .collect();
        let is_free = |x: &f64| {
            let on_link = crossings.iter().any(|at| (x - 2.0..x + wide).contains(at));
            let on_box = in_way
                .iter()
                .any(|b| b.x < x + wide && b.x + b.caption.width > *x);
            !on_link && !on_box
        };
        let mut places = (0..=steps).map(|step| upper_left[0] + 6.0 * step as f64);
        places.find(is_free).map(|x| [x, y])
    };
    let [x, y] = free_at(upper_left[1])
        .or_else(|| free_at(hull.y + hull.height - HIGH - 4.0))
        .unwrap_or(upper_left);
    svg.add(svg::rect(x, y, wide, HIGH).fill(ground));
    svg.add(
        svg::text(x + 4.0, y + 13.0, &label)
            .size(SMALL_SIZE + 1.0)
            .bold()
            .fill(ink),
    );
}

/// Where wires pass through a band, at every pixel or so of their height.
fn crossings(wires: &[Wire], across: Range<f64>, band: &Range<f64>) -> Vec<f64> {
    let steps = wires.iter().flat_map(|wire| wire.points.windows(2));
    let near = steps.filter(|step| {
        let [[ax, ay], [bx, by]] = [step[0], step[1]];
        let beside = ax.max(bx) < across.start || ax.min(bx) > across.end;
        let apart = ay.max(by) < band.start || ay.min(by) > band.end;
        !beside && !apart
    });
    let points = near.flat_map(|step| {
        (0..=32).map(move |part| {
            let t = f64::from(part) / 32.0;
            [0, 1].map(|axis| step[0][axis] + (step[1][axis] - step[0][axis]) * t)
        })
    });
    points
        .filter(|[_, y]| band.contains(y))
        .map(|[x, _]| x)
        .collect()
}

fn draw_wire(svg: &mut Svg, scene: &Scene, wire: &Wire, direction: Direction) {
    let [Some(first), Some(last)] = [wire.points.first(), wire.points.last()] else {
        return;
    };
    let along = usize::from(direction == Direction::TopToBottom);
    let mut end = *last;
    if wire.to.is_some() {
        end[along] -= ARROW;
    }
    let mut path = Path::default().move_to(first[0], first[1]);
    let mut at = *first;
    for (index, point) in wire.points.iter().enumerate().skip(1) {
        let to = if index + 1 == wire.points.len() {
            end
        } else {
            *point
        };
        if (at[0] - to[0]).abs() < 0.01 || (at[1] - to[1]).abs() < 0.01 {
            path = path.line_to(to[0], to[1]);
        } else {
            let middle = (at[along] + to[along]) / 2.0;
            let (mut out, mut into) = (at, to);
            out[along] = middle;
            into[along] = middle;
            path = path.curve_to(out, into, to);
        }
        at = to;
    }
    let gone = |part: usize| match scene.parts[part].holds {
        Holds::Unit(unit) => scene.units[unit].change == Change::Removed,
        _ => false,
    };
    let is_gone = gone(wire.from) || wire.to.is_some_and(gone);
    let ink = if is_gone { REMOVED } else { palette::LINE };
    let stroke = svg::path(path).stroke(ink, 1.4);
    svg.add(if is_gone {
        stroke.dashed(4.0, 3.0)
    } else {
        stroke
    });
    if wire.to.is_some() {
        let tip = *last;
        let side = |sign: f64| {
            let mut corner = tip;
            corner[along] -= ARROW + 1.5;
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

fn draw_box(svg: &mut Svg, placed: &PlacedBox) {
    let PlacedBox { caption, x, y, .. } = placed;
    let Caption {
        width: wide,
        height,
        kind,
        ..
    } = *caption;
    let radius = if caption.is_round() {
        height / 2.0
    } else {
        6.0
    };
    for behind in (1..3).rev().filter(|_| caption.repeats > 1) {
        let off = f64::from(behind) * 3.5;
        svg.add(
            svg::rect(x + off, y + off, wide, height)
                .round(radius)
                .fill(palette::CARD)
                .stroke(kind.edge(), 1.0),
        );
    }
    let shape = svg::rect(*x, *y, wide, height).round(radius);
    let shape = match caption.change {
        Change::Removed => shape
            .fill(palette::CARD)
            .stroke(REMOVED, 1.3)
            .dashed(4.0, 3.0),
        Change::Added => shape.fill(kind.fill()).stroke(ADDED, 2.2),
        Change::None | Change::Fused => shape.fill(kind.fill()).stroke(kind.edge(), 1.0),
    };
    svg.add(shape.tip(&caption.tip));

    let name = width(&caption.name, NAME_SIZE, Face::Mono);
    let detail = match caption.detail.as_str() {
        "" => 0.0,
        detail => 7.0 + width(detail, SMALL_SIZE, Face::Mono),
    };
    let start = x + (wide - name - detail) / 2.0;
    for (line, baseline) in baselines(caption.lines.len()).enumerate() {
        if line == 0 {
            let ink = if caption.change == Change::Removed {
                REMOVED
            } else {
                palette::INK
            };
            svg.add(
                svg::text(start, y + baseline, &caption.name)
                    .mono()
                    .bold()
                    .size(NAME_SIZE)
                    .fill(ink),
            );
            if detail > 0.0 {
                svg.add(
                    svg::text(start + name + 7.0, y + baseline, &caption.detail)
                        .mono()
                        .size(SMALL_SIZE)
                        .fill(palette::INK),
                );
            }
            continue;
        }
        svg.add(
            svg::text(x + wide / 2.0, y + baseline, &caption.lines[line - 1])
                .middle()
                .mono()
                .size(SMALL_SIZE)
                .fill(palette::MUTED),
        );
    }
    let badge = match caption.change {
        Change::Added => Some(("added", ADDED)),
        Change::Removed => Some(("removed", REMOVED)),
        Change::None | Change::Fused => None,
    };
    if let Some((word, ink)) = badge {
        let broad = width(word, 10.0, Face::Bold) + 10.0;
        svg.add(
            svg::rect(x + wide - broad + 4.0, y - 8.0, broad, 15.0)
                .round(7.5)
                .fill(ink),
        );
        svg.add(
            svg::text(x + wide - broad / 2.0 + 4.0, y + 3.0, word)
                .middle()
                .bold()
                .size(10.0)
                .fill(palette::CARD),
        );
    }
}

/// The kinds that occur, below the diagram, in rows no wider than it or a small figure.
fn legend(svg: &mut Svg, placed: &Placed, top: f64, room: f64) -> (f64, f64) {
    let kinds: BTreeSet<Kind> = placed
        .boxes
        .iter()
        .map(|placed| placed.caption.kind)
        .collect();
    let room = room.max(420.0);
    let (mut x, mut y, mut widest) = (0.0, top + LEGEND_GAP, 0.0f64);
    for kind in KINDS.iter().filter(|kind| kinds.contains(kind)) {
        let wide = 18.0 + width(kind.name(), SMALL_SIZE, Face::Sans) + 16.0;
        if x > 0.0 && x + wide > room {
            (x, y) = (0.0, y + LEGEND_LINE);
        }
        svg.add(
            svg::rect(x + 0.5, y - 9.5, 11.0, 11.0)
                .round(3.0)
                .fill(kind.fill())
                .stroke(kind.edge(), 1.0),
        );
        svg.add(
            svg::text(x + 18.0, y, kind.name())
                .size(SMALL_SIZE)
                .fill(palette::MUTED),
        );
        x += wide;
        widest = widest.max(x);
    }
    if kinds.is_empty() {
        return (0.0, 0.0);
    }
    (widest, y - top + 4.0)
}
