//! Plotters' drawing calls as elements of our SVG, so that charts keep to its dialect.

use std::convert::Infallible;

use plotters::backend::DrawingBackend;
use plotters::prelude::IntoDrawingArea;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::Area;
use crate::figure::error::FigureError;
use crate::figure::palette::Color;
use crate::figure::svg::{self, Element, Path, Svg};
use crate::figure::typography::{Face, width};

/// Draws on an [`Svg`]. Plotters counts in whole numbers, so a pixel is ten of them.
pub struct SvgBackend<'a> {
    svg: &'a mut Svg,
    size: (u32, u32),
}

impl SvgBackend<'_> {
    /// Units of plotters to a pixel.
    pub const SCALE: u32 = 10;
}

/// A drawing of `size` pixels that plotters makes.
pub(super) fn draw(
    size: (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Svg, FigureError> {
    let mut svg = Svg::new();
    let scaled = (
        size.0.saturating_mul(SvgBackend::SCALE),
        size.1.saturating_mul(SvgBackend::SCALE),
    );
    let backend = SvgBackend {
        svg: &mut svg,
        size: scaled,
    };
    let area = backend.into_drawing_area();
    let drawn = draw(&area).and_then(|()| Ok(area.present()?));
    drop(area);
    drawn.map_err(|error| FigureError::Chart(error.to_string()))?;
    Ok(svg)
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

fn pixels(units: f64) -> f64 {
    units / f64::from(SvgBackend::SCALE)
}

fn at((x, y): BackendCoord) -> [f64; 2] {
    [pixels(f64::from(x)), pixels(f64::from(y))]
}

fn color(color: BackendColor) -> Color {
    let (r, g, b) = color.rgb;
    Color(r, g, b)
}

fn fill(element: Element, style: BackendColor) -> Element {
    let element = element.fill(color(style));
    opacity(element, style)
}

fn stroke<S: BackendStyle>(element: Element, style: &S) -> Element {
    let width = pixels(f64::from(style.stroke_width())).max(0.5);
    opacity(element.stroke(color(style.color()), width), style.color())
}

fn opacity(element: Element, style: BackendColor) -> Element {
    match style.alpha {
        1.0.. => element,
        alpha => element.opacity(alpha),
    }
}

fn outline(points: impl IntoIterator<Item = BackendCoord>) -> Path {
    let mut path = Path::default();
    for point in points {
        let [x, y] = at(point);
        path = if path.is_empty() {
            path.move_to(x, y)
        } else {
            path.line_to(x, y)
        };
    }
    path
}

impl DrawingBackend for SvgBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        let [x, y] = at(point);
        self.svg.add(fill(svg::rect(x, y, 1.0, 1.0), color));
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        let ([x1, y1], [x2, y2]) = (at(from), at(to));
        self.svg.add(stroke(svg::line(x1, y1, x2, y2), style));
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        filled: bool,
    ) -> Drawn {
        let ([x1, y1], [x2, y2]) = (at(upper_left), at(bottom_right));
        let rect = svg::rect(x1.min(x2), y1.min(y2), (x2 - x1).abs(), (y2 - y1).abs());
        self.svg.add(if filled {
            fill(rect, style.color())
        } else {
            stroke(rect, style)
        });
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let element = svg::path(outline(path)).set("stroke-linejoin", "round");
        self.svg.add(stroke(element, style));
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        filled: bool,
    ) -> Drawn {
        let [x, y] = at(center);
        let circle = svg::circle(x, y, pixels(f64::from(radius)));
        self.svg.add(if filled {
            fill(circle, style.color())
        } else {
            stroke(circle, style)
        });
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.svg
            .add(fill(svg::path(outline(corners).close()), style.color()));
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &T,
        point: BackendCoord,
    ) -> Drawn {
        let [x, y] = at(point);
        let size = pixels(style.size());
        let anchor = style.anchor();
        // From the anchor to the baseline.
        let down = match anchor.v_pos {
            VPos::Top => size * 0.8,
            VPos::Center => size * 0.34,
            VPos::Bottom => -size * 0.15,
        };
        let degrees = match style.transform() {
            FontTransform::None => 0.0,
            FontTransform::Rotate90 => 90.0,
            FontTransform::Rotate180 => 180.0,
            FontTransform::Rotate270 => 270.0,
        };
        let mut element = svg::text(x, y + down, text).size(size);
        element = match anchor.h_pos {
            HPos::Left => element,
            HPos::Center => element.middle(),
            HPos::Right => element.end(),
        };
        if matches!(style.style(), FontStyle::Bold) {
            element = element.bold();
        }
        if degrees != 0.0 {
            element = element.rotate(degrees, x, y);
        }
        self.svg.add(fill(element, style.color()));
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let wide = width(text, style.size(), Face::Sans);
        Ok((wide.ceil() as u32, style.size().ceil() as u32))
    }
}
