//! Figures as PNG, in fonts that come along, so that text is drawn on a machine without any and is
//! the same on all.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};
use resvg::{tiny_skia, usvg};

use super::error::FigureError;

/// Pixels of the image to a CSS pixel, for screens that have as many.
const SCALE: f64 = 2.0;
/// A larger picture is drawn at a smaller scale.
const MOST_PIXELS: f64 = 32e6;

/// DejaVu, for which [`typography`](super::typography) leaves room.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in [
        dejavu::sans::regular(),
        dejavu::sans::bold(),
        dejavu::sans_mono::regular(),
        dejavu::sans_mono::bold(),
    ] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    fonts.set_monospace_family("DejaVu Sans Mono");
    Arc::new(fonts)
});

/// An SVG document of `size` CSS pixels as a PNG file that carries its title and description.
///
/// # Errors
/// When the document is no SVG, or too large for memory.
pub(super) fn png(
    svg: &str,
    size: (f64, f64),
    title: &str,
    description: &str,
) -> Result<Vec<u8>, FigureError> {
    let fail = |reason: &dyn std::fmt::Display| FigureError::Png(reason.to_string());
    let options = Options {
        font_family: "sans-serif".to_owned(),
        fontdb: Arc::clone(&FONTS),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| fail(&error))?;
    let scale = SCALE.min((MOST_PIXELS / (size.0 * size.1)).sqrt());
    let [width, height] = [size.0, size.1].map(|side| (side * scale).ceil().max(1.0) as u32);
    let mut pixels = tiny_skia::Pixmap::new(width, height)
        .ok_or_else(|| fail(&format!("there is no room for {width} × {height} pixels")))?;
    let scale = usvg::Transform::from_scale(scale as f32, scale as f32);
    resvg::render(&tree, scale, &mut pixels.as_mut());

    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    // What is drawn is flat, and files are kept: small comes before fast.
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    for (keyword, text) in [("Title", title), ("Description", description)] {
        let added = encoder.add_itxt_chunk(keyword.to_owned(), text.to_owned());
        added.map_err(|error| fail(&error))?;
    }
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&straight(&pixels))?;
        writer.finish()
    });
    written.map_err(|error| fail(&error))?;
    Ok(file)
}

/// Red, green, blue and opacity of each pixel, the colors not multiplied by it.
fn straight(pixels: &tiny_skia::Pixmap) -> Vec<u8> {
    let pixels = pixels.pixels().iter().map(|pixel| pixel.demultiply());
    pixels
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::palette::{CARD, INK};
    use crate::figure::svg::{self, Svg};

    /// The pixels of a PNG, with its width in pixels.
    fn pixels(file: &[u8]) -> (Vec<[u8; 4]>, usize) {
        let pixmap = tiny_skia::Pixmap::decode_png(file).unwrap();
        let width = pixmap.width() as usize;
        (straight(&pixmap).as_chunks().0.to_vec(), width)
    }

    fn drawn(add: impl FnOnce(&mut Svg)) -> Vec<[u8; 4]> {
        let mut drawing = Svg::new();
        add(&mut drawing);
        let document = drawing.finish(120.0, 40.0, "title", "description");
        pixels(&png(&document, (120.0, 40.0), "title", "description").unwrap()).0
    }

    /// How many pixels are dark.
    fn ink(pixels: &[[u8; 4]]) -> usize {
        let dark = |pixel: &&[u8; 4]| pixel[3] == 255 && pixel[0] < 100;
        pixels.iter().filter(dark).count()
    }

    #[test]
    fn shapes_have_the_colors_and_places_of_the_document() {
        let drawn = drawn(|svg| svg.add(svg::rect(10.0, 10.0, 20.0, 20.0).fill(INK)));
        let at = |x: usize, y: usize| drawn[y * 240 + x];
        let opaque = |color: crate::figure::palette::Color| [color.0, color.1, color.2, 255];
        assert_eq!(drawn.len(), 240 * 80);
        assert_eq!(at(40, 40), opaque(INK));
        assert_eq!(at(100, 40), opaque(CARD));
        assert_eq!(at(0, 0)[3], 0, "outside the card's round corner");
    }

    /// Each face has letters of its own; none of them is that of the machine.
    #[test]
    fn text_is_drawn_without_a_font_on_the_machine() {
        let word = || svg::text(10.0, 25.0, "mill → 12×").fill(INK);
        let faces = [word(), word().bold(), word().mono(), word().mono().bold()];
        let faces = faces.map(|element| drawn(|svg| svg.add(element)));
        for (index, face) in faces.iter().enumerate() {
            assert!(ink(face) > 100, "face {index}: {} dark pixels", ink(face));
            assert!(!faces[..index].contains(face), "face {index}");
        }
    }

    #[test]
    fn what_is_no_letter_of_the_fonts_leaves_the_rest_drawn() {
        let odd = drawn(|svg| svg.add(svg::text(10.0, 25.0, "a שלום 🙂 好 z").fill(INK)));
        assert!(ink(&odd) > 100);
    }

    #[test]
    fn a_picture_of_any_size_is_drawn_in_bounded_memory() {
        let document = Svg::new().finish(4000.0, 30_000.0, "", "");
        let file = png(&document, (4000.0, 30_000.0), "", "").unwrap();
        let (pixels, width) = pixels(&file);
        assert!(pixels.len() < 33_000_000 && width > 2000, "{width}");
        assert!(png("<svg", (1.0, 1.0), "", "").is_err());
    }

    #[test]
    fn the_file_carries_its_description() {
        let document = Svg::new().finish(10.0, 10.0, "", "");
        let file = png(&document, (10.0, 10.0), "שלום", "one dot").unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(file));
        let texts = reader.read_info().unwrap().info().utf8_text.clone();
        let texts: Vec<String> = texts.iter().map(|text| text.get_text().unwrap()).collect();
        assert_eq!(texts, ["שלום", "one dot"]);
    }
}
