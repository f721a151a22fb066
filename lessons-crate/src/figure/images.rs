//! Images: tensors of pixels, one or a grid of them.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use super::error::FigureError;
use super::heat_map::values_of;
use super::matrix::Stats;
use super::number::short;
use super::palette::{self, Color};
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Path, Svg};
use super::table::aligned;
use super::typography::{Face, fit};

/// As many images as are drawn.
const MOST: usize = 40;
const PER_ROW: usize = 10;
const ROOM: f64 = 860.0;
const GAP: f64 = 10.0;
const LABEL: f64 = 16.0;
/// What the drawing may take; an image of more pixels is drawn by the means of blocks.
const MOST_BYTES: usize = 56_000;
/// As many levels of a channel as are told apart.
const LEVELS: [u8; 2] = [32, 12];
/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

/// Pixels as pictures: gray, or red, green and blue.
///
/// Bytes go from 0 to 255, other numbers from 0 to 1; where some lie outside, from the least to the
/// greatest, and the figure says so. NaN and infinities are drawn yellow.
///
/// ```
/// use lessons::figure::Images;
/// use lessons::prelude::*;
///
/// let digits = Tensor::full(0f32, (3, 28, 28), &Cpu)?;
/// let figure = Images::of("digits", &digits)?.labels(["7", "2", "1"]).figure();
/// assert_eq!(figure.alt(), "Images digits: 3 gray images of 28 × 28 pixels, every value is 0.");
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    title: String,
    images: usize,
    channels: usize,
    rows: usize,
    columns: usize,
    values: Vec<f64>,
    /// What is black and what is white.
    range: [f64; 2],
    labels: Vec<String>,
}

impl Images {
    /// Pixels `[height, width]`, `[images, height, width]`, or with a channel axis
    /// `[images, channels, height, width]` of one channel (gray) or three (red, green, blue).
    ///
    /// # Errors
    /// When the shape is another, or the tensor cannot be read.
    pub fn of(title: &str, pixels: &Tensor) -> Result<Images, FigureError> {
        let (images, channels, rows, columns) = match *pixels.dims() {
            [rows, columns] => (1, 1, rows, columns),
            [images, rows, columns] => (images, 1, rows, columns),
            [images, channels @ (1 | 3), rows, columns] => (images, channels, rows, columns),
            _ => return Err(FigureError::Images(pixels.dims().to_vec())),
        };
        let values = values_of(pixels)?;
        let stats = Stats::of(&values);
        let white = if pixels.dtype() == DType::U8 {
            255.0
        } else {
            1.0
        };
        let range = match stats.finite > 0 && (stats.least < 0.0 || stats.greatest > white) {
            true => [stats.least, stats.greatest],
            false => [0.0, white],
        };
        Ok(Images {
            title: title.to_owned(),
            images,
            channels,
            rows,
            columns,
            values,
            range,
            labels: Vec::new(),
        })
    }

