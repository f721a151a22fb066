//! What the colors of a diagram mean.

use std::collections::BTreeSet;

use super::caption::SMALL_SIZE;
use super::heat::{self, Heat};
use super::kind::{KINDS, Kind};
use super::marks::{self, Mark};
use super::place::PlacedBox;
use crate::figure::palette;
use crate::figure::svg::{self, Element, Svg};
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
    let mut entries = Entries::new(top, room);
    entries.kinds(svg, &kinds.into_iter().collect());
    entries.size()
}

/// The kinds that occur, and the marks of what came and went.
pub(super) fn of_diagram<'p>(
    svg: &mut Svg,
    boxes: impl Iterator<Item = &'p PlacedBox>,
    top: f64,
    room: f64,
) -> (f64, f64) {
    let mut kinds = BTreeSet::new();
    let (mut added, mut removed) = (false, false);
    for placed in boxes {
        kinds.insert(placed.caption.kind);
        added |= placed.caption.added > 0;
        removed |= placed.caption.removed > 0;
    }
    let mut entries = Entries::new(top, room);
    entries.kinds(svg, &kinds);
    for (is_new, word, occurs) in [(true, "added", added), (false, "removed", removed)] {
        if occurs {
            let [x, y] = entries.next(word);
            let mut mark = Mark::new(is_new, None);
            (mark.x, mark.y) = (x - 1.0, y - 4.0 - marks::HIGH / 2.0);
            mark.draw(svg);
            svg.add(words(x, y, word));
        }
    }
    entries.size()
}

/// Entries side by side, in as many rows as they need.
struct Entries {
    top: f64,
    room: f64,
    x: f64,
    y: f64,
    widest: f64,
}

impl Entries {
    fn new(top: f64, room: f64) -> Entries {
        Entries {
            top,
            room: room.max(420.0),
            x: 0.0,
            y: top + GAP,
            widest: 0.0,
        }
    }

    /// Where the next entry stands.
    fn next(&mut self, word: &str) -> [f64; 2] {
        let wide = 18.0 + width(word, SMALL_SIZE, Face::Sans) + 16.0;
        if self.x > 0.0 && self.x + wide > self.room {
            (self.x, self.y) = (0.0, self.y + LINE);
        }
        let at = [self.x, self.y];
        self.x += wide;
        self.widest = self.widest.max(self.x);
        at
    }

    fn kinds(&mut self, svg: &mut Svg, kinds: &BTreeSet<Kind>) {
        for kind in KINDS.iter().filter(|kind| kinds.contains(kind)) {
            let [x, y] = self.next(kind.name());
            svg.add(
                svg::rect(x + 0.5, y - 9.5, 11.0, 11.0)
                    .round(3.0)
                    .fill(kind.fill())
                    .stroke(kind.edge(), 1.0),
            );
            svg.add(words(x, y, kind.name()));
        }
    }

    fn size(&self) -> (f64, f64) {
        match self.widest > 0.0 {
            true => (self.widest, self.y - self.top + 4.0),
            false => (0.0, 0.0),
        }
    }
}

fn words(x: f64, y: f64, words: &str) -> Element {
    svg::text(x + 18.0, y, words)
        .size(SMALL_SIZE)
        .fill(palette::MUTED)
}
