//! How values are distributed: a histogram with quantiles.

use candle_core::Tensor;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axes::{Axes, Drawn, LETTER, label, limits, rgb};
use super::backend::{self, SvgBackend};
use super::log_axis::LogAxis;
use super::sample::{Sample, table};
use crate::figure::chart::Area;
use crate::figure::error::FigureError;
use crate::figure::number::{grouped, short};
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::Svg;
use crate::figure::table::aligned;
use crate::figure::typography::{Face, width};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 320;
const FEWEST: usize = 8;
const MOST: usize = 48;

/// A histogram of values, with lines at their quantiles.
///
/// The bars are as wide as Freedman and Diaconis (1981) say, 48 at most; whole numbers of a small
/// range get a bar each. NaN and infinities are counted, not drawn.
///
/// ```
/// use lessons::figure::Distribution;
/// use lessons::prelude::*;
///
/// let figure = Distribution::new("w", [1.0, 2.0, 2.0, 3.0, f64::NAN]).figure();
/// assert_eq!(
///     figure.alt(),
///     "Histogram w: 4 values from 1 to 3, median 2; half lie between 1.75 and 2.25. 1 NaN is not drawn."
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    title: String,
    name: String,
    sample: Sample,
    log_counts: bool,
}

impl Distribution {
    pub fn new(title: &str, values: impl IntoIterator<Item = f64>) -> Distribution {
        Distribution::from_sample(title, Sample::of(values))
    }

    /// The elements of a tensor of any shape.
    ///
    /// # Errors
    /// When its device cannot be read.
    pub fn of(title: &str, tensor: &Tensor) -> Result<Distribution, FigureError> {
        Ok(Distribution::from_sample(title, Sample::of_tensor(tensor)?))
    }

    fn from_sample(title: &str, sample: Sample) -> Distribution {
        Distribution {
            title: title.to_owned(),
            name: "value".to_owned(),
            sample,
            log_counts: false,
        }
    }

    /// Names what is measured, with its unit.
    pub fn x(mut self, name: &str) -> Distribution {
        self.name = name.to_owned();
        self
    }

    /// Makes the axis of the counts logarithmic, so that rare values can be seen.
    pub fn log_counts(mut self) -> Distribution {
        self.log_counts = true;
        self
    }

    fn words(&self) -> String {
        let sample = &self.sample;
        let quantile = |part| sample.quantile(part).map_or(String::new(), |v| short(v, 3));
        let mut words = match (sample.least(), sample.greatest()) {
            (Some(least), Some(greatest)) if least == greatest => format!(
                "{} values, every one of them {}",
                grouped(sample.sorted.len()),
                short(least, 4)
            ),
            (Some(least), Some(greatest)) => {
                let mut words = format!(
                    "{} values from {} to {}, median {}; half lie between {} and {}",
                    grouped(sample.sorted.len()),
                    short(least, 3),
                    short(greatest, 3),
                    quantile(0.5),
                    quantile(0.25),
                    quantile(0.75)
                );
                if sample.sorted.len() >= 20 {
                    words.push_str(&format!(
                        ", 90 % between {} and {}",
                        quantile(0.05),
                        quantile(0.95)
                    ));
                }
                words
            }
            _ => "no finite value".to_owned(),
        };
        words.push('.');
        if let Some(left_out) = sample.left_out() {
            words.push_str(&format!(" {left_out}."));
        }
        words
    }

    /// The borders of the bars, and how many values lie between each two; the last bar has its upper
    /// border as well.
    fn bars(&self) -> Vec<([f64; 2], usize)> {
        let sorted = &self.sample.sorted;
        let (Some(least), Some(greatest)) = (self.sample.least(), self.sample.greatest()) else {
            return Vec::new();
        };
        let range = limits([least, greatest].into_iter(), false, 0.0);
        let span = greatest - least;
        let whole = span < MOST as f64 && sorted.iter().all(|value| value.fract() == 0.0);
        let (start, end, count) = if whole {
            (least - 0.5, greatest + 0.5, span as usize + 1)
        } else {
            let quartile = |part| self.sample.quantile(part).unwrap_or(least);
            let wide = 2.0 * (quartile(0.75) - quartile(0.25)) / (sorted.len() as f64).cbrt();
            let count = match span / wide {
                count if count.is_finite() => (count.ceil() as usize).clamp(FEWEST, MOST),
                _ => FEWEST,
            };
            (range.start, range.end, count)
        };
        let border = |bar: usize| {
            let part = bar as f64 / count as f64;
            start * (1.0 - part) + end * part
        };
        let below = |limit: f64| sorted.partition_point(|value| *value < limit);
        (0..count)
            .map(|bar| {
                let [from, to] = [border(bar), border(bar + 1)];
                let first = if bar == 0 { 0 } else { below(from) };
                let last = if bar + 1 == count {
                    sorted.len()
                } else {
                    below(to)
                };
                ([from, to], last - first)
            })
            .collect()
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        let bars = self.bars();
        let borders = bars.iter().flat_map(|([from, to], _)| [*from, *to]);
        let x = limits(borders, false, 0.0);
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64;
        // Above the bars stand the names of the quantiles.
        match self.log_counts {
            true => self.on(
                area,
                x,
                LogAxis::over(0.7..most.powf(1.18).max(10.0)),
                &bars,
            ),
            false => self.on(area, x, 0.0..most * 1.18, &bars),
        }
    }