    /// What stands below the images, such as their classes.
    pub fn labels<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Images {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    fn shown(&self) -> usize {
        if self.rows * self.columns == 0 {
            return 0;
        }
        self.images.min(MOST)
    }

    fn words(&self, block: usize) -> String {
        let stats = Stats::of(&self.values);
        let kind = if self.channels == 3 { "color" } else { "gray" };
        let plural = if self.images == 1 { "" } else { "s" };
        let mut words = format!(
            "{} {kind} image{plural} of {} × {} pixels, {}.",
            self.images,
            self.rows,
            self.columns,
            stats.words()
        );
        if self.range != [0.0, 1.0] && self.range != [0.0, 255.0] {
            words.push_str(&format!(
                " Black is {}, white {}.",
                short(self.range[0], 3),
                short(self.range[1], 3)
            ));
        }
        if block > 1 {
            words.push_str(&format!(
                " Each square is the mean of {block} × {block} pixels."
            ));
        }
        if self.images > MOST {
            words.push_str(&format!(" The first {MOST} of {}.", self.images));
        }
        words
    }

    fn text(&self) -> String {
        let mut head = ["image", "values"].map(str::to_owned).to_vec();
        if !self.labels.is_empty() {
            head.push("label".to_owned());
        }
        let mut rows = vec![head];
        let size = self.channels * self.rows * self.columns;
        for image in 0..self.images.min(MOST_ROWS) {
            let stats = Stats::of(&self.values[image * size..(image + 1) * size]);
            let mut row = vec![image.to_string(), stats.words()];
            row.extend(self.labels.get(image).cloned());
            row.resize(rows[0].len(), String::new());
            rows.push(row);
        }
        let mut text = aligned(&rows);
        if let Some(more @ 1..) = self.images.checked_sub(MOST_ROWS) {
            text.push_str(&format!("… and {more} more\n"));
        }
        text
    }

    /// The color of a square of pixels, from its upper left.
    fn color(&self, image: usize, row: usize, column: usize, block: usize) -> Color {
        let levels = f64::from(LEVELS[usize::from(self.channels == 3)] - 1);
        let [black, white] = self.range;
        let level = |channel: usize| {
            let (mut sum, mut count) = (0.0, 0.0);
            for y in row..(row + block).min(self.rows) {
                let start = ((image * self.channels + channel) * self.rows + y) * self.columns;
                let end = (column + block).min(self.columns);
                for value in &self.values[start + column..start + end] {
                    sum += value;
                    count += 1.0;
                }
            }
            let part = (sum / count - black) / (white - black);
            part.is_finite()
                .then(|| ((part * levels).round() / levels * 255.0).clamp(0.0, 255.0) as u8)
        };
        let gray = match level(0) {
            Some(gray) => gray,
            None => return palette::BROKEN,
        };
        match self.channels {
            3 => match (level(1), level(2)) {
                (Some(green), Some(blue)) => Color(gray, green, blue),
                _ => palette::BROKEN,
            },
            _ => Color(gray, gray, gray),
        }
    }

    /// Draws an image by squares of `block` pixels, each `side` wide: for each color one path along
    /// the middles of its runs, as thick as a row is high.
    fn draw(&self, svg: &mut Svg, image: usize, [x, y]: [f64; 2], side: f64, block: usize) {
        let (rows, columns) = (self.rows.div_ceil(block), self.columns.div_ceil(block));
        let mut lines: BTreeMap<Color, (Path, usize)> = BTreeMap::new();
        for row in 0..rows {
            let color = |column: usize| self.color(image, row * block, column * block, block);
            let mut column = 0;
            while column < columns {
                let (start, ink) = (column, color(column));
                while column < columns && color(column) == ink {
                    column += 1;
                }
                let (line, length) = lines.remove(&ink).unwrap_or_default();
                let middle = y + (row as f64 + 0.5) * side;
                let line = line.run(
                    x + start as f64 * side,
                    middle,
                    (column - start) as f64 * side,
                );
                lines.insert(ink, (line, length + column - start));
            }
        }
        // What there is most of lies behind the rest.
        let ground = lines.iter().max_by_key(|(_, (_, length))| *length);
        let ground = ground.map(|(color, _)| *color);
        let (wide, high) = (columns as f64 * side, rows as f64 * side);
        if let Some(ground) = ground {
            svg.add(svg::rect(x, y, wide, high).fill(ground));
        }
        for (color, (line, _)) in lines {
            if Some(color) != ground {
                svg.add(svg::path(line).stroke(color, side));
            }
        }
        svg.add(svg::rect(x, y, wide, high).stroke(palette::RULE, 1.0));
    }

    fn drawing(&self, block: usize) -> (Svg, f64, f64) {
        let shown = self.shown();
        let per_row = PER_ROW.min(shown.max(1));
        let room = (ROOM - GAP * (per_row - 1) as f64) / per_row as f64;
        let room = room.min(if shown == 1 { 420.0 } else { 150.0 });
        let squares = self.columns.max(self.rows).div_ceil(block).max(1);
        // Whole pixels leave no seams.
        let side = match room / squares as f64 {
            side if side >= 1.0 => side.floor(),
            side => side,
        };
        let wide = side * self.columns.div_ceil(block) as f64;
        let high = side * self.rows.div_ceil(block) as f64;
        let label = if self.labels.is_empty() { 0.0 } else { LABEL };
        let mut svg = Svg::new();
        for image in 0..shown {
            let x = (image % per_row) as f64 * (wide + GAP);
            let y = (image / per_row) as f64 * (high + label + GAP);
            self.draw(&mut svg, image, [x, y], side, block);
            if let Some(label) = self.labels.get(image) {
                let label = fit(label, wide + GAP - 2.0, 11.0, Face::Sans).into_owned();
                svg.add(
                    svg::text(x + wide / 2.0, y + high + 13.0, &label)
                        .middle()
                        .size(11.0)
                        .fill(palette::INK),
                );
            }
        }
        let lines = shown.div_ceil(per_row) as f64;
        let wide = per_row as f64 * (wide + GAP) - GAP;
        (svg, wide, (lines * (high + label + GAP) - GAP).max(0.0))
    }
}

impl Show for Images {
    fn figure(&self) -> Figure {
        let mut block = 1;
        // As few squares as a path has no room for need no second look.
        while self.rows.div_ceil(block) * self.columns.div_ceil(block) > 90_000 {
            block += 1;
        }
        let (svg, wide, high) = loop {
            let drawing = self.drawing(block);
            if drawing.0.len() <= MOST_BYTES || block >= self.rows.max(self.columns) {
                break drawing;
            }
            block += 1;
        };
        let words = Words {
            title: self.title.clone(),
            kind: "Images",
            finding: self.words(block),
            text: self.text(),
        };
        Figure::new(words, svg, wide, high)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn gray_and_color_images_reproduce() {
        let gray = Tensor::new(&[[0f32, 1.0, 1.0], [0.5, f32::NAN, 0.0]], &Device::Cpu).unwrap();
        let figure = Images::of("gray", &gray).unwrap().figure();
        insta::assert_snapshot!(figure.to_svg());
        assert!(figure.alt().contains("1 NaN"), "{}", figure.alt());
        let red = [[[255u8, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 0], [0, 255]]];
        let color = Tensor::new(&[red], &Device::Cpu).unwrap();
        let figure = Images::of("color", &color)
            .unwrap()
            .labels(["<a>"])
            .figure();
        let svg = figure.to_svg();
        assert!(svg.contains("#ff0000") && svg.contains("#0000ff") && svg.contains("&lt;a&gt;"));
        assert!(figure.to_text().contains("<a>"), "{figure}");
    }

    #[test]
    fn every_size_stays_small_and_says_what_a_square_is() {
        for (dims, says) in [
            (vec![40, 28, 28], "40 gray images of 28 × 28 pixels"),
            (vec![500, 3, 32, 32], "The first 40 of 500."),
            (vec![1, 3, 1000, 1000], "Each square is the mean of"),
            (vec![3000, 3000], "Each square is the mean of"),
            (
                vec![0, 28, 28],
                "0 gray images of 28 × 28 pixels, no finite value.",
            ),
            (vec![2, 0, 5], "2 gray images of 0 × 5 pixels"),
        ] {
            let pixels = Tensor::rand(0f32, 1.0, dims, &Device::Cpu).unwrap();
            let figure = Images::of("noise", &pixels).unwrap().figure();
            assert!(figure.alt().contains(says), "{}", figure.alt());
            assert!(figure.to_svg().len() < 60_000, "{}", figure.to_svg().len());
            assert!(figure.size().0 <= 960.0, "{:?}", figure.size());
        }
        let odd = Tensor::zeros((2, 2, 5, 5), DType::F32, &Device::Cpu).unwrap();
        let error = Images::of("odd", &odd).unwrap_err();
        assert!(error.to_string().contains("[2, 2, 5, 5]"), "{error}");
    }

    #[test]
    fn values_outside_the_range_are_scaled_and_named() {
        let pixels = Tensor::new(&[[-1f32, 0.0], [1.0, 3.0]], &Device::Cpu).unwrap();
        let figure = Images::of("odd", &pixels).unwrap().figure();
        assert!(
            figure.alt().ends_with("Black is -1, white 3."),
            "{}",
            figure.alt()
        );
    }
}
