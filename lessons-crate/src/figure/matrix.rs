//! A table of numbers as cells: printed while there are few, in colors when there are many.

use std::collections::BTreeMap;

use super::number::short;
use super::palette::{self, Color, diverging, sequential};
use super::svg::{self, Path, Svg};

/// Numbers in rows, as many as are drawn, and what is known of those that they stand for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
    /// How many rows and columns of the original each cell stands for, at most.
    pub block: [usize; 2],
}

impl Matrix {
    /// The values row by row; those that are missing are NaN.
    pub fn new(rows: usize, columns: usize, mut values: Vec<f64>) -> Matrix {
        values.resize(rows * columns, f64::NAN);
        Matrix {
            rows,
            columns,
            values,
            block: [1, 1],
        }
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// At most so many rows and columns: each cell is the mean of a block, or what is not finite in
    /// it, so that no NaN is averaged away.
    pub fn reduced(&self, most_rows: usize, most_columns: usize) -> Matrix {
        let block = [
            self.rows.div_ceil(most_rows.max(1)).max(1),
            self.columns.div_ceil(most_columns.max(1)).max(1),
        ];
        if block == [1, 1] {
            return self.clone();
        }
        let (rows, columns) = (
            self.rows.div_ceil(block[0]),
            self.columns.div_ceil(block[1]),
        );
        let mut sums = vec![(0.0, 0usize); rows * columns];
        let mut broken: BTreeMap<usize, f64> = BTreeMap::new();
        for row in 0..self.rows {
            for column in 0..self.columns {
                let cell = row / block[0] * columns + column / block[1];
                let value = self.at(row, column);
                if value.is_finite() {
                    sums[cell].0 += value;
                    sums[cell].1 += 1;
                } else {
                    broken.insert(cell, value);
                }
            }
        }
        let mean = |(cell, (sum, count)): (usize, &(f64, usize))| match broken.get(&cell) {
            Some(value) => *value,
            None => sum / *count as f64,
        };
        Matrix {
            rows,
            columns,
            values: sums.iter().enumerate().map(mean).collect(),
            block,
        }
    }
}

/// What is to be known of numbers before they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Stats {
    pub least: f64,
    pub greatest: f64,
    pub mean: f64,
    pub finite: usize,
    pub nans: usize,
    pub infinite: usize,
}

impl Stats {
    pub fn of(values: &[f64]) -> Stats {
        let mut stats = Stats {
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            ..Stats::default()
        };
        for value in values {
            if value.is_nan() {
                stats.nans += 1;
            } else if value.is_infinite() {
                stats.infinite += 1;
            } else {
                stats.finite += 1;
                stats.least = stats.least.min(*value);
                stats.greatest = stats.greatest.max(*value);
                stats.mean += (value - stats.mean) / stats.finite as f64;
            }
        }
        stats
    }

    /// `from -1.5 to 2, mean 0.1, 3 NaN`
    pub fn words(&self) -> String {
        self.words_with(["", ""])
    }

    /// `from -1.5 at [0, 3] to 2 at [1, 1], mean 0.1`: with the places of the least and the greatest of
    /// some values in rows of so many.
    pub fn words_in_rows(&self, values: &[f64], columns: usize) -> String {
        let place = |value: f64| match values.iter().position(|other| *other == value) {
            Some(at) => format!(" at [{}, {}]", at / columns, at % columns),
            None => String::new(),
        };
        let [least, greatest] = [self.least, self.greatest].map(place);
        self.words_with([&least, &greatest])
    }

    fn words_with(&self, [least, greatest]: [&str; 2]) -> String {
        let mut words = Vec::new();
        match self.finite {
            0 => words.push("no finite value".to_owned()),
            1 => words.push(format!("the value {}", short(self.mean, 4))),
            _ if self.least == self.greatest => {
                words.push(format!("every value is {}", short(self.least, 4)));
            }
            _ => {
                words.push(format!(
                    "from {}{least} to {}{greatest}",
                    short(self.least, 4),
                    short(self.greatest, 4)
                ));
                words.push(format!("mean {}", short(self.mean, 4)));
            }
        }
        if self.nans > 0 {
            words.push(format!("{} NaN", self.nans));
        }
        if self.infinite > 0 {
            words.push(format!("{} infinite", self.infinite));
        }
        words.join(", ")
    }
}

/// Which color a number has: blue below zero, white at it, orange above; or white to dark blue where
/// no number is negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub least: f64,
    pub greatest: f64,
}

impl Scale {
    pub fn of(stats: &Stats) -> Scale {
        if stats.finite == 0 {
            return Scale {
                least: 0.0,
                greatest: 1.0,
            };
        }
        let size = stats.least.abs().max(stats.greatest.abs());
        Scale {
            least: if stats.least < 0.0 { -size } else { 0.0 },
            greatest: if size > 0.0 { size } else { 1.0 },
        }
    }

    pub fn color(&self, value: f64) -> Color {
        // As many steps as an eye tells apart; equal neighbors are drawn as one run.
        const STEPS: f64 = 32.0;
        let part = value / self.greatest;
        match value {
            value if value.is_nan() => palette::BROKEN,
            value if value.is_infinite() => palette::INK,
            _ if self.least < 0.0 => diverging((part * STEPS).round() / STEPS),
            _ => sequential((part * STEPS).round() / STEPS),
        }
    }
}

