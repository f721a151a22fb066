//! All stages of a film in one picture, as small multiples.

use super::film::{Drawn, FilmStrip, MOST_BYTES};
use super::{READABLE, draw, legend};
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};
use crate::figure::typography::{Face, fit, width, wrap};
use crate::graph::Graph;

/// As many frames as a strip shows.
const MOST_FRAMES: usize = 16;
const ROOM: f64 = 920.0;
const GAP: f64 = 26.0;
const HEAD: f64 = 36.0;
/// Letters are never drawn smaller than at this scale, but for a single column.
const SMALLEST: f64 = 0.7;

impl Show for FilmStrip {
    fn figure(&self) -> Figure {
        let shown = self.frames.len().min(MOST_FRAMES);
        // The last stage is the one that runs.
        let numbers: Vec<usize> = match self.frames.len() > shown {
            true => (0..shown - 1).chain([self.frames.len() - 1]).collect(),
            false => (0..shown).collect(),
        };
        let graphs: Vec<&Graph> = self.frames.iter().map(|frame| &frame.graph).collect();
        let mut strip = (Svg::new(), 0.0, 0.0);
        // What was to be open is folded last.
        let folds =
            [READABLE, 20, 14, 10, 0].map(|most_boxes| (most_boxes, self.expand.as_slice()));
        for (most_boxes, expand) in folds.into_iter().chain([(0, [].as_slice())]) {
            let mut drawn = self.drawn(&graphs, most_boxes, expand);
            strip = self.strip(&numbers, &mut drawn);
            if strip.0.len() <= MOST_BYTES {
                break;
            }
        }
        let drawn = self.drawn(&graphs, 0, &[]);
        let mut finding = Vec::new();
        let mut rows = vec![
            ["step", "pass", "change", "what it did"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (number, frame) in self.frames.iter().enumerate().take(60) {
            let change = self.change(number, &drawn);
            if number > 0 && number < 8 {
                finding.push(format!("{}: {change}", frame.name));
            }
            rows.push(vec![
                number.to_string(),
                frame.name.clone(),
                change,
                frame.says.clone(),
            ]);
        }
        if let Some(more @ 1..) = self.frames.len().checked_sub(8) {
            finding.push(format!("and {more} more steps"));
        }
        if finding.is_empty() {
            finding.push("no pass had anything to do".to_owned());
        }
        let mut finding = format!("{}.", finding.join("; "));
        if self.frames.len() > shown {
            finding.push_str(&format!(
                " {shown} of {} stages are drawn.",
                self.frames.len()
            ));
        }
        if self.left_out > 0 {
            finding.push_str(&format!(
                " {} patches are drawn with the next.",
                self.left_out
            ));
        }
        let (svg, width, height) = strip;
        let words = Words {
            title: self.title.clone(),
            kind: "Film strip",
            finding,
            text: crate::figure::table::aligned(&rows),
        };
        Figure::new(words, svg, width, height)
    }
}

impl FilmStrip {
    /// Frames side by side, as many in a row as can be read.
    fn strip(&self, numbers: &[usize], drawn: &mut Drawn) -> (Svg, f64, f64) {
        let mut frames = Vec::with_capacity(numbers.len());
        let (mut wide, mut high) = (0.0, 0.0);
        let mut boxes = Vec::new();
        for number in numbers {
            let (placed, direction) = drawn.stage(*number);
            frames.push(draw::contents(&drawn.scene, &placed, direction));
            (wide, high) = (
                placed.width + 2.0 * draw::MARGIN,
                placed.height + 2.0 * draw::MARGIN,
            );
            boxes.extend(placed.boxes);
        }
        let scale = |columns: usize| {
            let room = (ROOM - GAP * (columns - 1) as f64) / columns as f64;
            (room / wide).min(1.0)
        };
        let columns = (1..=numbers.len().max(1))
            .rev()
            .find(|columns| scale(*columns) >= SMALLEST)
            .unwrap_or(1);
        let scale = scale(columns);
        let (cell, tall) = ((wide * scale).max(150.0), high * scale + HEAD + 12.0);
        let mut svg = Svg::new();
        for (index, (frame, number)) in frames.into_iter().zip(numbers).enumerate() {
            let x = (index % columns) as f64 * (cell + GAP);
            let y = (index / columns) as f64 * (tall + GAP);
            let name = format!("{number}: {}", self.frames[*number].name);
            let name = fit(&name, cell, 12.0, Face::Bold).into_owned();
            svg.add(svg::text(x, y + 12.0, &name).bold().fill(palette::INK));
            let change = self.change(*number, drawn);
            let lines = wrap(
                &change,
                cell.max(width("m", 11.0, Face::Sans)),
                11.0,
                Face::Sans,
            );
            for (line, text) in lines.iter().take(2).enumerate() {
                let text = svg::text(x, y + 27.0 + 14.0 * line as f64, text);
                svg.add(text.size(11.0).fill(palette::MUTED));
            }
            svg.open_scaled(x, y + HEAD + 12.0, scale);
            svg.append(frame);
            svg.close();
        }
        let rows = numbers.len().div_ceil(columns) as f64;
        let width = columns as f64 * (cell + GAP) - GAP;
        let height = rows * (tall + GAP) - GAP;
        let mut below = Svg::new();
        let (legend_width, legend_height) = legend::of_diagram(&mut below, boxes.iter(), 0.0, ROOM);
        svg.open(0.0, height);
        svg.append(below);
        svg.close();
        (svg, width.max(legend_width), height + legend_height)
    }
}
