//! Attention as arcs over a sentence: above it those to later tokens, below it those to earlier ones.

use super::attention::AttentionMaps;
use super::diagram::count;
use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Path, Svg};
use super::table::aligned;
use super::typography::{Face, fit, width};

/// As many arcs as are drawn, the strongest.
const MOST_ARCS: usize = 60;
/// Weights below this are not drawn.
const LEAST: f64 = 0.05;
const ROOM: f64 = 880.0;
const SIZE: f64 = 13.0;
const NAME_WIDEST: f64 = 120.0;
const HIGHEST: f64 = 150.0;
/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

/// One head's attention as arcs between the tokens of a sentence; the thicker, the more a token looks
/// at the other. Made by [`AttentionMaps::arcs`].
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionArcs {
    title: String,
    tokens: Vec<String>,
    /// `(from, to, weight)`, the strongest first.
    arcs: Vec<(usize, usize, f64)>,
    head: usize,
    /// The only token whose arcs are drawn.
    from: Option<usize>,
    left_out: usize,
}

impl AttentionMaps {
    /// The attention of one head as arcs over the sentence; of the last one where there are fewer.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let weights = Tensor::new(&[[[0.1f32, 0.9], [0.4, 0.6]]], &Cpu)?;
    /// let arcs = AttentionMaps::new("layer 0", &["good", "film"], &weights)?.arcs(0);
    /// assert_eq!(
    ///     arcs.figure().alt(),
    ///     "Attention arcs layer 0, head 0: good looks most at film (0.90); 4 arcs of at least 0.05."
    /// );
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn arcs(&self, head: usize) -> AttentionArcs {
        let head = head.min(self.heads.len().saturating_sub(1));
        let mut arcs = Vec::new();
        if let Some(map) = self.heads.get(head) {
            let cells = (0..map.rows).flat_map(|row| (0..map.columns).map(move |to| (row, to)));
            arcs.extend(
                cells
                    .map(|(from, to)| (from, to, map.at(from, to)))
                    .filter(|(_, _, weight)| weight.is_finite() && *weight >= LEAST),
            );
        }
        arcs.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        AttentionArcs {
            title: self.title.clone(),
            tokens: self.tokens.clone(),
            arcs,
            head: self.first + head,
            from: None,
            left_out: self.left_out,
        }
    }
}

impl AttentionArcs {
    /// Draws only where one token looks, by its place in the sentence; the last one's where there are
    /// fewer.
    pub fn from(mut self, token: usize) -> AttentionArcs {
        let token = token.min(self.tokens.len().saturating_sub(1));
        self.arcs.retain(|(from, _, _)| *from == token);
        self.from = Some(token);
        self
    }

    fn words(&self) -> String {
        let Some((from, to, weight)) = self.arcs.first() else {
            return format!("no weight of at least {LEAST}.");
        };
        let (from, to) = (&self.tokens[*from], &self.tokens[*to]);
        let itself = if from == to { "itself" } else { to };
        let mut words = format!("{from} looks most at {itself} ({weight:.2}); ");
        words.push_str(&format!(
            "{} of at least {LEAST}",
            count(self.arcs.len(), "arc")
        ));
        if self.arcs.len() > MOST_ARCS {
            words.push_str(&format!(", the strongest {MOST_ARCS} drawn"));
        }
        words.push('.');
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
        let mut rows = vec![["token", "looks at", "weight"].map(str::to_owned).to_vec()];
        for (from, to, weight) in self.arcs.iter().take(MOST_ROWS) {
            rows.push(vec![
                self.tokens[*from].clone(),
                self.tokens[*to].clone(),
                format!("{weight:.3}"),
            ]);
        }
        let mut text = aligned(&rows);
        if let Some(more @ 1..) = self.arcs.len().checked_sub(MOST_ROWS) {
            text.push_str(&format!("… and {more} more\n"));
        }
        text
    }

    /// The middles of the tokens, and whether they stand upright for want of room.
    fn places(&self, names: &[String]) -> (Vec<f64>, bool) {
        let wide: Vec<f64> = names
            .iter()
            .map(|name| width(name, SIZE, Face::Mono) + 18.0)
            .collect();
        let total: f64 = wide.iter().sum();
        if total > ROOM {
            let step = (ROOM / names.len() as f64).max(17.0);
            let middle = |index: usize| (index as f64 + 0.5) * step;
            return ((0..names.len()).map(middle).collect(), true);
        }
        let mut x = 0.0;
        let middles = wide.iter().map(|wide| {
            x += wide;
            x - wide / 2.0
        });
        (middles.collect(), false)
    }
}

