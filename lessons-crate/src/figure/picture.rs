//! A picture with what everybody needs to read it.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::error::FigureError;
use super::svg::{self, Svg, escape};
use super::typography::{self, Face};
use super::{palette, png, show::Show};
use crate::notebook::Bundle;

/// The space around what is drawn.
const PADDING: f64 = 18.0;
const TITLE_SIZE: f64 = 15.0;
const FINDING_SIZE: f64 = 12.0;
const FINDING_LINE: f64 = 16.0;
/// As many characters as a title and a finding have; names in them may be of any length.
const LONGEST_TITLE: usize = 200;
const LONGEST_FINDING: usize = 2000;

/// A picture: SVG with a title, alt text that says the finding in words, and a twin in plain text.
///
/// As the last expression of a cell it shows itself; [`Figure::save`] writes it to a file.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", 2 * x + 1.0);
/// })?;
/// let figure = graph.figure();
/// assert!(figure.alt().starts_with("Graph affine: 1 input, 2 ops (mul, add), output y f32[n]"));
/// assert!(figure.to_svg().starts_with("<svg"));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    title: String,
    alt: String,
    text: String,
    svg: String,
    width: f64,
    height: f64,
}

/// What a figure says beside its drawing.
pub(crate) struct Words {
    pub title: String,
    /// The kind of figure; alt text begins with it.
    pub kind: &'static str,
    /// The finding, in sentences.
    pub finding: String,
    /// The data as plain text.
    pub text: String,
}

impl Figure {
    /// Puts a drawing of `width` by `height` pixels under its title and finding.
    pub(crate) fn new(words: Words, drawing: Svg, width: f64, height: f64) -> Figure {
        let Words {
            title,
            kind,
            finding,
            text,
        } = words;
        let title = typography::shorten(&title, LONGEST_TITLE).into_owned();
        let finding = typography::shorten(&finding, LONGEST_FINDING).into_owned();
        let room = width.max(420.0);
        let lines = typography::wrap(&finding, room, FINDING_SIZE, Face::Sans);
        let title_lines = typography::wrap(&title, room, TITLE_SIZE, Face::Bold);
        let below = PADDING + title_lines.len().max(1) as f64 * (TITLE_SIZE + 6.0);
        let top = below + lines.len() as f64 * FINDING_LINE + 12.0;

        let mut svg = Svg::new();
        let mut widest = 0f64;
        for (index, line) in title_lines.iter().enumerate() {
            let y = PADDING + TITLE_SIZE - 3.0 + index as f64 * (TITLE_SIZE + 6.0);
            svg.add(
                svg::text(PADDING, y, line)
                    .size(TITLE_SIZE)
                    .bold()
                    .fill(palette::INK),
            );
            widest = widest.max(typography::width(line, TITLE_SIZE, Face::Bold));
        }
        for (index, line) in lines.iter().enumerate() {
            let y = below + (index as f64 + 0.7) * FINDING_LINE;
            svg.add(svg::text(PADDING, y, line).fill(palette::MUTED));
            widest = widest.max(typography::width(line, FINDING_SIZE, Face::Sans));
        }
        let inner = width.max(widest);
        svg.open(PADDING, top);
        svg.append(drawing);
        svg.close();

        let (width, height) = (
            (inner + 2.0 * PADDING).ceil(),
            (top + height + PADDING).ceil(),
        );
        let alt = format!("{kind} {title}: {finding}");
        Figure {
            svg: svg.finish(width, height, &title, &alt),
            text: format!("{title}\n{finding}\n\n{}", text.trim_end()),
            alt,
            title,
            width,
            height,
        }
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// The picture in words: kind, title, and the finding with its numbers.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// Width and height in CSS pixels.
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// The SVG document.
    pub fn to_svg(&self) -> &str {
        &self.svg
    }

    /// A PNG file with two pixels to each CSS pixel, its title and alt text in it. Text is drawn in
    /// DejaVu, which comes with the library, so the file is the same on every machine.
    ///
    /// # Errors
    /// When the picture has no room in memory.
    pub fn to_png(&self) -> Result<Vec<u8>, FigureError> {
        png::png(&self.svg, self.size(), &self.title, &self.alt)
    }

    /// An HTML figure that needs nothing else: the SVG stands in the `src` of an `<img>` with alt
    /// text. Unlike inline SVG it also shows in notebooks that JupyterLab does not trust.
    pub fn to_html(&self) -> String {
        format!(
            "<figure><img alt=\"{}\" width=\"{}\" height=\"{}\" src=\"data:image/svg+xml;base64,{}\"></figure>",
            escape(&self.alt),
            self.width,
            self.height,
            STANDARD.encode(&self.svg),
        )
    }

    /// The same in plain text: title, finding, data.
    pub fn to_text(&self) -> &str {
        &self.text
    }

    /// What a notebook is sent: `text/html` and `text/plain`.
    ///
    /// The SVG is not sent beside them as `image/svg+xml`: every frontend that knows both prefers
    /// the HTML, an untrusted JupyterLab refuses the SVG, and viewers that put it inline lose its
    /// alt text. [`Figure::svg_bundle`] is for those that know no HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::text(&self.text).with("text/html", self.to_html())
    }

