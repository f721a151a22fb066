//! A run on a time line: which kernel ran when, and for how long.

use std::collections::BTreeMap;
use std::time::Duration;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axes::{Axes, Drawn, LETTER, label, rgb};
use super::backend::{self, SvgBackend};
use crate::bench::seconds;
use crate::engine::KernelTime;
use crate::figure::chart::Area;
use crate::figure::diagram::count;
use crate::figure::number::short;
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::Svg;
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const WIDTH: u32 = 760;
const ROW: u32 = 26;
const NAME_WIDEST: f64 = 180.0;
/// As many rows as there are; the kernels beyond share the last.
const MOST_LANES: usize = 12;
/// As many bars as are drawn.
const MOST_BARS: usize = 400;
/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

/// The kernels of one run, one after the other, each in the row of its kind.
///
/// ```
/// use lessons::figure::Timeline;
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// let model = Session::cpu().compile(&graph)?.load(&Weights::new())?;
/// let x = Tensor::new(&[-1f32, 0.0, 2.0], &Cpu)?;
/// let figure = Timeline::new("affine", &model.profile([("x", &x)])?.kernels).figure();
/// assert!(figure.alt().starts_with("Timeline affine: 1 kernel in "));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    title: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Clone, PartialEq)]
struct Bar {
    kernel: String,
    label: String,
    /// Seconds from the begin of the run.
    start: f64,
    time: f64,
}

impl Timeline {
    /// The kernels of a run, as [`Model::profile`](crate::engine::Model::profile) tells them.
    pub fn new(title: &str, times: &[KernelTime]) -> Timeline {
        let kernels = times
            .iter()
            .map(|time| (time.kernel, time.label.as_str(), time.time));
        Timeline::of(title, kernels)
    }

