//! Lines, bands and marks, drawn by plotters; each line is named at its end.

use std::collections::HashSet;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::super::axes::{Axes, Drawn, LETTER, ink, label, limits, rgb};
use super::super::backend::SvgBackend;
use super::super::log_axis::LogAxis;
use super::crossing::Relation;
use super::{LineChart, Point, Series, Style};
use crate::figure::chart::Area;
use crate::figure::number::short;
use crate::figure::palette;
use crate::figure::typography::{Face, fit, width};

/// A line of more points is drawn through the first, least, greatest and last of each of some
/// stretches of it, so that no peak is lost.
const MOST_POINTS: usize = 480;
/// As many points as get a mark each on their line.
const MOST_MARKS: usize = 60;
const NAME_WIDEST: f64 = 150.0;

impl LineChart {
    pub(super) fn draw(&self, area: &Area<'_>) -> Drawn {
        let intervals = self.placed().filter_map(|point| point.interval).flatten();
        let ys = self.placed().map(|point| point.y).chain(intervals);
        let ys = ys.filter(|y| self.fits(*y, 1));
        let x = limits(self.placed().map(|point| point.x), self.log[0], 0.0);
        let y = limits(ys, self.log[1], 0.06);
        match self.log {
            [false, false] => self.on(area, x, y),
            [true, false] => self.on(area, LogAxis::over(x), y),
            [false, true] => self.on(area, x, LogAxis::over(y)),
            [true, true] => self.on(area, LogAxis::over(x), LogAxis::over(y)),
        }
    }

