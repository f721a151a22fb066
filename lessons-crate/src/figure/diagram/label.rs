//! The label of a hull, in a strip of its own at the hull's top.
//!
//! What flows to the right passes below the strip. Links that come in from above pass it straight down,
//! and the label stands between them.

use super::caption::{WIDEST, end_of_name, title};
use super::scene::Part;
use crate::figure::typography::{Face, width};

/// The height of the strip.
pub(super) const STRIP: f64 = 30.0;
/// How far a label stays from the border beside it and from the one above it.
pub(super) const INSET: [f64; 2] = [8.0, 5.0];
/// How far it stays from links.
const GAP: f64 = 6.0;
pub(super) const SIZE: f64 = 12.0;
/// The height of the line, its baseline at [`BASELINE`].
#[cfg(test)]
pub(super) const LINE: f64 = 17.0;
pub(super) const BASELINE: f64 = 13.0;

/// The text, with its width.
pub(super) fn of(part: &Part) -> (String, f64) {
    let text = end_of_name(&title(part), WIDEST);
    let wide = width(&text, SIZE, Face::Bold);
    (text, wide)
}

/// Where the label of a hull begins, and what the hull must grow by to hold it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Label {
    pub at: f64,
    pub missing: f64,
}

impl Label {
    /// A label above everything that is in its hull.
    pub fn above(width: f64, room: f64) -> Label {
        Label {
            at: INSET[0],
            missing: (width + 2.0 * INSET[0] - room).max(0.0),
        }
    }

    /// A label between links that pass its strip, as far to the left as there is room. Where there is
    /// none, the hull grows on both sides until there is at one of its ends.
    pub fn beside(width: f64, room: f64, mut links: Vec<f64>) -> Label {
        links.sort_by(f64::total_cmp);
        let ends = [INSET[0] - GAP, room - INSET[0] + GAP];
        let stops: Vec<f64> = [&ends[..1], &links, &ends[1..]].concat();
        let need = width + 2.0 * GAP;
        let free = stops.windows(2).find(|gap| gap[1] - gap[0] >= need);
        if let Some(gap) = free {
            return Label {
                at: gap[0] + GAP,
                missing: 0.0,
            };
        }
        let left = need - (stops[1] - stops[0]);
        let right = need - (stops[stops.len() - 1] - stops[stops.len() - 2]);
        match links.is_empty() || left <= right {
            true => Label {
                at: INSET[0],
                missing: if links.is_empty() { left } else { 2.0 * left },
            },
            false => Label {
                at: stops[stops.len() - 2] + right + GAP,
                missing: 2.0 * right,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_take_the_first_gap_between_links() {
        let at = |links: &[f64]| Label::beside(60.0, 200.0, links.to_vec());
        let label = |at, missing| Label { at, missing };
        assert_eq!(at(&[]), label(8.0, 0.0));
        assert_eq!(at(&[150.0, 74.0]), label(8.0, 0.0));
        assert_eq!(at(&[73.0, 150.0]), label(79.0, 0.0));
        assert_eq!(at(&[50.0, 100.0]), label(106.0, 0.0));
    }

    #[test]
    fn hulls_grow_on_both_sides_for_a_label_that_fits_nowhere() {
        // The nearer end: left of the first link, then right of the last.
        assert_eq!(
            Label::beside(60.0, 100.0, vec![50.0]),
            Label {
                at: 8.0,
                missing: 48.0
            }
        );
        assert_eq!(
            Label::beside(60.0, 100.0, vec![30.0, 40.0]),
            Label {
                at: 60.0,
                missing: 28.0
            }
        );
        assert_eq!(
            Label::beside(60.0, 50.0, Vec::new()),
            Label {
                at: 8.0,
                missing: 26.0
            }
        );
        assert_eq!(Label::above(60.0, 50.0).missing, 26.0);
        assert_eq!(Label::above(60.0, 90.0).missing, 0.0);
    }
}
