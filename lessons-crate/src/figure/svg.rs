//! The one SVG writer: elements with presentation attributes only, escaped and deterministic.
//!
//! The dialect survives every place a notebook is read in: no style sheets, scripts, ids, references
//! or foreign objects; numbers rounded to two decimals; text as `<text>`. [`Svg::finish`] wraps what
//! was drawn in a card with an opaque background, since a transparent figure is unreadable in one of
//! the light and dark themes.

use std::fmt::{Display, Write};

use super::palette;
use super::typography::{shorten, visible};

/// As many characters as a line of text and a tooltip have; names in them may be of any length.
const LONGEST_LINE: usize = 400;
const LONGEST_TIP: usize = 600;

/// A drawing of a known size, in CSS pixels.
#[derive(Debug, Clone, Default)]
pub struct Svg {
    body: String,
}

impl Svg {
    pub fn new() -> Svg {
        Svg::default()
    }

    /// Draws an element over what is there.
    pub fn add(&mut self, element: Element) {
        element.write(&mut self.body);
    }

    /// Opens a group that moves what is drawn until [`Svg::close`] by `(x, y)`.
    pub fn open(&mut self, x: f64, y: f64) {
        let _ = write!(
            self.body,
            "<g transform=\"translate({} {})\">",
            Number(x),
            Number(y)
        );
    }

    /// Opens a group that moves what is drawn until [`Svg::close`], and draws it smaller or larger.
    pub fn open_scaled(&mut self, x: f64, y: f64, scale: f64) {
        let scale = format!("{scale:.4}");
        let _ = write!(
            self.body,
            "<g transform=\"translate({} {}) scale({})\">",
            Number(x),
            Number(y),
            scale.trim_end_matches('0').trim_end_matches('.')
        );
    }

    /// Draws another drawing over what is there.
    pub fn append(&mut self, drawing: Svg) {
        self.body.push_str(&drawing.body);
    }

    pub fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// The bytes of what was drawn.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// The document: `width` by `height` pixels with an opaque rounded card behind the drawing and
    /// `title` and `description` for screen readers.
    pub fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        let (width, height) = (width.ceil(), height.ceil());
        let mut svg = String::with_capacity(self.body.len() + 512);
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" \
             font-size=\"12\"><title>{}</title><desc>{}</desc>",
            escape(title),
            escape(description),
        );
        rect(0.5, 0.5, width - 1.0, height - 1.0)
            .round(8.0)
            .fill(palette::CARD)
            .stroke(palette::RULE, 1.0)
            .write(&mut svg);
        svg.push_str(&self.body);
        svg.push_str("</svg>\n");
        svg
    }
}

/// One element with its attributes.
#[derive(Debug, Clone)]
pub struct Element {
    name: &'static str,
    attributes: String,
    content: String,
    filled: bool,
}

impl Element {
    fn new(name: &'static str) -> Element {
        Element {
            name,
            attributes: String::new(),
            content: String::new(),
            filled: false,
        }
    }

    /// Sets an attribute; for those that have no method of their own.
    pub fn set(mut self, name: &str, value: impl Display) -> Element {
        let _ = write!(
            self.attributes,
            " {name}=\"{}\"",
            escape(&value.to_string())
        );
        self
    }

    fn number(self, name: &str, value: f64) -> Element {
        self.set(name, Number(value))
    }

    pub fn fill(mut self, color: impl Display) -> Element {
        self.filled = true;
        self.set("fill", color)
    }

    pub fn opacity(self, opacity: f64) -> Element {
        self.number("opacity", opacity)
    }

    /// Strokes the outline; a shape that has no fill then gets none.
    pub fn stroke(mut self, color: impl Display, width: f64) -> Element {
        if !self.filled {
            self = self.fill("none");
        }
        let stroked = self.set("stroke", color);
        if width == 1.0 {
            stroked
        } else {
            stroked.number("stroke-width", width)
        }
    }

    pub fn dashed(self, on: f64, off: f64) -> Element {
        self.set(
            "stroke-dasharray",
            format!("{} {}", Number(on), Number(off)),
        )
    }

    /// Rounds the corners of a rectangle.
    pub fn round(self, radius: f64) -> Element {
        self.number("rx", radius)
    }

    pub fn size(self, size: f64) -> Element {
        self.number("font-size", size)
    }

    pub fn bold(self) -> Element {
        self.set("font-weight", "bold")
    }

    pub fn mono(self) -> Element {
        self.set("font-family", "monospace")
    }

