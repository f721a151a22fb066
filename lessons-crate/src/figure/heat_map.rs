//! Matrices: cells with their values while there are few, a heat map when there are many.

use candle_core::{DType, Tensor};

use super::error::FigureError;
use super::matrix::{self, Cells, Matrix, Scale, Stats};
use super::number::short;
use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Svg};
use super::table::aligned;
use super::typography::{Face, fit, width};

/// Up to so many rows and columns the values are printed.
const PRINTED: usize = 8;
/// Up to so many values of a single row are printed.
const PRINTED_ROW: usize = 14;
/// At most so many rows and columns are drawn.
const MOST: usize = 64;
const LABEL: f64 = 11.0;
const LABEL_WIDEST: f64 = 110.0;

/// A matrix as cells: orange above zero, blue below, white at zero; or white to dark blue where no
/// number is negative.
///
/// Up to 8 × 8 the values are printed. A matrix of more than 64 rows or columns is drawn by the
/// means of blocks, and the figure says so; NaN and infinities are drawn as such.
///
/// ```
/// use lessons::figure::HeatMap;
/// use lessons::prelude::*;
///
/// let figure = HeatMap::new("w", 2, 2, [1.0, -2.0, 0.0, 0.5]).figure();
/// assert_eq!(figure.alt(), "Matrix w: 2 × 2, from -2 at [0, 1] to 1 at [0, 0], mean -0.125.");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    title: String,
    matrix: Matrix,
    rows: Vec<String>,
    columns: Vec<String>,
    axes: [String; 2],
    finding: Option<String>,
}

impl HeatMap {
    /// A matrix given row by row; values that are missing are drawn as NaN, those beyond are dropped.
    pub fn new(title: &str, rows: usize, columns: usize, values: impl Into<Vec<f64>>) -> HeatMap {
        HeatMap {
            title: title.to_owned(),
            matrix: Matrix::new(rows, columns, values.into()),
            rows: Vec::new(),
            columns: Vec::new(),
            axes: [String::new(), String::new()],
            finding: None,
        }
    }

    /// A tensor with two axes; one with fewer is a row.
    ///
    /// # Errors
    /// When the tensor has more axes, or its device cannot be read.
    pub fn of(title: &str, tensor: &Tensor) -> Result<HeatMap, FigureError> {
        let (rows, columns) = match tensor.dims() {
            [] => (1, 1),
            [columns] => (1, *columns),
            _ => tensor.dims2()?,
        };
        Ok(HeatMap::new(title, rows, columns, values_of(tensor)?))
    }

