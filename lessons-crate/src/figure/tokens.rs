//! A text as the model reads it: tokens over their ids.

use super::palette;
use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::{self, Svg};
use super::table::aligned;
use super::typography::{Face, fit, width};

const ROOM: f64 = 860.0;
const HEIGHT: f64 = 44.0;
const GAP: f64 = 6.0;
const WIDEST: f64 = 160.0;
/// As many tokens as are drawn.
const MOST: usize = 128;

/// Tokens and ids side by side, in as many rows as they need. Tokens that continue a word stand
/// close to it.
///
/// ```
/// use lessons::figure::TokenStrip;
/// use lessons::prelude::*;
///
/// let strip = TokenStrip::new("a review", &["[CLS]", "un", "##real", "[SEP]"], &[101, 4895, 22852, 102]);
/// assert_eq!(strip.figure().alt(), "Tokens a review: 4 tokens, 1 of which continues a word: [CLS] un ##real [SEP].");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TokenStrip {
    title: String,
    tokens: Vec<(String, i64)>,
}

impl TokenStrip {
    /// Tokens with their ids; where there are fewer of one than of the other the rest is dropped.
    pub fn new<T: AsRef<str>, I: Copy + Into<i64>>(
        title: &str,
        tokens: &[T],
        ids: &[I],
    ) -> TokenStrip {
        let pairs = tokens
            .iter()
            .zip(ids)
            .map(|(token, id)| (token.as_ref().to_owned(), (*id).into()));
        TokenStrip {
            title: title.to_owned(),
            tokens: pairs.collect(),
        }
    }

    fn words(&self) -> String {
        let pieces = self
            .tokens
            .iter()
            .filter(|(token, _)| continues(token))
            .count();
        let mut words = super::diagram::count(self.tokens.len(), "token");
        match pieces {
            0 => {}
            1 => words.push_str(", 1 of which continues a word"),
            more => words.push_str(&format!(", {more} of which continue a word")),
        }
        if self.tokens.is_empty() {
            return format!("{words}.");
        }
        let shown: Vec<&str> = self
            .tokens
            .iter()
            .take(24)
            .map(|(token, _)| token.as_str())
            .collect();
        let more = if self.tokens.len() > 24 { " …" } else { "" };
        format!("{words}: {}{more}.", shown.join(" "))
    }
}

/// Whether WordPiece split a word before this token.
fn continues(token: &str) -> bool {
    token.starts_with("##")
}

/// Whether the token is the model's own, such as `[CLS]`.
fn special(token: &str) -> bool {
    token.starts_with('[') && token.ends_with(']')
}

impl Show for TokenStrip {
    fn figure(&self) -> Figure {
        let mut svg = Svg::new();
        let (mut x, mut y, mut widest) = (0.0f64, 0.0, 0.0f64);
        for (token, id) in self.tokens.iter().take(MOST) {
            let shown = fit(token, WIDEST, 13.0, Face::Mono);
            let id = id.to_string();
            let wide = width(&shown, 13.0, Face::Mono).max(width(&id, 11.0, Face::Mono)) + 18.0;
            let gap = if continues(token) { 1.0 } else { GAP };
            if x > 0.0 && x + gap + wide > ROOM {
                (x, y) = (0.0, y + HEIGHT + 10.0);
            } else if x > 0.0 {
                x += gap;
            }
            let (fill, edge) = match special(token) {
                true => (palette::HULL, palette::LINE),
                false => (
                    palette::mix(palette::CARD, palette::SERIES[0], 0.12),
                    palette::SERIES[0],
                ),
            };
            svg.add(
                svg::rect(x, y, wide, HEIGHT)
                    .round(5.0)
                    .fill(fill)
                    .stroke(edge, 1.0),
            );
            let middle = x + wide / 2.0;
            svg.add(
                svg::text(middle, y + 19.0, &shown)
                    .middle()
                    .mono()
                    .bold()
                    .size(13.0)
                    .fill(palette::INK),
            );
            svg.add(
                svg::text(middle, y + 35.0, &id)
                    .middle()
                    .mono()
                    .size(11.0)
                    .fill(palette::MUTED),
            );
            x += wide;
            widest = widest.max(x);
        }
        let mut rows = vec![["position", "token", "id"].map(str::to_owned).to_vec()];
        for (index, (token, id)) in self.tokens.iter().take(MOST).enumerate() {
            rows.push(vec![index.to_string(), token.clone(), id.to_string()]);
        }
        let mut text = aligned(&rows);
        let mut finding = self.words();
        if self.tokens.len() > MOST {
            finding.push_str(&format!(" The first {MOST} are drawn."));
            text.push_str(&format!("… and {} more\n", self.tokens.len() - MOST));
        }
        let words = Words {
            title: self.title.clone(),
            kind: "Tokens",
            finding,
            text,
        };
        Figure::new(words, svg, widest, y + HEIGHT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_wrap_and_are_bounded() {
        let tokens: Vec<String> = (0..1000).map(|n| format!("word{n}")).collect();
        let ids: Vec<i64> = (0..1000).collect();
        let figure = TokenStrip::new("Tokens", &tokens, &ids).figure();
        assert!(figure.size().0 <= 960.0);
        assert!(figure.to_svg().len() < 100_000);
        assert!(figure.alt().ends_with("The first 128 are drawn."));
        let none: [&str; 0] = [];
        assert_eq!(
            TokenStrip::new("none", &none, &[0u32; 0]).figure().alt(),
            "Tokens none: 0 tokens."
        );
    }
}
