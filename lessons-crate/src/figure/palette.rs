//! The colors: safe for color blindness, and text at a contrast of at least 4.5 to 1.
//!
//! The series colors follow Okabe and Ito (2008), darkened where theirs are too pale for a line on a
//! light card. Each is told from its neighbors by people with any of the three color
//! deficiencies, which the tests simulate.

use std::fmt;

/// An opaque sRGB color; prints as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Color(pub u8, pub u8, pub u8);

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Behind every figure.
pub const CARD: Color = Color(0xff, 0xff, 0xff);
/// Text.
pub const INK: Color = Color(0x1f, 0x24, 0x28);
/// Text of less weight.
pub const MUTED: Color = Color(0x57, 0x60, 0x6a);
/// The same on the colored ground of a box.
pub const DETAIL: Color = Color(0x49, 0x52, 0x5b);
/// Edges and axes.
pub const LINE: Color = Color(0x8a, 0x93, 0x9d);
/// Borders and grid lines.
pub const RULE: Color = Color(0xd5, 0xda, 0xe0);
/// The ground of a hull.
pub const HULL: Color = Color(0xf5, 0xf7, 0xf9);
/// Where a value is not a number, or infinite.
pub const BROKEN: Color = Color(0xf0, 0xe4, 0x42);

/// For lines, bars and points: blue, vermilion, green, purple, brown, sky.
pub const SERIES: [Color; 6] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xe0, 0x60, 0x00),
    Color(0x00, 0x8f, 0x68),
    Color(0xc0, 0x5a, 0x9a),
    Color(0x5c, 0x4a, 0x00),
    Color(0x2f, 0x97, 0xcf),
];

/// The color between two, at `t` from 0 to 1.
pub fn mix(from: Color, to: Color, t: f64) -> Color {
    let t = if t.is_finite() {
        t.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u8;
    Color(
        channel(from.0, to.0),
        channel(from.1, to.1),
        channel(from.2, to.2),
    )
}

/// Orange above zero, blue below, white at zero: `t` from -1 to 1.
pub fn diverging(t: f64) -> Color {
    let end = if t < 0.0 {
        Color(0x0b, 0x4f, 0x8a)
    } else {
        Color(0xb9, 0x4a, 0x00)
    };
    mix(CARD, end, t.abs())
}

/// White to dark blue: `t` from 0 to 1.
pub fn sequential(t: f64) -> Color {
    mix(CARD, Color(0x0b, 0x3c, 0x6f), t)
}

/// The ink that is read well on a ground: dark where that will do, else white or black.
pub fn ink_on(ground: Color) -> Color {
    let inks = [INK, CARD, Color(0, 0, 0)];
    let well = inks.into_iter().find(|ink| contrast(*ink, ground) >= 4.5);
    well.unwrap_or(INK)
}

/// The contrast ratio of WCAG 2.2, from 1 to 21.
pub fn contrast(a: Color, b: Color) -> f64 {
    let luminance = |c: Color| 0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.040_45 {
        c / 12.92
    } else {
        ((c + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::diagram::KINDS;

    /// Dichromat vision in linear RGB at full severity: Machado, Oliveira and Fernandes (2009).
    const DEFICIENCIES: [[[f64; 3]; 3]; 3] = [
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ];

    fn seen(color: Color, matrix: &[[f64; 3]; 3]) -> [f64; 3] {
        let rgb = [linear(color.0), linear(color.1), linear(color.2)];
        matrix.map(|row| {
            row.iter()
                .zip(rgb)
                .map(|(a, b)| a * b)
                .sum::<f64>()
                .clamp(0.0, 1.0)
        })
    }

    /// Lightness and chroma of CIE Lab (D65).
    fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
        let f = |t: f64| {
            if t > 0.008_856 {
                t.cbrt()
            } else {
                7.787 * t + 16.0 / 116.0
            }
        };
        let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
        let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
        let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
        let (a, b) = (lab(a), lab(b));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn series_stay_apart_for_every_kind_of_color_vision() {
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for matrix in DEFICIENCIES.iter().chain([&identity]) {
            for (index, a) in SERIES.iter().enumerate() {
                assert!(contrast(*a, CARD) >= 3.0, "{a} is too pale");
                for b in &SERIES[index + 1..] {
                    let apart = distance(seen(*a, matrix), seen(*b, matrix));
                    assert!(apart > 12.0, "{a} and {b} are {apart:.1} apart");
                }
            }
        }
    }

    /// A box says in words what it is; its color is seen to be another all the same.
    #[test]
    fn kinds_stay_apart_for_every_kind_of_color_vision() {
        let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        for matrix in DEFICIENCIES.iter().chain([&identity]) {
            for (index, a) in KINDS.iter().enumerate() {
                for b in &KINDS[index + 1..] {
                    let apart = distance(seen(a.fill(), matrix), seen(b.fill(), matrix));
                    assert!(apart > 8.5, "{a:?} and {b:?} are {apart:.1} apart");
                }
            }
        }
    }

    /// Orange above zero is never taken for blue below it.
    #[test]
    fn signs_stay_apart_for_every_kind_of_color_vision() {
        for matrix in &DEFICIENCIES {
            for step in 2..=10 {
                let t = f64::from(step) / 10.0;
                let [above, below] = [diverging(t), diverging(-t)];
                let apart = distance(seen(above, matrix), seen(below, matrix));
                assert!(apart > 12.0 * t, "{above} and {below} are {apart:.1} apart");
            }
        }
    }

    #[test]
    fn text_can_be_read_on_everything_it_stands_on() {
        let on_page = [CARD, HULL].map(|ground| (ground, MUTED));
        let on_boxes = KINDS.map(|kind| (kind.fill(), DETAIL));
        for (ground, less) in on_page.into_iter().chain(on_boxes) {
            for ink in [INK, less] {
                let ratio = contrast(ink, ground);
                assert!(ratio >= 4.5, "{ink} on {ground}: {ratio:.2}");
            }
        }
        for step in -20..=20 {
            let ground = diverging(f64::from(step) / 20.0);
            assert!(contrast(ink_on(ground), ground) >= 4.5, "{ground}");
        }
        for step in 0..=20 {
            let ground = sequential(f64::from(step) / 20.0);
            assert!(contrast(ink_on(ground), ground) >= 4.5, "{ground}");
        }
    }

    #[test]
    fn the_ramps_grow_darker_evenly() {
        let light = |color| contrast(color, Color(0, 0, 0));
        for ramp in [sequential as fn(f64) -> Color, diverging, |t| diverging(-t)] {
            let steps: Vec<f64> = (0..=10).map(|t| light(ramp(f64::from(t) / 10.0))).collect();
            assert!(steps.is_sorted_by(|a, b| a > b), "{steps:?}");
        }
    }
}