impl Show for AttentionArcs {
    fn figure(&self) -> Figure {
        let names: Vec<String> = self
            .tokens
            .iter()
            .map(|token| fit(token, NAME_WIDEST, SIZE, Face::Mono).into_owned())
            .collect();
        let (middles, upright) = self.places(&names);
        let drawn = &self.arcs[..self.arcs.len().min(MOST_ARCS)];
        let rise = |from: usize, to: usize| {
            let apart: f64 = middles[to] - middles[from];
            (16.0 + apart.abs() * 0.3).min(HIGHEST)
        };
        let highest = |later: bool| {
            drawn
                .iter()
                .filter(|(from, to, _)| (to >= from) == later)
                .map(|(from, to, _)| rise(*from, *to))
                .fold(0.0, f64::max)
        };
        let band = match upright {
            true => {
                let wide = names.iter().map(|name| width(name, SIZE, Face::Mono));
                wide.fold(0.0, f64::max) + 14.0
            }
            false => 26.0,
        };
        let (top, below) = (highest(true) + 6.0, highest(false) + 6.0);
        let mut svg = Svg::new();
        // The strongest lie on top; the others are drawn in proportion to it.
        let strongest = drawn.first().map_or(1.0, |arc| arc.2);
        for (from, to, weight) in drawn.iter().rev() {
            let later = to >= from;
            let (edge, up) = if later {
                (top, -1.0)
            } else {
                (top + band, 1.0)
            };
            // A token that looks at itself gets a small loop.
            let (start, end) = match from == to {
                true => (middles[*from] - 6.0, middles[*to] + 6.0),
                false => (middles[*from], middles[*to]),
            };
            let peak = edge + up * rise(*from, *to) * 4.0 / 3.0;
            let arc = Path::default().move_to(start, edge).curve_to(
                [start, peak],
                [end, peak],
                [end, edge],
            );
            let color = palette::SERIES[usize::from(!later)];
            let part = (weight / strongest).clamp(0.0, 1.0);
            let pale = palette::mix(palette::CARD, color, 0.2 + 0.8 * part);
            let thick = 0.6 + 4.4 * part * part;
            let tip = format!("{} → {}: {weight:.3}", self.tokens[*from], self.tokens[*to]);
            svg.add(svg::path(arc).stroke(pale, thick).tip(&tip));
        }
        for (index, name) in names.iter().enumerate() {
            let x = middles[index];
            let text = match upright {
                true => svg::text(x + 4.0, top + band / 2.0, name).rotate(
                    -90.0,
                    x + 4.0,
                    top + band / 2.0,
                ),
                false => svg::text(x, top + band / 2.0 + 4.5, name),
            };
            let text = text.middle().mono().size(SIZE).fill(palette::INK);
            svg.add(match self.from == Some(index) {
                true => text.bold(),
                false => text,
            });
        }
        let mut high = top + band + below;
        for (index, says) in [
            "looks at itself or a later token",
            "looks at an earlier token",
        ]
        .iter()
        .enumerate()
        {
            let x = index as f64 * 230.0;
            let y = high + 12.0;
            svg.add(svg::line(x, y, x + 22.0, y).stroke(palette::SERIES[index], 3.0));
            svg.add(
                svg::text(x + 30.0, y + 4.0, says)
                    .size(11.0)
                    .fill(palette::MUTED),
            );
        }
        high += 20.0;
        let wide = middles.last().map_or(0.0, |last| last + NAME_WIDEST / 2.0);
        let words = Words {
            title: format!("{}, head {}", self.title, self.head),
            kind: "Attention arcs",
            finding: self.words(),
            text: self.text(),
        };
        Figure::new(words, svg, wide.clamp(430.0, ROOM + 20.0), high)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;

    fn maps(tokens: usize) -> AttentionMaps {
        let names: Vec<String> = (0..tokens).map(|n| format!("<t{n}>")).collect();
        let cell = |at: usize| {
            let (from, to) = (at / tokens, at % tokens);
            if to == (from + 1) % tokens {
                0.8
            } else {
                0.2 / tokens as f64
            }
        };
        let values: Vec<f64> = (0..tokens * tokens).map(cell).collect();
        let weights = Tensor::from_vec(values, (1, tokens, tokens), &Device::Cpu).unwrap();
        AttentionMaps::new("layer 0", &names, &weights).unwrap()
    }

    #[test]
    fn arcs_reproduce() {
        let figure = maps(4).arcs(0).figure();
        insta::assert_snapshot!(figure.to_svg());
        insta::assert_snapshot!(figure.to_text());
    }

    #[test]
    fn long_sentences_stand_upright_and_stay_small() {
        for tokens in [0, 1, 2, 30, 48, 300] {
            let arcs = maps(tokens).arcs(7);
            for figure in [arcs.figure(), arcs.from(900).figure()] {
                assert!(figure.to_svg().len() < 60_000, "{}", figure.to_svg().len());
                assert!(figure.size().0 <= 960.0, "{:?}", figure.size());
            }
        }
        let one = maps(5).arcs(0).from(2).figure();
        assert!(
            one.alt().contains("<t2> looks most at <t3> (0.80); 1 arc"),
            "{}",
            one.alt()
        );
    }
}