    fn on<Y>(
        &self,
        area: &Area<'_>,
        x: std::ops::Range<f64>,
        y: Y,
        bars: &[([f64; 2], usize)],
    ) -> Drawn
    where
        Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
        Y::CoordDescType: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
    {
        let scale = SvgBackend::SCALE;
        let axes = Axes {
            x: &self.name,
            y: "values",
            left: 64.0,
            right: 14.0,
            ticks: true,
        };
        let mut chart = axes.on(area, x, y)?;
        let foot = if self.log_counts { 0.7 } else { 0.0 };
        let blue = rgb(palette::mix(palette::CARD, palette::SERIES[0], 0.75));
        let drawn = bars.iter().filter(|(_, count)| *count > 0);
        chart.draw_series(drawn.map(|([from, to], count)| {
            let mut bar = Rectangle::new([(*from, foot), (*to, *count as f64)], blue.filled());
            bar.set_margin(0, 0, scale / 2, scale);
            bar
        }))?;
        let (left, top) = chart.plotting_area().get_base_pixel();
        let (right, bottom) = (
            left + chart.plotting_area().dim_in_pixel().0 as i32,
            top + chart.plotting_area().dim_in_pixel().1 as i32,
        );
        let mut free = left;
        for (part, name) in [
            (0.05, "5 %"),
            (0.25, "25 %"),
            (0.5, "median"),
            (0.75, "75 %"),
            (0.95, "95 %"),
        ] {
            let Some(value) = self.sample.quantile(part) else {
                continue;
            };
            let x = chart.as_coord_spec().translate(&(value, 1.0)).0;
            let strong = if part == 0.5 { 2 } else { 1 };
            let ink = rgb(palette::INK).stroke_width(strong * scale);
            let down = |y: i32| (x, y + (18 * scale) as i32);
            area.draw(&PathElement::new(vec![down(top), (x, bottom)], ink))?;
            // A name that would stand in another is left out; the text twin has it.
            let half = (width(name, LETTER, Face::Sans) * f64::from(scale) / 2.0) as i32;
            let middle = x.clamp(left + half, (right - half).max(left + half));
            if middle - half >= free {
                let style = label(Face::Sans, palette::INK, HPos::Center);
                area.draw(&Text::new(name, (middle, top + (9 * scale) as i32), style))?;
                free = middle + half + (6 * scale) as i32;
            }
        }
        Ok(())
    }
}

impl Show for Distribution {
    fn figure(&self) -> Figure {
        let (svg, finding) = match backend::draw((WIDTH, HEIGHT), |area| self.draw(area)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => (Svg::new(), error.to_string()),
        };
        let words = Words {
            title: self.title.clone(),
            kind: "Histogram",
            finding,
            text: aligned(&table(&[(self.name.clone(), &self.sample)])),
        };
        Figure::new(words, svg, f64::from(WIDTH), f64::from(HEIGHT))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_get_a_bar_each() {
        let dice = Distribution::new("dice", [1.0, 1.0, 2.0, 6.0]);
        let counts: Vec<usize> = dice.bars().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 1]);
        insta::assert_snapshot!(dice.figure().to_svg());
    }

    #[test]
    fn odd_samples_are_drawn() {
        let nan = f64::NAN;
        for (values, says) in [
            (vec![], "no finite value."),
            (vec![nan; 3], "no finite value. 3 NaN are not drawn."),
            (vec![2.5], "1 values, every one of them 2.5."),
            (vec![7.0; 100], "100 values, every one of them 7."),
            (vec![0.0, f64::INFINITY], "1 infinite is not drawn."),
            (vec![-1e308, 0.5, 1e308], "3 values from -1e308 to 1e308"),
        ] {
            for log in [false, true] {
                let mut chart = Distribution::new("odd", values.clone());
                if log {
                    chart = chart.log_counts();
                }
                let figure = chart.figure();
                assert!(figure.alt().contains(says), "{}", figure.alt());
                assert!(figure.to_svg().len() < 20_000);
            }
        }
    }

    #[test]
    fn ten_million_elements_are_a_small_picture() {
        let tensor = Tensor::randn(0f32, 1.0, 10_000_000, &Device::Cpu).unwrap();
        let figure = Distribution::of("weights", &tensor).unwrap().figure();
        assert!(figure.to_svg().len() < 20_000, "{}", figure.to_svg().len());
        let half = tensor.narrow(0, 0, 1000).unwrap().to_dtype(DType::BF16);
        assert!(Distribution::of("weights", &half.unwrap()).is_ok());
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_bar(values in prop::collection::vec(-1e3..1e3f64, 0..300)) {
            let bars = Distribution::new("any", values.clone()).bars();
            prop_assert_eq!(bars.iter().map(|(_, count)| count).sum::<usize>(), values.len());
            for ([from, to], count) in &bars {
                let inside = values.iter().filter(|value| (from..=to).contains(value)).count();
                prop_assert!(inside >= *count);
            }
        }
    }
}