/// Where and how large the cells are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Draws the cells, with their values printed in them if `printed` says with how many digits.
pub(super) fn draw(
    svg: &mut Svg,
    matrix: &Matrix,
    scale: Scale,
    cells: Cells,
    printed: Option<usize>,
) {
    let Cells {
        x,
        y,
        width,
        height,
    } = cells;
    let (wide, high) = (width * matrix.columns as f64, height * matrix.rows as f64);
    svg.add(svg::rect(x, y, wide, high).fill(palette::CARD));
    // For each color a line through the middles of its runs, as thick as a row is high.
    let mut lines: BTreeMap<Color, Path> = BTreeMap::new();
    for row in 0..matrix.rows {
        let mut column = 0;
        while column < matrix.columns {
            let color = scale.color(matrix.at(row, column));
            let start = column;
            while column < matrix.columns && scale.color(matrix.at(row, column)) == color {
                column += 1;
            }
            if color != palette::CARD {
                let line = lines.remove(&color).unwrap_or_default();
                let middle = y + (row as f64 + 0.5) * height;
                let (left, long) = (start as f64 * width, (column - start) as f64 * width);
                lines.insert(color, line.run(x + left, middle, long));
            }
        }
    }
    for (color, line) in lines {
        svg.add(svg::path(line).stroke(color, height));
    }
    if let Some(digits) = printed {
        let mut grid = Path::default();
        for row in 1..matrix.rows {
            let at = y + row as f64 * height;
            grid = grid.move_to(x, at).line_to(x + wide, at);
        }
        for column in 1..matrix.columns {
            let at = x + column as f64 * width;
            grid = grid.move_to(at, y).line_to(at, y + high);
        }
        if !grid.is_empty() {
            svg.add(svg::path(grid).stroke(palette::RULE, 1.0));
        }
        for row in 0..matrix.rows {
            for column in 0..matrix.columns {
                let value = matrix.at(row, column);
                let ink = palette::ink_on(scale.color(value));
                let at = [
                    x + (column as f64 + 0.5) * width,
                    y + (row as f64 + 0.5) * height + 4.0,
                ];
                svg.add(
                    svg::text(at[0], at[1], &short(value, digits))
                        .middle()
                        .mono()
                        .size(11.0)
                        .fill(ink),
                );
            }
        }
    }
    svg.add(svg::rect(x, y, wide, high).stroke(palette::LINE, 1.0));
}

/// A strip that says which color means what; its height.
pub(super) fn legend(svg: &mut Svg, scale: Scale, stats: &Stats, y: f64) -> f64 {
    const STEPS: usize = 32;
    const STEP: f64 = 5.0;
    for step in 0..STEPS {
        let part = (step as f64 + 0.5) / STEPS as f64;
        let value = scale.least + part * (scale.greatest - scale.least);
        let x = step as f64 * STEP;
        svg.add(svg::rect(x, y, STEP + 0.2, 10.0).fill(scale.color(value)));
    }
    let wide = STEPS as f64 * STEP;
    svg.add(svg::rect(0.0, y, wide, 10.0).stroke(palette::LINE, 1.0));
    let mut label = |x: f64, text: &str, anchor: u8| {
        let label = svg::text(x, y + 23.0, text).size(11.0).fill(palette::MUTED);
        svg.add(match anchor {
            0 => label,
            1 => label.middle(),
            _ => label.end(),
        });
    };
    label(0.0, &short(scale.least, 3), 0);
    if scale.least < 0.0 {
        label(wide / 2.0, "0", 1);
    }
    label(wide, &short(scale.greatest, 3), 2);
    let mut x = wide + 18.0;
    for (count, name, color) in [
        (stats.nans, "NaN", palette::BROKEN),
        (stats.infinite, "infinite", palette::INK),
    ] {
        if count > 0 {
            svg.add(
                svg::rect(x, y, 10.0, 10.0)
                    .fill(color)
                    .stroke(palette::LINE, 1.0),
            );
            svg.add(
                svg::text(x + 15.0, y + 9.0, name)
                    .size(11.0)
                    .fill(palette::MUTED),
            );
            x += 40.0 + 6.0 * name.len() as f64;
        }
    }
    24.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_finite_is_never_averaged_away() {
        let mut values = vec![1.0; 100];
        values[7] = f64::NAN;
        let reduced = Matrix::new(10, 10, values).reduced(2, 2);
        assert!(reduced.at(0, 1).is_nan());
        assert_eq!(reduced.at(1, 1), 1.0);
        assert_eq!(reduced.block, [5, 5]);
    }

    #[test]
    fn statistics_leave_out_what_is_not_finite_and_say_so() {
        let stats = Stats::of(&[1.0, f64::NAN, 3.0, f64::INFINITY]);
        assert_eq!(stats.words(), "from 1 to 3, mean 2, 1 NaN, 1 infinite");
        assert_eq!(Stats::of(&[]).words(), "no finite value");
        assert_eq!(Stats::of(&[2.0, 2.0]).words(), "every value is 2");
    }

    proptest! {
        #[test]
        fn blocks_keep_the_mean(values in prop::collection::vec(-10.0..10.0f64, 64)) {
            let matrix = Matrix::new(8, 8, values.clone());
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((mean(&matrix.reduced(2, 4).values) - mean(&values)).abs() < 1e-9);
        }
    }
}
