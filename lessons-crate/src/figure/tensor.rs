//! Tensors of any rank: one matrix, or a row of them over the leading axes.

use candle_core::Tensor;

use super::error::FigureError;
use super::heat_map::{HeatMap, values_of};
use super::matrix::{self, Cells, Matrix, Scale, Stats};
use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Svg};

/// As many matrices as are drawn of a tensor with more than two axes.
const MOST_SLICES: usize = 12;
/// As many cells as all of them have together.
const MOST_CELLS: f64 = 4800.0;
/// As many rows and columns as each has.
const MOST: f64 = 64.0;
const SLICE: f64 = 160.0;
const GAP: f64 = 20.0;

impl Show for Tensor {
    /// The values: a grid of cells, or one for each of the first matrices of a tensor with more than
    /// two axes. A tensor that cannot be read is a figure that says why.
    fn figure(&self) -> Figure {
        let title = format!("{}{:?}", self.dtype().as_str(), self.dims());
        let drawn = match self.dims() {
            [] | [_] | [_, _] => HeatMap::of(&title, self).map(|map| map.figure()),
            dims => slices(&title, dims, self),
        };
        drawn.unwrap_or_else(|error| broken(&title, &error))
    }
}

fn slices(title: &str, dims: &[usize], tensor: &Tensor) -> Result<Figure, FigureError> {
    let [leading @ .., rows, columns] = dims else {
        return Ok(HeatMap::of(title, tensor)?.figure());
    };
    let values = values_of(tensor)?;
    let stats = Stats::of(&values);
    let count = if values.is_empty() {
        0
    } else {
        leading.iter().product()
    };
    let shown = count.min(MOST_SLICES);
    let size = rows * columns;
    let of = |slice: usize| &values[slice * size..(slice + 1) * size];
    let most = (MOST_CELLS / shown.max(1) as f64).sqrt().min(MOST) as usize;
    let drawn: Vec<Matrix> = (0..shown)
        .map(|slice| Matrix::new(*rows, *columns, of(slice).to_vec()).reduced(most, most))
        .collect();
    // Means are nearer to zero than what they are the means of.
    let means: Vec<f64> = drawn
        .iter()
        .flat_map(|matrix| matrix.values.iter().copied())
        .collect();
    let scale = Scale::of(&Stats::of(&means));
    let block = drawn.first().map_or([1, 1], |matrix| matrix.block);
    let mut svg = Svg::new();
    let mut text = String::new();
    let (mut wide, mut high) = (0.0f64, 0.0f64);
    let per_row = 5usize.min(shown.max(1));
    for (slice, matrix) in drawn.iter().enumerate() {
        let side = (SLICE / matrix.rows.max(matrix.columns) as f64).clamp(4.0, 24.0);
        let (cell_width, cell_height) = (side * matrix.columns as f64, side * matrix.rows as f64);
        let x = (slice % per_row) as f64 * (cell_width + GAP);
        let y = (slice / per_row) as f64 * (cell_height + GAP + 12.0);
        let name = place(slice, leading);
        svg.add(
            svg::text(x, y + 11.0, &name)
                .mono()
                .size(11.0)
                .fill(palette::MUTED),
        );
        let cells = Cells {
            x,
            y: y + 17.0,
            width: side,
            height: side,
        };
        matrix::draw(&mut svg, matrix, scale, cells, None);
        (wide, high) = (wide.max(x + cell_width), high.max(y + 17.0 + cell_height));
        text.push_str(&format!("{name}  {}\n", Stats::of(of(slice)).words()));
    }
    let mut finding = format!("{}.", stats.words());
    if block != [1, 1] {
        finding.push_str(&format!(
            " Each cell is the mean of {} × {} values.",
            block[0], block[1]
        ));
    }
    if count > shown {
        finding.push_str(&format!(" The first {shown} of {count} matrices."));
        text.push_str(&format!("… and {} more\n", count - shown));
    }
    if count > 0 {
        high += 14.0;
        high += matrix::legend(&mut svg, scale, &stats, high);
    }
    let words = Words {
        title: title.to_owned(),
        kind: "Tensor",
        finding,
        text,
    };
    Ok(Figure::new(words, svg, wide, high))
}

/// `[1, 0, …]`: which matrix of the leading axes this is.
fn place(slice: usize, leading: &[usize]) -> String {
    let mut rest = slice;
    let mut indices: Vec<String> = Vec::new();
    for size in leading.iter().rev() {
        indices.push((rest % size).to_string());
        rest /= size;
    }
    indices.reverse();
    format!("[{}, …]", indices.join(", "))
}

fn broken(title: &str, error: &FigureError) -> Figure {
    let words = Words {
        title: title.to_owned(),
        kind: "Tensor",
        finding: error.to_string(),
        text: String::new(),
    };
    Figure::new(words, Svg::new(), 0.0, 0.0)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn tensors_of_every_rank_and_dtype_are_drawn() {
        let device = Device::Cpu;
        for dims in [
            vec![],
            vec![5],
            vec![3, 2],
            vec![2, 3, 4],
            vec![2, 2, 3, 4],
            vec![0, 4],
            vec![2, 0, 4],
        ] {
            for dtype in [DType::F32, DType::F64, DType::U8, DType::I64, DType::BF16] {
                let tensor = Tensor::ones(dims.clone(), dtype, &device).unwrap();
                let figure = tensor.figure();
                assert!(figure.alt().contains(dtype.as_str()), "{}", figure.alt());
            }
        }
    }

    #[test]
    fn ten_million_elements_stay_a_small_picture() {
        let tensor = Tensor::zeros((10, 1000, 1000), DType::F32, &Device::Cpu).unwrap();
        assert!(tensor.figure().to_svg().len() < 50_000);
        let tensor = Tensor::rand(-1.0f32, 1.0, (40, 64, 64), &Device::Cpu).unwrap();
        let figure = tensor.figure();
        assert!(figure.to_svg().len() < 70_000, "{}", figure.to_svg().len());
        assert!(figure.alt().contains("The first 12 of 40 matrices."));
    }
}
