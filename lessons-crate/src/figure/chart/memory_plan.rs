//! A memory plan: which value lies where in the arena while it is alive, and what sharing saves.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::Area;
use super::axes::{Axes, Drawn, LETTER, ink, label, rgb};
use super::backend::{self, SvgBackend};
use crate::engine::{MemoryPlan, PlacedValue};
use crate::figure::diagram::{Kind, count, legend};
use crate::figure::error::FigureError;
use crate::figure::number::{bytes, short};
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};
use crate::figure::table::aligned;
use crate::figure::typography::{Face, fit, width};

const WIDTH: u32 = 760;
/// The height of the arena, and that of the curves below it.
const ARENA: u32 = 300;
const CURVES: u32 = 170;
const LEFT: f64 = 64.0;
/// For the names of the curves.
const RIGHT: f64 = 150.0;
const SMALL: f64 = 10.0;
/// As many values as are drawn, the largest.
const MOST_VALUES: usize = 160;
/// As many points as a curve has.
const MOST_POINTS: usize = 300;
/// As many rows as the text twin lists.
const MOST_ROWS: usize = 12;

impl Show for MemoryPlan {
    /// Above, each value as a block: across, the steps in which it is alive; upwards, its bytes of the
    /// arena. Below, the bytes that are alive in each step beside the size of the arena, and what the
    /// values written so far would take each in a place of its own.
    fn figure(&self) -> Figure {
        let drawn = draw(self).unwrap_or_else(|error| {
            let mut svg = Svg::new();
            svg.add(svg::text(0.0, 14.0, &error.to_string()).fill(palette::INK));
            (svg, f64::from(WIDTH), 20.0)
        });
        let (svg, width, height) = drawn;
        let words = Words {
            title: self.graph.name().to_owned(),
            kind: "Memory plan",
            finding: finding(self),
            text: text(self),
        };
        Figure::new(words, svg, width, height)
    }
}

fn finding(plan: &MemoryPlan) -> String {
    let sizes = plan.sizes.iter();
    let sizes: Vec<String> = sizes
        .map(|(name, size)| format!("{name} = {size}"))
        .collect();
    let with = match sizes.is_empty() {
        true => String::new(),
        false => format!(" with {}", sizes.join(", ")),
    };
    let steps = count(plan.steps, "step");
    let alive = plan.alive();
    let peak = alive
        .iter()
        .enumerate()
        .rev()
        .max_by_key(|(_, bytes)| **bytes);
    let Some((step, most)) = peak.filter(|_| !plan.values.is_empty()) else {
        return format!("{steps}{with}, and no value between inputs and outputs.");
    };
    let mut words = format!(
        "{} of {steps}{with} share {}; each in a place of its own they would take {}, {} times as \
         much. At most {} are alive at one time, in step {step}.",
        count(plan.values.len(), "value"),
        bytes(plan.bytes as f64),
        bytes(plan.separate as f64),
        short(plan.separate as f64 / plan.bytes.max(1) as f64, 3),
        bytes(*most as f64),
    );
    if plan.values.len() > MOST_VALUES {
        words.push_str(&format!(" The {MOST_VALUES} largest are drawn."));
    }
    words
}

/// The values, the largest first.
fn by_size(plan: &MemoryPlan) -> Vec<&PlacedValue> {
    let mut values: Vec<&PlacedValue> = plan.values.iter().collect();
    values.sort_by_key(|value| (std::cmp::Reverse(value.bytes), value.first));
    values
}

