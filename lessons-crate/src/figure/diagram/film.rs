//! A compile step by step: the same graph after each pass, with everything in its place.

use std::collections::BTreeSet;

use super::place::Placed;
use super::scene::{Scene, Wishes};
use super::stages::{Stages, State};
use super::units::Change;
use super::{Diagram, Direction, READABLE, draw};
use crate::compile::Options;
use crate::engine::{Plan, Session};
use crate::figure::picture::{Figure, Words};
use crate::graph::Graph;
use crate::graph::ops::Op;
use crate::notebook::widget::{Interaction, interact, slider};

/// As many steps as a film has; of more patches every second, third … is a step.
const MOST_STEPS: usize = 120;
/// What a strip may take; with more, parts of the graph are folded.
pub(super) const MOST_BYTES: usize = 120_000;

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
    pub(super) title: String,
    pub(super) frames: Vec<Frame>,
    pub(super) expand: Vec<String>,
    pub(super) left_out: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The pass.
    pub name: String,
    /// What it did.
    pub says: String,
    pub graph: Graph,
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

    pub(super) fn drawn(&self, graphs: &[&Graph], most_boxes: usize, expand: &[String]) -> Drawn {
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
        let mut scene = Scene::new(last, stages.units, &wishes);
        if let [first, later @ ..] = stages.states.as_slice() {
            let later = later.iter().flat_map(|state| &state.links);
            scene.late = later
                .filter(|link| !first.links.contains(link))
                .copied()
                .collect();
        }
        let (_, direction) = super::placed(&scene, None);
        Drawn {
            scene,
            states: stages.states,
            direction,
        }
    }

    /// `3 ops fused into 1`, `2 removed`, as words.
    pub(super) fn change(&self, number: usize, drawn: &Drawn) -> String {
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
            words.push(match self.constants_gone(number) {
                0 => "links changed".to_owned(),
                gone => format!("{} removed", super::count(gone, "constant")),
            });
        }
        format!(
            "{}, {} → {} nodes",
            words.join(", "),
            nodes(number - 1),
            nodes(number)
        )
    }
}

impl FilmStrip {
    /// How many constants a stage lost: they are written into the ops that read them, and seen nowhere
    /// else.
    fn constants_gone(&self, number: usize) -> usize {
        let [before, after] = [number - 1, number].map(|number| &self.frames[number].graph);
        let constants = before
            .nodes()
            .iter()
            .filter(|node| matches!(node.op, Op::Constant(_)));
        constants
            .filter(|node| after.node(node.id).is_none())
            .count()
    }
}

/// All stages over one layout.
pub(super) struct Drawn {
    pub scene: Scene,
    states: Vec<State>,
    direction: Direction,
}

impl Drawn {
    /// Makes the scene that of a stage. Sizes do not depend on what changed, so that everything
    /// stands in the same place in all of them.
    pub fn stage(&mut self, number: usize) -> (Placed, Direction) {
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
