//! A compile step by step: the same graph after each pass, with everything in its place.

use std::collections::BTreeSet;

use super::place::Placed;
use super::scene::{Scene, Wishes};
use super::stages::{Stages, State};
use super::units::Change;
use super::{Diagram, Direction, READABLE, draw, legend};
use crate::compile::Options;
use crate::engine::{Plan, Session};
use crate::figure::palette;
use crate::figure::picture::{Figure, Words};
use crate::figure::show::Show;
use crate::figure::svg::{self, Svg};
use crate::figure::typography::{Face, fit, width, wrap};
use crate::graph::Graph;
use crate::graph::ops::Op;
use crate::notebook::widget::{Interaction, interact, slider};

/// As many frames as a strip shows.
const MOST_FRAMES: usize = 16;
/// As many steps as a film has; of more patches every second, third … is a step.
const MOST_STEPS: usize = 120;
/// What a strip may take; with more, parts of the graph are folded.
const MOST_BYTES: usize = 120_000;
const ROOM: f64 = 920.0;
const GAP: f64 = 26.0;
const HEAD: f64 = 36.0;
/// Letters are never drawn smaller than at this scale, but for a single column.
const SMALLEST: f64 = 0.7;

/// The stages of a graph in a compile. What a stage added, removed or fused is marked in it, and
/// every node stands in the same place in all of them.
///
/// ```
/// use lessons::figure::FilmStrip;
/// use lessons::prelude::*;
///
/// let graph = Graph::build("affine", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", (2 * x + 1.0).relu());
/// })?;
/// let plan = Session::cpu().compile(&graph)?;
/// let film = FilmStrip::of(&plan);
/// assert!(film.figure().alt().contains("fuse_elementwise: 3 ops fused into 1"));
/// assert_eq!(film.len(), 2);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilmStrip {
    title: String,
    frames: Vec<Frame>,
    expand: Vec<String>,
    left_out: usize,
}

#[derive(Debug, Clone)]
struct Frame {
    /// The pass.
    name: String,
    /// What it did.
    says: String,
    graph: Graph,
}