fn text(plan: &MemoryPlan) -> String {
    let mut rows = vec![
        ["value", "kernel", "steps", "offset", "bytes"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let values = by_size(plan);
    for value in values.iter().take(MOST_ROWS) {
        rows.push(vec![
            plan.graph.label(value.node),
            value.kernel.to_owned(),
            format!("{} to {}", value.first, value.last),
            bytes(value.offset as f64),
            bytes(value.bytes as f64),
        ]);
    }
    let mut text = aligned(&rows);
    if let Some(more @ 1..) = values.len().checked_sub(MOST_ROWS) {
        text.push_str(&format!("… and {more} smaller ones\n"));
    }
    text
}

fn draw(plan: &MemoryPlan) -> Result<(Svg, f64, f64), FigureError> {
    let mut blocks = Vec::new();
    let mut svg = backend::draw((WIDTH, ARENA), |area| arena(plan, area, &mut blocks))?;
    for (value, [x, y, wide, high]) in blocks {
        draw_block(&mut svg, plan, value, [x, y, wide, high]);
    }
    svg.open(0.0, f64::from(ARENA) + 10.0);
    svg.append(backend::draw((WIDTH, CURVES), |area| curves(plan, area))?);
    svg.close();
    let top = f64::from(ARENA + CURVES) + 10.0;
    let kinds = plan.values.iter().map(|value| kind(plan, value));
    let (_, high) = legend::of_kinds(&mut svg, kinds, top, f64::from(WIDTH));
    Ok((svg, f64::from(WIDTH), top + high))
}

fn kind(plan: &MemoryPlan, value: &PlacedValue) -> Kind {
    let node = plan.graph.node(value.node);
    node.map_or(Kind::Movement, |node| Kind::of(&node.op))
}

/// The unit in which a number of bytes has few digits, and what it is divided by.
fn unit(bytes: usize) -> (&'static str, f64) {
    [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
        .into_iter()
        .find(|(_, size)| bytes as f64 >= *size)
        .unwrap_or(("bytes", 1.0))
}

/// Draws the axes, and says where the values are to be drawn.
fn arena<'a>(
    plan: &'a MemoryPlan,
    area: &Area<'_>,
    blocks: &mut Vec<(&'a PlacedValue, [f64; 4])>,
) -> Drawn {
    let (unit, size) = unit(plan.bytes);
    let axes = Axes {
        x: "",
        y: &format!("{unit} of the arena"),
        left: LEFT,
        right: RIGHT,
        ticks: true,
    };
    let end = (plan.bytes as f64 / size).max(1.0);
    let chart = axes.on(area, 0.0..plan.steps.max(1) as f64, 0.0..end)?;
    let at = |step: usize, offset: usize| {
        let (x, y) = chart
            .as_coord_spec()
            .translate(&(step as f64, offset as f64 / size));
        [x, y].map(|units| f64::from(units) / f64::from(SvgBackend::SCALE))
    };
    for value in by_size(plan).into_iter().take(MOST_VALUES) {
        let [left, bottom] = at(value.first, value.offset);
        let [right, top] = at(value.last + 1, value.offset + value.bytes);
        blocks.push((value, [left, top, right - left, bottom - top]));
    }
    Ok(())
}

fn draw_block(svg: &mut Svg, plan: &MemoryPlan, value: &PlacedValue, [x, y, wide, high]: [f64; 4]) {
    let kind = kind(plan, value);
    let name = plan.graph.label(value.node);
    let tip = format!(
        "{name}, {}\nsteps {} to {}\n{} from {} on",
        value.kernel,
        value.first,
        value.last,
        bytes(value.bytes as f64),
        bytes(value.offset as f64)
    );
    let block = svg::rect(x, y, wide, high).fill(kind.fill());
    svg.add(block.stroke(kind.edge(), 0.8).tip(&tip));
    // The name whole, or the op alone; a name that is cut says nothing.
    let op = name.split(' ').next().unwrap_or_default();
    let fits = |text: &&str| width(text, SMALL, Face::Sans) <= wide - 4.0;
    if let Some(shown) = [name.as_str(), op]
        .into_iter()
        .find(fits)
        .filter(|_| high >= 12.0)
    {
        let text = svg::text(x + wide / 2.0, y + high / 2.0 + 3.5, shown);
        svg.add(text.middle().size(SMALL).fill(palette::INK));
    }
}

/// The bytes of all values written up to each step, and of those that are alive in it.
fn totals(plan: &MemoryPlan) -> Vec<(f64, f64, f64)> {
    let mut written = vec![0; plan.steps];
    for value in &plan.values {
        written[value.first] += value.bytes;
    }
    let mut sum = 0;
    let steps: Vec<(usize, usize)> = written
        .iter()
        .zip(plan.alive())
        .map(|(written, alive)| {
            sum += written;
            (sum, alive)
        })
        .collect();
    let stretch = steps.len().div_ceil(MOST_POINTS).max(1);
    let stretches = steps.chunks(stretch).enumerate();
    stretches
        .map(|(at, steps)| {
            let greatest = |of: fn(&(usize, usize)) -> usize| steps.iter().map(of).max();
            let written = greatest(|step| step.0).unwrap_or(0);
            let alive = greatest(|step| step.1).unwrap_or(0);
            ((at * stretch) as f64, written as f64, alive as f64)
        })
        .collect()
}

fn curves(plan: &MemoryPlan, area: &Area<'_>) -> Drawn {
    let scale = SvgBackend::SCALE;
    let totals = totals(plan);
    let apart = totals.last().map_or(0.0, |(_, written, _)| *written);
    let (unit, size) = unit(apart as usize);
    let axes = Axes {
        x: "step",
        y: unit,
        left: LEFT,
        right: RIGHT,
        ticks: true,
    };
    let end = plan.steps.max(1) as f64;
    let most = apart.max(plan.bytes as f64) / size;
    let mut chart = axes.on(area, 0.0..end, 0.0..(most * 1.06).max(1.0))?;
    // Each step is as wide as its number is apart from the next.
    let stairs = |of: fn(&(f64, f64, f64)) -> f64| -> Vec<(f64, f64)> {
        let ends = totals.iter().skip(1).map(|total| total.0).chain([end]);
        let steps = totals.iter().zip(ends);
        steps
            .flat_map(|(total, end)| [total.0, end].map(|x| (x, of(total) / size)))
            .collect()
    };
    let line = stairs(|total| total.2);
    let mut ground = line.clone();
    ground.extend([(end, 0.0), (0.0, 0.0)]);
    let [blue, red] = [0, 1].map(|series| rgb(palette::SERIES[series]));
    if !plan.values.is_empty() {
        chart.draw_series([Polygon::new(ground, blue.mix(0.18))])?;
    }
    chart.draw_series(LineSeries::new(line, blue.stroke_width(scale)))?;
    let written = stairs(|total| total.1);
    chart.draw_series(LineSeries::new(written, red.stroke_width(2 * scale)))?;
    let arena = plan.bytes as f64 / size;
    let line = [(0.0, arena), (end, arena)];
    chart.draw_series(LineSeries::new(line, blue.stroke_width(2 * scale)))?;

    let alive = totals.last().map_or(0.0, |(_, _, alive)| *alive);
    let mut names = vec![
        (apart, 1, format!("apart: {}", bytes(apart))),
        (
            plan.bytes as f64,
            0,
            format!("arena: {}", bytes(plan.bytes as f64)),
        ),
        (alive, 0, "alive".to_owned()),
    ];
    // From the top down, none on another.
    names.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut free = i32::MIN;
    for (height, series, name) in names {
        let (x, y) = chart.as_coord_spec().translate(&(end, height / size));
        let y = y.max(free);
        free = y + (15 * scale) as i32;
        let name = fit(&name, RIGHT - 12.0, LETTER, Face::Bold).into_owned();
        let style = label(Face::Bold, ink(series), HPos::Left);
        area.draw(&Text::new(name, (x + (8 * scale) as i32, y), style))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Bindings, NodeId};
    use crate::prelude::*;

    fn plan() -> MemoryPlan {
        let graph = Graph::build("<rows> 🙂 שלום", |g| {
            let x = g.input("x", f32s(("n", 4)));
            g.output("y", x.softmax(-1).exp().sum(-1));
        })
        .unwrap();
        let value = |node, first, last, offset, bytes| PlacedValue {
            node: NodeId(node),
            kernel: "<loop>",
            first,
            last,
            in_place: false,
            offset,
            bytes,
        };
        MemoryPlan {
            graph,
            sizes: Bindings::from([("n".to_owned(), 250)]),
            steps: 4,
            values: vec![
                value(1, 0, 1, 0, 4000),
                value(2, 1, 2, 4000, 4000),
                value(3, 2, 3, 0, 1000),
            ],
            bytes: 8000,
            separate: 9000,
        }
    }

    #[test]
    fn values_lie_where_the_plan_puts_them() {
        let figure = plan().figure();
        assert_eq!(
            figure.alt(),
            "Memory plan <rows> 🙂 שלום: 3 values of 4 steps with n = 250 share 8 kB; each in a place \
             of its own they would take 9 kB, 1.12 times as much. At most 8 kB are alive at one time, \
             in step 1."
        );
        insta::assert_snapshot!(figure.to_svg());
        insta::assert_snapshot!(figure.to_text());
    }

    #[test]
    fn plans_without_values_and_of_thousands_are_drawn() {
        let none = MemoryPlan {
            steps: 0,
            values: Vec::new(),
            bytes: 0,
            separate: 0,
            ..plan()
        };
        assert!(
            none.figure()
                .alt()
                .contains("0 steps with n = 250, and no value")
        );
        let value = |at: usize| PlacedValue {
            first: at,
            last: at + 3,
            offset: 4000 * (at % 4),
            ..plan().values[0].clone()
        };
        let many = MemoryPlan {
            steps: 5000,
            values: (0..4990).map(value).collect(),
            bytes: 16_000,
            separate: 4990 * 4000,
            ..plan()
        };
        let figure = many.figure();
        assert!(
            figure.to_html().len() < 100_000,
            "{}",
            figure.to_html().len()
        );
        assert!(figure.alt().contains("The 160 largest are drawn."));
        assert!(
            figure.alt().contains("16 kB are alive at one time"),
            "{}",
            figure.alt()
        );
    }

    /// The plan of a real run.
    #[test]
    fn a_model_shows_its_memory() {
        let classifier = Classifier::embedded().unwrap();
        let (ids, mask) = classifier.inputs(&[&[101, 2023, 3185, 102]]).unwrap();
        let inputs = [("input_ids", &ids), ("attention_mask", &mask)];
        let figure = classifier.model().memory_plan(inputs).unwrap().figure();
        assert!(
            figure.to_html().len() < 60_000,
            "{}",
            figure.to_html().len()
        );
        assert!(
            figure.alt().contains("batch = 1, seq = 4 share "),
            "{}",
            figure.alt()
        );
    }
}