    /// Kernels in the order in which they ran: the kind of each, which one it is, and its time.
    pub fn of<'a>(
        title: &str,
        kernels: impl IntoIterator<Item = (&'a str, &'a str, Duration)>,
    ) -> Timeline {
        let mut start = 0.0;
        let mut bars = Vec::new();
        for (kernel, label, time) in kernels {
            let time = time.as_secs_f64();
            bars.push(Bar {
                kernel: kernel.to_owned(),
                label: label.to_owned(),
                start,
                time,
            });
            start += time;
        }
        Timeline {
            title: title.to_owned(),
            bars,
        }
    }

    fn total(&self) -> f64 {
        self.bars.iter().map(|bar| bar.time).sum()
    }

    /// The kinds of kernels with their times, the longest first.
    fn lanes(&self) -> Vec<(&str, f64)> {
        let mut lanes: BTreeMap<&str, f64> = BTreeMap::new();
        for bar in &self.bars {
            *lanes.entry(&bar.kernel).or_insert(0.0) += bar.time;
        }
        let mut lanes: Vec<(&str, f64)> = lanes.into_iter().collect();
        lanes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        lanes
    }

    fn share(&self, time: f64) -> String {
        let total = self.total();
        match total > 0.0 {
            true => format!("{} %", short(time / total * 100.0, 2)),
            false => "0 %".to_owned(),
        }
    }

    fn words(&self) -> String {
        let longest = self.bars.iter().max_by(|a, b| a.time.total_cmp(&b.time));
        let (Some(longest), Some((kernel, time))) = (longest, self.lanes().first().copied()) else {
            return "no kernels ran.".to_owned();
        };
        let mut words = format!(
            "{} in {}; {kernel} takes {} of it",
            count(self.bars.len(), "kernel"),
            seconds(self.total()),
            self.share(time)
        );
        if self.bars.len() > 1 {
            words.push_str(&format!(
                ", and the longest one is {} {}, {}",
                longest.kernel,
                longest.label,
                self.share(longest.time)
            ));
        }
        words.push('.');
        words
    }

    fn text(&self) -> String {
        let mut kernels: Vec<&Bar> = self.bars.iter().collect();
        kernels.sort_by(|a, b| b.time.total_cmp(&a.time));
        let mut rows = vec![
            ["kernel", "node", "starts at", "takes", "share"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for bar in kernels.iter().take(MOST_ROWS) {
            rows.push(vec![
                bar.kernel.clone(),
                bar.label.clone(),
                seconds(bar.start),
                seconds(bar.time),
                self.share(bar.time),
            ]);
        }
        let mut text = aligned(&rows);
        if let Some(more @ 1..) = self.bars.len().checked_sub(MOST_ROWS) {
            text.push_str(&format!("… and {more} shorter ones\n"));
        }
        text
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        let scale = SvgBackend::SCALE;
        let lanes = self.lanes();
        let shown = lanes.len().clamp(1, MOST_LANES);
        let name = |lane: usize| match lanes.get(lane) {
            Some(_) if lane + 1 == shown && lanes.len() > shown => {
                format!("{} others", lanes.len() + 1 - shown)
            }
            Some((name, _)) => (*name).to_owned(),
            None => String::new(),
        };
        let names = (0..shown).map(|lane| width(&name(lane), LETTER, Face::Sans));
        // The axis is in the unit that the whole run is told in.
        let total = self.total();
        let (unit, factor) = [("s", 1.0), ("ms", 1e3), ("µs", 1e6)]
            .into_iter()
            .find(|(_, factor)| total * factor >= 1.0)
            .unwrap_or(("ns", 1e9));
        let axes = Axes {
            x: &format!("{unit} since the run began"),
            y: "",
            left: names.fold(0.0, f64::max).min(NAME_WIDEST) + 14.0,
            right: 16.0,
            ticks: false,
        };
        let end = if total > 0.0 { total * factor } else { 1.0 };
        let mut chart = axes.on(area, 0.0..end, 0.0..shown as f64)?;
        for lane in 0..shown {
            let middle = shown as f64 - lane as f64 - 0.5;
            let start = chart.plotting_area().get_base_pixel().0 - (8 * scale) as i32;
            let y = chart.as_coord_spec().translate(&(0.0, middle)).1;
            let name = fit(&name(lane), NAME_WIDEST, LETTER, Face::Sans).into_owned();
            let style = label(Face::Sans, palette::INK, HPos::Right);
            area.draw(&Text::new(name, (start, y), style))?;
        }
        for (lane, from, to) in self.drawn(&lanes, shown) {
            let middle = shown as f64 - lane as f64 - 0.5;
            let color = rgb(palette::SERIES[lane % palette::SERIES.len()]);
            let corners = [(from * factor, middle - 0.32), (to * factor, middle + 0.32)];
            chart.draw_series([Rectangle::new(corners, color.filled())])?;
        }
        Ok(())
    }

    /// Lane, begin and end of each bar; in long runs neighbors in a lane are drawn as one where the
    /// gap between them could not be seen.
    fn drawn(&self, lanes: &[(&str, f64)], shown: usize) -> Vec<(usize, f64, f64)> {
        let lane_of: BTreeMap<&str, usize> = lanes
            .iter()
            .enumerate()
            .map(|(lane, (name, _))| (*name, lane.min(shown - 1)))
            .collect();
        let gap = match self.bars.len() > MOST_BARS {
            true => self.total() / MOST_BARS as f64,
            false => 0.0,
        };
        let mut drawn: Vec<(usize, f64, f64)> = Vec::new();
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for bar in &self.bars {
            let lane = lane_of[bar.kernel.as_str()];
            let end = bar.start + bar.time;
            match last.get(&lane).copied() {
                Some(at) if gap > 0.0 && bar.start - drawn[at].2 <= gap => drawn[at].2 = end,
                _ => {
                    last.insert(lane, drawn.len());
                    drawn.push((lane, bar.start, end));
                }
            }
        }
        drawn
    }
}

impl Show for Timeline {
    fn figure(&self) -> Figure {
        let lanes = self.lanes().len().clamp(1, MOST_LANES);
        let height = ROW * lanes as u32 + 50;
        let (svg, finding) = match backend::draw((WIDTH, height), |area| self.draw(area)) {
            Ok(svg) => (svg, self.words()),
            Err(error) => (Svg::new(), error.to_string()),
        };
        let words = Words {
            title: self.title.clone(),
            kind: "Timeline",
            finding,
            text: self.text(),
        };
        Figure::new(words, svg, f64::from(WIDTH), f64::from(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_follow_one_another() {
        let micros = Duration::from_micros;
        let run = Timeline::of(
            "run",
            [
                ("linear", "%3", micros(60)),
                ("<fused>", "%7", micros(10)),
                ("linear", "%9", micros(30)),
            ],
        );
        let figure = run.figure();
        assert_eq!(
            figure.alt(),
            "Timeline run: 3 kernels in 100 µs; linear takes 90 % of it, and the longest one is \
             linear %3, 60 %."
        );
        insta::assert_snapshot!(figure.to_svg());
        insta::assert_snapshot!(figure.to_text());
    }

    #[test]
    fn runs_of_any_length_are_drawn() {
        let names: Vec<String> = (0..5000).map(|n| format!("k{}", n % 40)).collect();
        for length in [0, 1, 100, 5000] {
            let kernels = names[..length].iter();
            let kernels = kernels.map(|name| (name.as_str(), "x", Duration::from_nanos(700)));
            let figure = Timeline::of("long", kernels).figure();
            assert!(figure.to_svg().len() < 100_000, "{}", figure.to_svg().len());
            assert!(!figure.alt().contains("cannot"), "{}", figure.alt());
        }
        let idle = Timeline::of("idle", [("a", "b", Duration::ZERO)]);
        assert!(idle.figure().alt().contains("0 %"));
    }
}