    /// Names the rows.
    pub fn rows<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> HeatMap {
        self.rows = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Names the columns.
    pub fn columns<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> HeatMap {
        self.columns = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Says what the rows and the columns are.
    pub fn axes(mut self, rows: &str, columns: &str) -> HeatMap {
        self.axes = [rows.to_owned(), columns.to_owned()];
        self
    }

    /// Says what the matrix shows, in a sentence, in place of its range.
    pub fn finding(mut self, finding: &str) -> HeatMap {
        self.finding = Some(finding.to_owned());
        self
    }

    fn words(&self, stats: &Stats, drawn: &Matrix) -> String {
        if let Some(finding) = &self.finding {
            return finding.clone();
        }
        let Matrix { rows, columns, .. } = self.matrix;
        let range = stats.words_in_rows(&self.matrix.values, columns);
        let mut words = format!("{rows} × {columns}, {range}.");
        if drawn.block != [1, 1] {
            let [high, wide] = drawn.block;
            words.push_str(&format!(
                " Each cell is the mean of {high} × {wide} values."
            ));
        }
        words
    }
}

impl Show for HeatMap {
    fn figure(&self) -> Figure {
        let Matrix { rows, columns, .. } = self.matrix;
        let stats = Stats::of(&self.matrix.values);
        let drawn = self.matrix.reduced(MOST, MOST);
        // Means are nearer to zero than what they are the means of.
        let scale = Scale::of(&Stats::of(&drawn.values));
        let printed =
            (rows <= PRINTED && columns <= PRINTED) || (rows == 1 && columns <= PRINTED_ROW);
        let cell = cell_size(&drawn, printed);
        let labels = Labels::of(self, &drawn, cell);
        let mut svg = Svg::new();
        let cells = Cells {
            x: labels.left,
            y: labels.top,
            width: cell[0],
            height: cell[1],
        };
        labels.draw(&mut svg, self, cells, &drawn);
        let (mut wide, mut high) = (labels.left, labels.top);
        if drawn.values.is_empty() {
            svg.add(svg::text(0.0, 14.0, "no values").fill(palette::MUTED));
            high += 20.0;
        } else {
            matrix::draw(&mut svg, &drawn, scale, cells, printed.then_some(4));
            wide += cell[0] * drawn.columns as f64;
            high += cell[1] * drawn.rows as f64;
            if !printed {
                high += 14.0;
                high += matrix::legend(&mut svg, scale, &stats, high);
            }
        }
        let words = Words {
            title: self.title.clone(),
            kind: "Matrix",
            finding: self.words(&stats, &drawn),
            text: corner(&self.matrix, &self.rows, &self.columns),
        };
        Figure::new(words, svg, wide, high)
    }
}

fn cell_size(drawn: &Matrix, printed: bool) -> [f64; 2] {
    if printed {
        let texts = drawn.values.iter().map(|value| short(*value, 4));
        let widest = texts
            .map(|text| width(&text, 11.0, Face::Mono))
            .fold(0.0, f64::max);
        return [(widest + 14.0).max(34.0).ceil(), 30.0];
    }
    let side = |count: usize, room: f64| (room / count.max(1) as f64).floor().clamp(4.0, 24.0);
    let width = side(drawn.columns, 560.0);
    // Cells of a matrix are square, those of a single row are high enough to be seen.
    let height = if drawn.rows == 1 {
        30.0
    } else {
        width.min(side(drawn.rows, 560.0))
    };
    [if drawn.rows == 1 { width } else { height }, height]
}

/// The room that labels take, and whether they are drawn.
struct Labels {
    left: f64,
    top: f64,
    rows: bool,
    columns: bool,
    upright: bool,
}

impl Labels {
    fn of(map: &HeatMap, drawn: &Matrix, [width_of_cell, height_of_cell]: [f64; 2]) -> Labels {
        let rows = !map.rows.is_empty() && drawn.block[0] == 1 && height_of_cell >= LABEL;
        let columns = !map.columns.is_empty() && drawn.block[1] == 1 && width_of_cell >= LABEL;
        let widest = |labels: &[String]| {
            let wide = labels.iter().map(|label| width(label, LABEL, Face::Sans));
            wide.fold(0.0, f64::max).min(LABEL_WIDEST)
        };
        let upright = widest(&map.columns) > width_of_cell - 4.0;
        let axis = |axis: usize| if map.axes[axis].is_empty() { 0.0 } else { 18.0 };
        let left = if rows { widest(&map.rows) + 8.0 } else { 0.0 };
        let top = match (columns, upright) {
            (true, true) => widest(&map.columns) + 8.0,
            (true, false) => 18.0,
            (false, _) => 0.0,
        };
        Labels {
            left: left + axis(0),
            top: top + axis(1),
            rows,
            columns,
            upright,
        }
    }

    fn draw(&self, svg: &mut Svg, map: &HeatMap, cells: Cells, drawn: &Matrix) {
        let Cells {
            x,
            y,
            width,
            height,
        } = cells;
        if self.rows {
            for (row, label) in map.rows.iter().take(drawn.rows).enumerate() {
                let at = y + (row as f64 + 0.5) * height + 4.0;
                let label = fit(label, LABEL_WIDEST, LABEL, Face::Sans);
                svg.add(
                    svg::text(x - 6.0, at, &label)
                        .end()
                        .size(LABEL)
                        .fill(palette::INK),
                );
            }
        }
        if self.columns {
            for (column, label) in map.columns.iter().take(drawn.columns).enumerate() {
                let at = x + (column as f64 + 0.5) * width;
                let label = fit(label, LABEL_WIDEST, LABEL, Face::Sans);
                let text = match self.upright {
                    true => svg::text(at + 4.0, y - 6.0, &label).rotate(-90.0, at + 4.0, y - 6.0),
                    false => svg::text(at, y - 6.0, &label).middle(),
                };
                svg.add(text.size(LABEL).fill(palette::INK));
            }
        }
        let [rows, columns] = &map.axes;
        if !columns.is_empty() {
            let middle = x + width * drawn.columns as f64 / 2.0;
            svg.add(
                svg::text(middle, 11.0, columns)
                    .middle()
                    .size(LABEL)
                    .fill(palette::MUTED),
            );
        }
        if !rows.is_empty() {
            let middle = y + height * drawn.rows as f64 / 2.0;
            svg.add(
                svg::text(11.0, middle, rows)
                    .middle()
                    .rotate(-90.0, 11.0, middle)
                    .size(LABEL)
                    .fill(palette::MUTED),
            );
        }
    }
}

/// The upper left of a matrix as text.
fn corner(matrix: &Matrix, rows: &[String], columns: &[String]) -> String {
    let (high, wide) = (matrix.rows.min(12), matrix.columns.min(12));
    let mut lines = Vec::with_capacity(high + 1);
    let name =
        |names: &[String], at: usize| names.get(at).cloned().unwrap_or_else(|| at.to_string());
    let mut head = vec![String::new()];
    head.extend((0..wide).map(|column| name(columns, column)));
    lines.push(head);
    for row in 0..high {
        let mut line = vec![name(rows, row)];
        line.extend((0..wide).map(|column| short(matrix.at(row, column), 4)));
        lines.push(line);
    }
    let mut text = aligned(&lines);
    if high < matrix.rows || wide < matrix.columns {
        text.push_str(&format!(
            "the first {high} × {wide} of {} × {}\n",
            matrix.rows, matrix.columns
        ));
    }
    text
}

/// All elements of a tensor, row-major.
pub(super) fn values_of(tensor: &Tensor) -> Result<Vec<f64>, FigureError> {
    Ok(tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_matrices_print_their_values() {
        let figure = HeatMap::new("w", 2, 3, [1.0, -2.0, 0.25, f64::NAN, f64::INFINITY, 0.0])
            .rows(["a", "<b>"])
            .columns(["x", "y", "z"])
            .figure();
        insta::assert_snapshot!(figure.to_svg());
        let lines: Vec<&str> = figure.to_text().lines().collect();
        assert_eq!(
            lines,
            [
                "w",
                "2 × 3, from -2 at [0, 1] to 1 at [0, 0], mean -0.1875, 1 NaN, 1 infinite.",
                "",
                "       x   y     z",
                "---  ---  --  ----",
                "a      1  -2  0.25",
                "<b>  NaN   ∞     0",
            ]
        );
    }

    #[test]
    fn large_matrices_are_bounded_and_say_what_a_cell_is() {
        let values: Vec<f64> = (0..1_000_000).map(|i| f64::from(i % 1000)).collect();
        let figure = HeatMap::new("large", 1000, 1000, values).figure();
        assert!(figure.to_svg().len() < 100_000, "{}", figure.to_svg().len());
        assert!(
            figure
                .alt()
                .ends_with("Each cell is the mean of 16 × 16 values.")
        );
        assert!(figure.size().0 <= 960.0);
    }

    #[test]
    fn empty_matrices_say_so() {
        let figure = HeatMap::new("none", 0, 5, []).figure();
        assert_eq!(figure.alt(), "Matrix none: 0 × 5, no finite value.");
        assert!(figure.to_svg().contains("no values"));
    }
}
