//! What became of a box between two stages, on its upper right corner: clear of the links that arrive
//! at its side.

use super::draw::{ADDED, REMOVED};
use super::place::PlacedBox;
use crate::figure::palette::{self, Color};
use crate::figure::svg::{self, Svg};
use crate::figure::typography::{Face, width};

pub(super) const HIGH: f64 = 15.0;
const SIZE: f64 = 10.0;
/// How far it stands out to the right and upwards.
const OUT: [f64; 2] = [5.0, 8.0];

/// A sign, and how many ops it is about where the box stands for several.
pub(super) struct Mark {
    text: String,
    ink: Color,
    pub x: f64,
    pub y: f64,
    pub width: f64,
}

impl Mark {
    /// `number` is left out of the mark of a single op.
    pub fn new(is_new: bool, number: Option<usize>) -> Mark {
        let (sign, ink) = match is_new {
            true => ('+', ADDED),
            false => ('−', REMOVED),
        };
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        let text = format!("{sign}{number}");
        let wide = width(&text, SIZE, Face::Bold) + 7.0;
        Mark {
            text,
            ink,
            x: 0.0,
            y: 0.0,
            width: wide.max(HIGH),
        }
    }

    pub fn draw(&self, svg: &mut Svg) {
        let ground = svg::rect(self.x, self.y, self.width, HIGH).round(HIGH / 2.0);
        svg.add(ground.fill(self.ink));
        let text = svg::text(self.x + self.width / 2.0, self.y + 11.0, &self.text);
        svg.add(text.middle().bold().size(SIZE).fill(palette::CARD));
    }
}

/// The marks of a box, from the right.
pub(super) fn marks(placed: &PlacedBox) -> Vec<Mark> {
    let caption = &placed.caption;
    let mut right = placed.x + caption.inner()[0] + OUT[0];
    let mut marks = Vec::new();
    for (is_new, number) in [(false, caption.removed), (true, caption.added)] {
        if number > 0 {
            let mut mark = Mark::new(is_new, (!caption.is_op).then_some(number));
            (mark.x, mark.y) = (right - mark.width, placed.y - OUT[1]);
            right = mark.x - 1.0;
            marks.push(mark);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_how_many_ops_of_a_part_they_are_about() {
        assert_eq!(Mark::new(true, Some(12)).text, "+12");
        assert_eq!(Mark::new(false, None).text, "−");
        assert!(Mark::new(true, Some(12)).width > Mark::new(true, None).width);
    }
}
