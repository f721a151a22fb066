//! What the colors of a diagram mean.

use std::collections::BTreeSet;

use super::caption::SMALL_SIZE;
use super::heat::{self, Heat};
use super::kind::{KINDS, Kind};
use crate::figure::palette;
use crate::figure::svg::{self, Svg};
use crate::figure::typography::{Face, width};

/// Above the legend.
const GAP: f64 = 22.0;
const LINE: f64 = 20.0;

/// What the colors mean, from nothing to the most that a box costs.
pub(super) fn of_heat(svg: &mut Svg, heat: &Heat, top: f64) -> (f64, f64) {
    const STEPS: u32 = 24;
    const STEP: f64 = 6.0;
    let y = top + GAP - 10.0;
    let [none, most] = heat.ends();
    let wide = width(&none, SMALL_SIZE, Face::Sans) + 8.0;
    let label = |x: f64, text: &str| {
        svg::text(x, y + 9.5, text)
            .size(SMALL_SIZE)
            .fill(palette::MUTED)
    };
    svg.add(label(0.0, &none));
    for step in 0..=STEPS {
        let color = heat::ramp(f64::from(step) / f64::from(STEPS));
        svg.add(svg::rect(wide + f64::from(step) * STEP, y, STEP + 0.2, 11.0).fill(color));
    }
    let long = f64::from(STEPS + 1) * STEP;
    svg.add(svg::rect(wide, y, long, 11.0).stroke(palette::LINE, 1.0));
    svg.add(label(wide + long + 8.0, &most));
    let end = wide + long + 8.0 + width(&most, SMALL_SIZE, Face::Sans);
    (end, GAP + 6.0)
}

/// The kinds that occur, below a drawing, in rows no wider than it or a small figure.
pub(in crate::figure) fn of_kinds(
    svg: &mut Svg,
    kinds: impl IntoIterator<Item = Kind>,
    top: f64,
    room: f64,
) -> (f64, f64) {
    let kinds: BTreeSet<Kind> = kinds.into_iter().collect();
    let room = room.max(420.0);
    let (mut x, mut y, mut widest) = (0.0, top + GAP, 0.0f64);
    for kind in KINDS.iter().filter(|kind| kinds.contains(kind)) {
        let wide = 18.0 + width(kind.name(), SMALL_SIZE, Face::Sans) + 16.0;
        if x > 0.0 && x + wide > room {
            (x, y) = (0.0, y + LINE);
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