    fn on<X, Y>(&self, area: &Area<'_>, x: X, y: Y) -> Drawn
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let scale = SvgBackend::SCALE;
        let axes = Axes {
            x: &self.x,
            y: &self.y,
            left: 64.0,
            right: self.label_room(),
            ticks: true,
        };
        let mut chart = axes.on(area, x, y)?;
        for (index, series) in self.series.iter().enumerate() {
            let color = rgb(palette::SERIES[index % palette::SERIES.len()]);
            // A line that another one runs on is seen on both sides of it.
            let wide = if self.is_covered(index) { 5 } else { 2 };
            let style = color.stroke_width(wide * scale);
            let marked = match series.style {
                Style::Measured => series.points.len() <= MOST_MARKS,
                Style::Curve => false,
                Style::Points => true,
            };
            // A point without a place interrupts the line.
            for piece in series.points.split(|point| !self.has_place(point)) {
                let band = |point: &Point| {
                    let ends = point.interval?;
                    let fits = ends.iter().all(|end| self.fits(*end, 1));
                    fits.then_some((point.x, ends))
                };
                let band: Vec<(f64, [f64; 2])> = piece.iter().filter_map(band).collect();
                if !band.is_empty() {
                    let over = band.iter().map(|(x, [_, greatest])| (*x, *greatest));
                    let under = band.iter().rev().map(|(x, [least, _])| (*x, *least));
                    let outline: Vec<(f64, f64)> = over.chain(under).collect();
                    chart.draw_series([Polygon::new(outline, color.mix(0.18))])?;
                }
                let drawn = reduced(piece);
                let drawn = || drawn.iter().map(|point| (point.x, point.y));
                if !piece.is_empty() && series.style != Style::Points {
                    chart.draw_series(LineSeries::new(drawn(), style))?;
                }
                if marked {
                    let mark = |at| Circle::new(at, 3 * scale as i32, color.filled());
                    chart.draw_series(drawn().map(mark))?;
                }
            }
        }
        self.mark_crossings(area, &chart)?;
        let mut ends: Vec<(i32, i32, usize)> = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let placed = |point: &&Point| self.has_place(point);
            if let Some(last) = series.points.iter().rev().find(placed) {
                let (x, y) = chart.as_coord_spec().translate(&(last.x, last.y));
                ends.push((y, x, index));
            }
        }
        ends.sort_unstable();
        let apart = (15 * scale) as i32;
        let mut free = i32::MIN;
        for (y, x, index) in ends {
            let y = y.max(free);
            free = y + apart;
            let name = fit(&self.series[index].name, NAME_WIDEST, LETTER, Face::Bold);
            let style = label(Face::Bold, ink(index), HPos::Left);
            let at = (x + (8 * scale) as i32, y);
            area.draw(&Text::new(name.into_owned(), at, style))?;
        }
        Ok(())
    }

    /// Whether a later line runs on a stretch of this one.
    fn is_covered(&self, index: usize) -> bool {
        let mut lines = self.series.iter().skip(index);
        let here = lines.next().into_iter().flat_map(stretches);
        let later: HashSet<_> = lines
            .filter(|series| series.style != Style::Points)
            .flat_map(stretches)
            .collect();
        here.into_iter().any(|stretch| later.contains(&stretch))
    }

    /// A ring where lines cross, and the place below it on the axis.
    fn mark_crossings<X, Y>(
        &self,
        area: &Area<'_>,
        chart: &ChartContext<'_, SvgBackend<'_>, Cartesian2d<X, Y>>,
    ) -> Drawn
    where
        X: Ranged<ValueType = f64>,
        Y: Ranged<ValueType = f64>,
    {
        let scale = SvgBackend::SCALE;
        let (across, down) = chart.plotting_area().get_pixel_range();
        let crossings = self
            .compared()
            .into_iter()
            .filter_map(|relation| match relation {
                Relation::Crossing(crossing) => Some(crossing),
                Relation::Below { .. } => None,
            });
        for (index, crossing) in crossings.enumerate() {
            let [x, y] = crossing.at;
            let at = chart.as_coord_spec().translate(&(x, y));
            let thin = rgb(palette::MUTED).stroke_width(scale);
            area.draw(&PathElement::new([at, (at.0, down.end)], thin))?;
            let ring = rgb(palette::INK).stroke_width(scale * 3 / 2);
            area.draw(&Circle::new(at, 6 * scale as i32, ring))?;
            let (side, beside) = match at.0 < (across.start + across.end) / 2 {
                true => (HPos::Left, 5 * scale as i32),
                false => (HPos::Right, -5 * scale as i32),
            };
            let above = (10 + 15 * index as i32) * scale as i32;
            let style = label(Face::Sans, palette::INK, side);
            let words = format!("cross near {}", short(x, 2));
            area.draw(&Text::new(words, (at.0 + beside, down.end - above), style))?;
        }
        Ok(())
    }

    /// Room for the names at the ends of the lines, in pixels.
    fn label_room(&self) -> f64 {
        let names = self
            .series
            .iter()
            .map(|series| width(&series.name, LETTER, Face::Bold));
        names.fold(0.0, f64::max).min(NAME_WIDEST) + 20.0
    }
}

/// The points, or those of them that show where a long line goes.
fn reduced(piece: &[Point]) -> Vec<Point> {
    if piece.len() <= MOST_POINTS {
        return piece.to_vec();
    }
    let stretch = piece.len().div_ceil(MOST_POINTS / 4);
    let mut kept = Vec::with_capacity(MOST_POINTS);
    for stretch in piece.chunks(stretch) {
        let by = |a: &(usize, &Point), b: &(usize, &Point)| a.1.y.total_cmp(&b.1.y);
        let points = || stretch.iter().enumerate();
        let least = points().min_by(by).map_or(0, |(at, _)| at);
        let greatest = points().max_by(by).map_or(0, |(at, _)| at);
        let mut places = vec![0, least, greatest, stretch.len() - 1];
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().map(|at| stretch[at]));
    }
    kept
}

/// From each point of a line to the next one that is elsewhere, to the bit.
fn stretches(series: &Series) -> impl Iterator<Item = [[u64; 2]; 2]> {
    let place = |point: &Point| [point.x, point.y].map(f64::to_bits);
    let pairs = series.points.windows(2);
    pairs
        .map(move |pair| [place(&pair[0]), place(&pair[1])])
        .filter(|[from, to]| from != to)
}