    /// `image/svg+xml` with alt text as metadata, and `text/plain`.
    pub fn svg_bundle(&self) -> Bundle {
        Bundle::text(&self.text)
            .with("image/svg+xml", &self.svg)
            .with_metadata("image/svg+xml", json!({"alt": self.alt}))
    }

    /// `image/png` with alt text as metadata, and `text/plain`; for viewers that show no SVG.
    ///
    /// # Errors
    /// As [`Figure::to_png`].
    pub fn png_bundle(&self) -> Result<Bundle, FigureError> {
        Ok(Bundle::text(&self.text)
            .with("image/png", STANDARD.encode(self.to_png()?))
            .with_metadata("image/png", json!({"alt": self.alt})))
    }

    /// Writes the figure to a file, in the format that its name ends with: `.svg`, `.png`, `.html` or
    /// `.txt`.
    ///
    /// # Errors
    /// When the name ends otherwise, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FigureError> {
        self.write(path.as_ref())
    }

    fn write(&self, path: &Path) -> Result<(), FigureError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let contents = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => self.svg.clone().into_bytes(),
            Some("png") => self.to_png()?,
            Some("html") => format!(
                "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>{}</title>\n{}\n",
                escape(&self.title),
                self.to_html()
            )
            .into_bytes(),
            Some("txt") => format!("{}\n", self.text).into_bytes(),
            _ => return Err(FigureError::Extension(path.to_owned())),
        };
        std::fs::write(path, contents).map_err(|error| FigureError::Write {
            path: path.to_owned(),
            error,
        })
    }
}

impl Show for Figure {
    fn figure(&self) -> Figure {
        self.clone()
    }
}

/// The text twin.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let words = Words {
            title: "<script>alert(1)</script> & 🙂 שלום".into(),
            kind: "Test",
            finding: "it \"works\"".into(),
            text: "data".into(),
        };
        Figure::new(words, Svg::new(), 100.0, 50.0)
    }

    #[test]
    fn html_carries_size_alt_text_and_the_whole_picture() {
        let html = figure().to_html();
        assert!(html.contains("alt=\"Test &lt;script&gt;"));
        assert!(html.contains("&quot;works&quot;"));
        let encoded = html.split("base64,").nth(1).unwrap();
        let encoded = encoded.split('"').next().unwrap();
        let svg = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!(svg, figure().to_svg());
        assert!(!svg.contains("<script"));
    }

    #[test]
    fn bundles_carry_alt_text() {
        let (svg, png) = (figure().svg_bundle(), figure().png_bundle().unwrap());
        for (bundle, mime) in [(svg, "image/svg+xml"), (png, "image/png")] {
            assert!(bundle.get(mime).is_some());
            assert_eq!(bundle.metadata[mime]["alt"], figure().alt());
        }
    }

    #[test]
    fn the_file_name_chooses_the_format() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let path = folder.path().join(name);
            figure().save(&path).unwrap();
            std::fs::read_to_string(path).unwrap()
        };
        assert!(read("a.svg").starts_with("<svg"));
        assert!(read("a.HTML").contains("<figure>"));
        assert!(read("a.txt").ends_with("data\n"));
        let path = folder.path().join("a.PNG");
        figure().save(&path).unwrap();
        assert!(std::fs::read(path).unwrap().starts_with(b"\x89PNG"));
        let error = figure().save(folder.path().join("a.pdf")).unwrap_err();
        assert!(error.to_string().contains(".svg, .png, .html or .txt"));
        let error = figure()
            .save(folder.path().join("no/folder.svg"))
            .unwrap_err();
        assert!(error.to_string().contains("no/folder.svg"));
    }
}
