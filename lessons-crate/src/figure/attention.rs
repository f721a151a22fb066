//! Attention: how much each token looks at each other, for one head or for all.

use candle_core::Tensor;

use super::error::FigureError;
use super::heat_map::{HeatMap, values_of};
use super::matrix::{self, Cells, Matrix, Scale, Stats};
use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Svg};
use super::table::aligned;
use super::typography::{Face, fit, width};

/// As many tokens as one map shows.
const MOST_TOKENS: usize = 48;
/// As many tokens as each of several maps shows.
const MOST_SMALL: usize = 28;
const MAPS_PER_ROW: usize = 4;
const MAP: f64 = 190.0;
const GAP: f64 = 26.0;

/// The attention weights of one layer: rows are the tokens that look, columns those that are looked
/// at, and each row sums to 1.
///
/// ```
/// use lessons::figure::AttentionMaps;
/// use lessons::prelude::*;
///
/// let weights = Tensor::new(&[[[0.9f32, 0.1], [0.2, 0.8]]], &Cpu)?;
/// let maps = AttentionMaps::new("layer 0", &["good", "film"], &weights)?;
/// assert!(maps.figure().alt().contains("in head 0, good looks most at good (0.90)"));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionMaps {
    pub(super) title: String,
    pub(super) tokens: Vec<String>,
    pub(super) heads: Vec<Matrix>,
    /// How many tokens there are beyond those that are shown.
    pub(super) left_out: usize,
    /// The number of the first head.
    pub(super) first: usize,
}

impl AttentionMaps {
    /// The maps of weights `[heads, seq, seq]`, `[1, heads, seq, seq]` or `[seq, seq]`.
    ///
    /// # Errors
    /// When the shape is another, or does not fit the number of tokens.
    pub fn new<T: AsRef<str>>(
        title: &str,
        tokens: &[T],
        weights: &Tensor,
    ) -> Result<AttentionMaps, FigureError> {
        let tokens: Vec<String> = tokens
            .iter()
            .map(|token| token.as_ref().to_owned())
            .collect();
        AttentionMaps::read(title, tokens, weights)
    }

    fn read(
        title: &str,
        mut tokens: Vec<String>,
        weights: &Tensor,
    ) -> Result<AttentionMaps, FigureError> {
        let wrong = || FigureError::Attention {
            shape: weights.dims().to_vec(),
            tokens: tokens.len(),
        };
        let (heads, rows, columns) = match *weights.dims() {
            [rows, columns] => (1, rows, columns),
            [heads, rows, columns] | [1, heads, rows, columns] => (heads, rows, columns),
            _ => return Err(wrong()),
        };
        if rows != tokens.len() || columns != tokens.len() {
            return Err(wrong());
        }
        let most = if heads == 1 { MOST_TOKENS } else { MOST_SMALL };
        let shown = rows.min(most);
        let values = values_of(weights)?;
        let map = |head: usize| {
            let at = |row: usize, column: usize| values[(head * rows + row) * columns + column];
            let cells = (0..shown).flat_map(|row| (0..shown).map(move |column| (row, column)));
            Matrix::new(
                shown,
                shown,
                cells.map(|(row, column)| at(row, column)).collect(),
            )
        };
        let left_out = rows - shown;
        tokens.truncate(shown);
        Ok(AttentionMaps {
            title: title.to_owned(),
            heads: (0..heads).map(map).collect(),
            tokens,
            left_out,
            first: 0,
        })
    }

    /// One head alone, with its tokens along both sides; the last one where there are fewer.
    pub fn head(mut self, head: usize) -> AttentionMaps {
        let head = head.min(self.heads.len().saturating_sub(1));
        self.heads = self.heads.into_iter().skip(head).take(1).collect();
        self.first += head;
        self
    }

    /// The greatest weight of each head, as `(head, row, column, weight)`.
    fn peaks(&self) -> Vec<(usize, usize, usize, f64)> {
        let peak = |(head, map): (usize, &Matrix)| {
            let cells = map
                .values
                .iter()
                .enumerate()
                .filter(|(_, value)| value.is_finite());
            let (cell, value) = cells.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
            Some((
                self.first + head,
                cell / map.columns,
                cell % map.columns,
                *value,
            ))
        };
        self.heads.iter().enumerate().filter_map(peak).collect()
    }

    fn words(&self) -> String {
        let peaks = self.peaks();
        let strongest = peaks
            .iter()
            .max_by(|a, b| a.3.total_cmp(&b.3).then(b.0.cmp(&a.0)));
        let mut words = match strongest {
            Some((head, row, column, value)) => {
                let of = match self.heads.len() {
                    1 => String::new(),
                    heads => format!("; the strongest of {heads} heads"),
                };
                let (from, to) = (&self.tokens[*row], &self.tokens[*column]);
                format!("in head {head}, {from} looks most at {to} ({value:.2}){of}.")
            }
            None => "no weights.".to_owned(),
        };
        if self.heads.len() > 1 {
            words.push_str(" Below each map stands the token that is looked at most.");
        }
        if self.left_out > 0 {
            words.push_str(&format!(
                " The first {} of {} tokens.",
                self.tokens.len(),
                self.tokens.len() + self.left_out
            ));
        }
        words
    }

