//! A placed scene as SVG.

use super::Direction;
use super::caption::{NAME_SIZE, SMALL_SIZE, baselines};
use super::links::{Hookup, draw_types, draw_wire, hookups, types};
use super::marks::marks;
use super::place::{Hull, Placed, PlacedBox};
use super::scene::{Holds, Scene};
use super::units::Change;
use super::{label, legend};
use crate::figure::palette::{self, Color};
use crate::figure::svg::{self, Svg};
use crate::figure::typography::{Face, width};

pub(super) const ADDED: Color = Color(0x00, 0x7d, 0x5b);
pub(super) const REMOVED: Color = Color(0xb3, 0x2d, 0x2d);
const FUSED: Color = Color(0x00, 0x62, 0xa3);
pub(super) const FUSED_GROUND: Color = Color(0xe9, 0xf3, 0xfb);

/// Around a drawing: stacked cards stand out to the lower right by a few pixels.
pub(super) const MARGIN: f64 = 8.0;

/// The drawing above its legend, with its width and height.
pub(super) fn draw(scene: &Scene, placed: &Placed, direction: Direction) -> (Svg, f64, f64) {
    let mut svg = contents(scene, placed, direction);
    let (top, wide) = (placed.height + 2.0 * MARGIN, placed.width + 2.0 * MARGIN);
    let (legend_width, legend_height) = match &scene.heat {
        Some(heat) => legend::of_heat(&mut svg, heat, top),
        None => legend::of_diagram(&mut svg, placed.boxes.iter(), top, wide),
    };
    (svg, wide.max(legend_width), top + legend_height)
}

/// The drawing alone.
pub(super) fn contents(scene: &Scene, placed: &Placed, direction: Direction) -> Svg {
    let mut svg = Svg::new();
    svg.open(MARGIN, MARGIN);
    let hulls = || placed.hulls.iter().filter(|hull| scene.has_hull(hull.part));
    for hull in hulls() {
        draw_hull(&mut svg, scene, hull);
    }
    let hookups = hookups(placed, direction);
    let drawn = |hookup: &&Hookup| scene.has_link(hookup.wire.from, &hookup.wire.leads_to);
    let mut wires: Vec<&Hookup> = hookups.iter().filter(drawn).collect();
    // What stays is drawn over what goes.
    wires.sort_by_key(|hookup| !hookup.is_gone(scene));
    for hookup in wires {
        draw_wire(&mut svg, scene, hookup, direction);
    }
    let types = types(scene, &hookups, direction);
    draw_types(&mut svg, scene, placed, &types, direction);
    for hull in hulls() {
        label_hull(&mut svg, scene, hull);
    }
    for placed_box in &placed.boxes {
        match scene.is_there(placed_box.part) {
            true => draw_box(&mut svg, scene, placed_box),
            false => draw_absent(&mut svg, placed_box),
        }
    }
    svg.close();
    svg
}

fn draw_hull(svg: &mut Svg, scene: &Scene, hull: &Hull) {
    let Hull {
        x,
        y,
        width,
        height,
        part,
        ..
    } = *hull;
    let shape = svg::rect(x, y, width, height).round(10.0);
    let shape = match scene.parts[part].holds {
        Holds::Fused(_) => shape.fill(FUSED_GROUND).stroke(FUSED, 1.5),
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

fn label_hull(svg: &mut Svg, scene: &Scene, hull: &Hull) {
    let (name, _) = label::of(&scene.parts[hull.part]);
    let ink = match scene.parts[hull.part].holds {
        Holds::Fused(_) => FUSED,
        _ => palette::MUTED,
    };
    let [x, y] = hull.label;
    let text = svg::text(x, y + label::BASELINE, &name);
    svg.add(text.size(label::SIZE).bold().fill(ink));
}

/// Where something is in another stage.
fn draw_absent(svg: &mut Svg, placed: &PlacedBox) {
    let [wide, height] = placed.caption.inner();
    let outline = svg::rect(placed.x, placed.y, wide, height).round(6.0);
    svg.add(outline.stroke(palette::RULE, 1.0).dashed(2.0, 3.0));
}

fn draw_box(svg: &mut Svg, scene: &Scene, placed: &PlacedBox) {
    let PlacedBox {
        part,
        caption,
        x,
        y,
    } = placed;
    let heat = scene.heat.as_ref().map(|heat| heat.color(*part));
    let fill = heat.unwrap_or(caption.kind.fill());
    let [ink, muted] = match heat {
        Some(ground) => [palette::ink_on(ground); 2],
        None => [palette::INK, palette::DETAIL],
    };
    let kind = caption.kind;
    let [wide, height] = caption.inner();
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
        Change::Added => shape.fill(fill).stroke(ADDED, 2.2),
        Change::None | Change::Fused | Change::Absent => shape.fill(fill).stroke(kind.edge(), 1.0),
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
                ink
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
                        .fill(ink),
                );
            }
            continue;
        }
        svg.add(
            svg::text(x + wide / 2.0, y + baseline, &caption.lines[line - 1])
                .middle()
                .mono()
                .size(SMALL_SIZE)
                .fill(muted),
        );
    }
    for mark in marks(placed) {
        mark.draw(svg);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_can_be_read_on_what_they_stand_on() {
        let pairs = [
            (FUSED, FUSED_GROUND),
            (palette::MUTED, FUSED_GROUND),
            (palette::MUTED, palette::HULL),
            (REMOVED, palette::CARD),
            (palette::CARD, ADDED),
            (palette::CARD, REMOVED),
        ];
        for (ink, ground) in pairs {
            let ratio = palette::contrast(ink, ground);
            assert!(ratio >= 4.5, "{ink} on {ground}: {ratio:.2}");
        }
        for step in 0..=24 {
            let ground = super::super::heat::ramp(f64::from(step) / 24.0);
            assert!(palette::contrast(palette::ink_on(ground), ground) >= 4.5);
        }
    }
}