impl FilmStrip {
    /// The graph as it was written, and after each pass that changed it.
    pub fn of(plan: &Plan) -> FilmStrip {
        let mut film = FilmStrip::new(
            &format!("{}, pass by pass", plan.source().name()),
            plan.source(),
        );
        for stage in plan.stages() {
            let says = match stage.patches.as_slice() {
                [] => continue,
                [one] => one.clone(),
                [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
            };
            film = film.then(stage.pass, &says, &stage.graph);
        }
        film
    }

    /// The graph as it was written, and after every patch of every pass.
    ///
    /// # Errors
    /// When the graph cannot be compiled.
    pub fn every_patch(plan: &Plan) -> crate::Result<FilmStrip> {
        let patches: Vec<(&str, &String)> = plan
            .stages()
            .iter()
            .flat_map(|stage| stage.patches.iter().map(|patch| (stage.pass, patch)))
            .collect();
        let step = patches.len().div_ceil(MOST_STEPS).max(1);
        let title = format!("{}, patch by patch", plan.source().name());
        let mut film = FilmStrip::new(&title, plan.source());
        for (index, (pass, patch)) in patches.iter().enumerate() {
            let done = index + 1;
            if done % step != 0 && done != patches.len() {
                film.left_out += 1;
                continue;
            }
            let options = Options {
                stop_after: Some(done),
            };
            let stopped = Session::on(plan.device())?.compile_with(plan.source(), &options)?;
            film = film.then(pass, patch, stopped.graph());
        }
        Ok(film)
    }

    /// A film that begins with a graph; [`FilmStrip::then`] adds the others.
    pub fn new(title: &str, graph: &Graph) -> FilmStrip {
        FilmStrip {
            title: title.to_owned(),
            frames: vec![Frame {
                name: "as built".to_owned(),
                says: String::new(),
                graph: graph.clone(),
            }],
            expand: Vec::new(),
            left_out: 0,
        }
    }

    /// Adds a stage: what changed the graph, what it says of that, and the graph after it.
    pub fn then(mut self, name: &str, says: &str, graph: &Graph) -> FilmStrip {
        self.frames.push(Frame {
            name: name.to_owned(),
            says: says.to_owned(),
            graph: graph.clone(),
        });
        self
    }

    /// Opens a part in all frames, as far as they stay small; see [`Diagram::expand`].
    pub fn expand(mut self, part: &str) -> FilmStrip {
        self.expand.push(part.to_owned());
        self
    }

    /// The number of stages, the graph as it was written included.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// A film has one stage at least.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// One stage, in full size; the last one where there are fewer.
    pub fn frame(&self, number: usize) -> Figure {
        let number = number.min(self.frames.len() - 1);
        let frame = &self.frames[number];
        let graphs: Vec<&Graph> = self.frames.iter().map(|frame| &frame.graph).collect();
        let draw = |expand: &[String]| {
            let mut drawn = self.drawn(&graphs, READABLE, expand);
            let (placed, direction) = drawn.stage(number);
            (draw::draw(&drawn.scene, &placed, direction), drawn)
        };
        let mut stage = draw(&self.expand);
        if stage.0.0.len() > MOST_BYTES {
            stage = draw(&[]);
        }
        let ((svg, width, height), drawn) = stage;
        let title = match number {
            0 => format!("{}: as built", self.title),
            _ => format!(
                "{}: {number} of {}, {}",
                self.title,
                self.len() - 1,
                frame.name
            ),
        };
        let says = match frame.says.as_str() {
            "" => String::new(),
            says => format!("{says}. "),
        };
        let before = number.checked_sub(1).map(|before| graphs[before]);
        let diagram = Diagram::of(&frame.graph);
        let diagram = match before {
            Some(before) => diagram.since(before),
            None => diagram,
        };
        let words = Words {
            title,
            kind: "Step of a compile",
            finding: format!("{says}{}.", self.change(number, &drawn)),
            text: diagram.to_table(),
        };
        Figure::new(words, svg, width, height)
    }

    /// One stage with a slider over all of them, where there are widgets; else the strip.
    ///
    /// # Errors
    /// When there is only one stage.
    pub fn slide(self) -> crate::Result<Interaction> {
        let last = i64::try_from(self.len() - 1).unwrap_or(i64::MAX);
        let steps = slider("step", 0..=last).value(0).build()?;
        let strip = self.clone();
        let shown = interact(&steps, move |step| {
            self.frame(usize::try_from(step).unwrap_or(0))
        });
        Ok(shown.still(&strip))
    }

    fn drawn(&self, graphs: &[&Graph], most_boxes: usize, expand: &[String]) -> Drawn {
        let stages = Stages::of(graphs).unwrap_or(Stages {
            units: Vec::new(),
            states: Vec::new(),
        });
        let wishes = Wishes {
            most_boxes,
            expand: expand.to_vec(),
            ..Wishes::default()
        };
        let last = graphs.last().copied().unwrap_or(&self.frames[0].graph);
        let scene = Scene::new(last, stages.units, &wishes);
        let (_, direction) = super::placed(&scene, None);
        Drawn {
            scene,
            states: stages.states,
            direction,
        }
    }

    /// `3 ops fused into 1`, `2 removed`, as words.
    fn change(&self, number: usize, drawn: &Drawn) -> String {
        let nodes = |number: usize| self.frames[number].graph.nodes().len();
        if number == 0 {
            return format!("{} nodes", nodes(0));
        }
        let state = &drawn.states[number];
        let count = |change| state.changes.iter().filter(|c| **c == change).count();
        let mut words = Vec::new();
        for (number, word) in [
            (count(Change::Added), "added"),
            (count(Change::Removed), "removed"),
        ] {
            if number > 0 {
                words.push(format!("{number} {word}"));
            }
        }
        let fused = count(Change::Fused);
        if fused > 0 {
            let kernels: BTreeSet<_> = self.frames[number]
                .graph
                .nodes()
                .iter()
                .filter(|node| matches!(node.op, Op::Fused(_)))
                .filter(|node| self.frames[number - 1].graph.node(node.id).is_none())
                .map(|node| node.id)
                .collect();
            let ops = super::count(fused, "op");
            words.insert(0, format!("{ops} fused into {}", kernels.len()));
        }
        if words.is_empty() {
            words.push("links changed".to_owned());
        }
        format!(
            "{}, {} → {} nodes",
            words.join(", "),
            nodes(number - 1),
            nodes(number)
        )
    }
}

/// All stages over one layout.
struct Drawn {
    scene: Scene,
    states: Vec<State>,
    direction: Direction,
}

impl Drawn {
    /// Makes the scene that of a stage. Sizes do not depend on what changed, so that everything
    /// stands in the same place in all of them.
    fn stage(&mut self, number: usize) -> (Placed, Direction) {
        let state = &self.states[number];
        for (index, unit) in self.scene.units.iter_mut().enumerate() {
            unit.change = state.changes[index];
            unit.joined = state.joined[index];
        }
        let part = |unit: usize| self.scene.shown(self.scene.stand_in(unit));
        let links = state
            .links
            .iter()
            .map(|(from, to)| (part(*from), part(*to)));
        self.scene.links = Some(links.collect());
        super::placed(&self.scene, Some(self.direction))
    }
}

impl Show for FilmStrip {
    fn figure(&self) -> Figure {
        let shown = self.frames.len().min(MOST_FRAMES);
        // The last stage is the one that runs.
        let numbers: Vec<usize> = match self.frames.len() > shown {
            true => (0..shown - 1).chain([self.frames.len() - 1]).collect(),
            false => (0..shown).collect(),
        };
        let graphs: Vec<&Graph> = self.frames.iter().map(|frame| &frame.graph).collect();
        let mut strip = (Svg::new(), 0.0, 0.0);
        // What was to be open is folded last.
        let folds =
            [READABLE, 20, 14, 10, 0].map(|most_boxes| (most_boxes, self.expand.as_slice()));
        for (most_boxes, expand) in folds.into_iter().chain([(0, [].as_slice())]) {
            let mut drawn = self.drawn(&graphs, most_boxes, expand);
            strip = self.strip(&numbers, &mut drawn);
            if strip.0.len() <= MOST_BYTES {
                break;
            }
        }
        let drawn = self.drawn(&graphs, 0, &[]);
        let mut finding = Vec::new();
        let mut rows = vec![
            ["step", "pass", "change", "what it did"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (number, frame) in self.frames.iter().enumerate().take(60) {
            let change = self.change(number, &drawn);
            if number > 0 && number < 8 {
                finding.push(format!("{}: {change}", frame.name));
            }
            rows.push(vec![
                number.to_string(),
                frame.name.clone(),
                change,
                frame.says.clone(),
            ]);
        }
        if let Some(more @ 1..) = self.frames.len().checked_sub(8) {
            finding.push(format!("and {more} more steps"));
        }
        if finding.is_empty() {
            finding.push("no pass had anything to do".to_owned());
        }
        let mut finding = format!("{}.", finding.join("; "));
        if self.frames.len() > shown {
            finding.push_str(&format!(
                " {shown} of {} stages are drawn.",
                self.frames.len()
            ));
        }
        if self.left_out > 0 {
            finding.push_str(&format!(
                " {} patches are drawn with the next.",
                self.left_out
            ));
        }
        let (svg, width, height) = strip;
        let words = Words {
            title: self.title.clone(),
            kind: "Film strip",
            finding,
            text: crate::figure::table::aligned(&rows),
        };
        Figure::new(words, svg, width, height)
    }
}

impl FilmStrip {
    /// Frames side by side, as many in a row as can be read.
    fn strip(&self, numbers: &[usize], drawn: &mut Drawn) -> (Svg, f64, f64) {
        let mut frames = Vec::with_capacity(numbers.len());
        let (mut wide, mut high) = (0.0, 0.0);
        let mut legend = (Svg::new(), 0.0, 0.0);
        for number in numbers {
            let (placed, direction) = drawn.stage(*number);
            frames.push(draw::contents(&drawn.scene, &placed, direction));
            (wide, high) = (
                placed.width + 2.0 * draw::MARGIN,
                placed.height + 2.0 * draw::MARGIN,
            );
            let mut below = Svg::new();
            let size = legend::of_kinds(&mut below, placed.kinds(), 0.0, ROOM);
            legend = (below, size.0, size.1);
        }
        let scale = |columns: usize| {
            let room = (ROOM - GAP * (columns - 1) as f64) / columns as f64;
            (room / wide).min(1.0)
        };
        let columns = (1..=numbers.len().max(1))
            .rev()
            .find(|columns| scale(*columns) >= SMALLEST)
            .unwrap_or(1);
        let scale = scale(columns);
        let (cell, tall) = ((wide * scale).max(150.0), high * scale + HEAD + 12.0);
        let mut svg = Svg::new();
        for (index, (frame, number)) in frames.into_iter().zip(numbers).enumerate() {
            let x = (index % columns) as f64 * (cell + GAP);
            let y = (index / columns) as f64 * (tall + GAP);
            let name = format!("{number}: {}", self.frames[*number].name);
            let name = fit(&name, cell, 12.0, Face::Bold).into_owned();
            svg.add(svg::text(x, y + 12.0, &name).bold().fill(palette::INK));
            let change = self.change(*number, drawn);
            let lines = wrap(
                &change,
                cell.max(width("m", 11.0, Face::Sans)),
                11.0,
                Face::Sans,
            );
            for (line, text) in lines.iter().take(2).enumerate() {
                let text = svg::text(x, y + 27.0 + 14.0 * line as f64, text);
                svg.add(text.size(11.0).fill(palette::MUTED));
            }
            svg.open_scaled(x, y + HEAD + 12.0, scale);
            svg.append(frame);
            svg.close();
        }
        let rows = numbers.len().div_ceil(columns) as f64;
        let width = columns as f64 * (cell + GAP) - GAP;
        let height = rows * (tall + GAP) - GAP;
        let (below, legend_width, legend_height) = legend;
        svg.open(0.0, height);
        svg.append(below);
        svg.close();
        (svg, width.max(legend_width), height + legend_height)
    }
}