    fn text(&self) -> String {
        let mut rows = vec![
            ["head", "token", "looks most at", "weight"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (head, row, column, value) in self.peaks() {
            rows.push(vec![
                head.to_string(),
                self.tokens[row].clone(),
                self.tokens[column].clone(),
                format!("{value:.3}"),
            ]);
        }
        aligned(&rows)
    }

    /// All heads as small maps, with the token that is looked at most on the whole below each.
    fn small_maps(&self) -> (Svg, f64, f64) {
        let mut svg = Svg::new();
        let count = self.tokens.len().max(1);
        let cell = (MAP / count as f64).floor().clamp(4.0, 24.0);
        let side = (cell * count as f64).max(110.0);
        let all: Vec<f64> = self
            .heads
            .iter()
            .flat_map(|map| map.values.iter().copied())
            .collect();
        let stats = Stats::of(&all);
        let scale = Scale::of(&stats);
        let per_row = MAPS_PER_ROW.min(self.heads.len().max(1));
        let (mut wide, mut high) = (0.0f64, 0.0f64);
        for (index, map) in self.heads.iter().enumerate() {
            let x = (index % per_row) as f64 * (side + GAP);
            let y = (index / per_row) as f64 * (side + GAP + 26.0);
            let head = format!("head {}", self.first + index);
            svg.add(
                svg::text(x, y + 11.0, &head)
                    .size(11.0)
                    .bold()
                    .fill(palette::INK),
            );
            let cells = Cells {
                x,
                y: y + 18.0,
                width: cell,
                height: cell,
            };
            matrix::draw(&mut svg, map, scale, cells, None);
            let sums = (0..map.columns).map(|column| {
                (0..map.rows)
                    .map(|row| map.at(row, column))
                    .filter(|v| v.is_finite())
                    .sum::<f64>()
            });
            let favorite = sums
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            if let Some((column, _)) = favorite {
                let at = x + (column as f64 + 0.5) * cell;
                let below = y + 18.0 + cell * map.rows as f64;
                let name = fit(&self.tokens[column], side - 10.0, 10.0, Face::Sans).into_owned();
                let half = width(&name, 10.0, Face::Sans) / 2.0;
                let mark = svg::Path::default()
                    .move_to(at, below + 2.0)
                    .line_to(at - 3.5, below + 7.5)
                    .line_to(at + 3.5, below + 7.5)
                    .close();
                svg.add(svg::path(mark).fill(palette::MUTED));
                let middle = at.clamp(
                    x + half.min(side / 2.0),
                    (x + side - half).max(x + side / 2.0),
                );
                svg.add(
                    svg::text(middle, below + 18.0, &name)
                        .middle()
                        .size(10.0)
                        .fill(palette::MUTED),
                );
            }
            wide = wide.max(x + side);
            high = high.max(y + 18.0 + cell * map.rows as f64 + 22.0);
        }
        if stats.finite > 0 {
            high += 8.0;
            high += matrix::legend(&mut svg, scale, &stats, high);
        }
        (svg, wide, high)
    }
}

impl Show for AttentionMaps {
    fn figure(&self) -> Figure {
        if let [map] = self.heads.as_slice()
            && !self.tokens.is_empty()
        {
            let title = format!("{}, head {}", self.title, self.first);
            return HeatMap::new(&title, map.rows, map.columns, map.values.clone())
                .rows(self.tokens.clone())
                .columns(self.tokens.clone())
                .axes("this token …", "… looks at")
                .finding(&self.words())
                .figure();
        }
        let (svg, wide, high) = self.small_maps();
        let words = Words {
            title: self.title.clone(),
            kind: "Attention maps",
            finding: self.words(),
            text: self.text(),
        };
        Figure::new(words, svg, wide, high)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn weights(heads: usize, tokens: usize) -> Tensor {
        let cell = |index: usize| f64::from(u32::from(index % tokens == 1)) * 0.9 + 0.01;
        let values: Vec<f64> = (0..heads * tokens * tokens).map(cell).collect();
        Tensor::from_vec(values, (heads, tokens, tokens), &Device::Cpu).unwrap()
    }

    #[test]
    fn every_token_looks_at_the_second() {
        let tokens = ["[CLS]", "<script>", "🙂", "[SEP]"];
        let maps = AttentionMaps::new("layer 1", &tokens, &weights(12, 4)).unwrap();
        let figure = maps.figure();
        assert!(
            figure.alt().contains("[CLS] looks most at <script> (0.91)"),
            "{}",
            figure.alt()
        );
        assert!(!figure.to_svg().contains("<script"));
        assert!(figure.size().0 <= 960.0);
        let one = maps.head(3).figure();
        assert!(one.alt().contains("head 3"), "{}", one.alt());
    }

    #[test]
    fn long_sentences_are_cut_and_said_to_be() {
        let tokens: Vec<String> = (0..200).map(|n| format!("t{n}")).collect();
        let figure = AttentionMaps::new("long", &tokens, &weights(12, 200))
            .unwrap()
            .figure();
        assert!(
            figure.alt().ends_with("The first 28 of 200 tokens."),
            "{}",
            figure.alt()
        );
        assert!(figure.to_svg().len() < 150_000, "{}", figure.to_svg().len());
    }

    #[test]
    fn weights_that_do_not_fit_are_an_error() {
        let error = AttentionMaps::new("bad", &["a", "b"], &weights(2, 3)).unwrap_err();
        assert!(error.to_string().contains("2 tokens"), "{error}");
        let flat = Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap();
        assert!(AttentionMaps::new("bad", &["a"], &flat).is_err());
        let none: [&str; 0] = [];
        let empty = Tensor::zeros((2, 0, 0), DType::F32, &Device::Cpu).unwrap();
        assert!(
            AttentionMaps::new("empty", &none, &empty)
                .unwrap()
                .figure()
                .alt()
                .contains("no weights")
        );
    }
}