    /// Centers text at its x.
    pub fn middle(self) -> Element {
        self.set("text-anchor", "middle")
    }

    /// Ends text at its x.
    pub fn end(self) -> Element {
        self.set("text-anchor", "end")
    }

    /// Turns clockwise around a point.
    pub fn rotate(self, degrees: f64, x: f64, y: f64) -> Element {
        self.set(
            "transform",
            format!("rotate({} {} {})", Number(degrees), Number(x), Number(y)),
        )
    }

    /// What a pointer that rests on the element shows.
    pub fn tip(mut self, text: &str) -> Element {
        let text = shorten(text, LONGEST_TIP);
        let _ = write!(self.content, "<title>{}</title>", escape(&text));
        self
    }

    fn write(&self, out: &mut String) {
        let Element {
            name,
            attributes,
            content,
            ..
        } = self;
        let _ = if content.is_empty() {
            write!(out, "<{name}{attributes}/>")
        } else {
            write!(out, "<{name}{attributes}>{content}</{name}>")
        };
    }
}

pub fn rect(x: f64, y: f64, width: f64, height: f64) -> Element {
    Element::new("rect")
        .number("x", x)
        .number("y", y)
        .number("width", width.max(0.0))
        .number("height", height.max(0.0))
}

pub fn circle(x: f64, y: f64, radius: f64) -> Element {
    Element::new("circle")
        .number("cx", x)
        .number("cy", y)
        .number("r", radius)
}

pub fn line(x1: f64, y1: f64, x2: f64, y2: f64) -> Element {
    Element::new("line")
        .number("x1", x1)
        .number("y1", y1)
        .number("x2", x2)
        .number("y2", y2)
}

/// One line of text whose baseline starts at `(x, y)`.
pub fn text(x: f64, y: f64, text: &str) -> Element {
    let mut element = Element::new("text").number("x", x).number("y", y);
    element.content = escape(&visible(&shorten(text, LONGEST_LINE)));
    element
}

/// An outline: see [`Path`].
pub fn path(path: Path) -> Element {
    Element::new("path").set("d", path.0)
}

/// The commands of an outline.
#[derive(Debug, Clone, Default)]
pub struct Path(String);

impl Path {
    pub fn move_to(self, x: f64, y: f64) -> Path {
        self.command('M', &[x, y])
    }

    pub fn line_to(self, x: f64, y: f64) -> Path {
        self.command('L', &[x, y])
    }

    /// A cubic curve by two control points to an end.
    pub fn curve_to(self, first: [f64; 2], second: [f64; 2], end: [f64; 2]) -> Path {
        self.command(
            'C',
            &[first[0], first[1], second[0], second[1], end[0], end[1]],
        )
    }

    /// A straight piece to the right, by itself.
    pub fn run(self, x: f64, y: f64, length: f64) -> Path {
        let mut path = self.command('M', &[x, y]);
        let _ = write!(path.0, "h{}", Number(length));
        path
    }

    pub fn close(mut self) -> Path {
        self.0.push('z');
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn command(mut self, letter: char, numbers: &[f64]) -> Path {
        self.0.push(letter);
        for (index, number) in numbers.iter().enumerate() {
            if index > 0 {
                self.0.push(' ');
            }
            let _ = write!(self.0, "{}", Number(*number));
        }
        self
    }
}

/// A coordinate: two decimals at most, never `-0`, and 0 where the number is none.
pub struct Number(pub f64);

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rounded = (self.0 * 100.0).round() / 100.0;
        if rounded.is_finite() && rounded != 0.0 {
            write!(f, "{rounded}")
        } else {
            f.write_str("0")
        }
    }
}

/// Text as it stands in XML and HTML, in elements and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            // XML 1.0 has no place for these, not even escaped.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let mut svg = Svg::new();
        svg.add(text(1.0, 2.0, "</text><script>alert('x')</script>\u{0}&").tip("\"<b>"));
        let document = svg.finish(10.0, 10.0, "<t>", "a & b");
        assert!(!document.contains("<script") && !document.contains("<t>"));
        assert!(!document.contains('\u{0}'));
        assert!(document.contains("&lt;script&gt;"));
    }

    #[test]
    fn numbers_are_short_and_always_numbers() {
        let shown = |value: f64| Number(value).to_string();
        assert_eq!(shown(1.0), "1");
        assert_eq!(shown(0.125), "0.13");
        assert_eq!(shown(-0.001), "0");
        assert_eq!(shown(f64::NAN), "0");
        assert_eq!(shown(f64::INFINITY), "0");
    }
}
