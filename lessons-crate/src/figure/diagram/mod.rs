//! Graphs as pictures: boxes for ops, hulls for scopes and fused ops.
//!
//! The type of a value stands where links leave the box that makes it.
//!
//! `units.rs` turns a graph into what can be drawn, `fold.rs` and `scene.rs` fold it to a readable
//! size, `layout/` places one level of boxes and `place.rs` puts the levels into one another, `draw.rs`
//! draws, `words.rs` says the same in words.

mod caption;
mod draw;
mod export;
mod film;
mod fold;
mod heat;
mod kind;
mod label;
pub mod layout;
pub(in crate::figure) mod legend;
mod links;
mod marks;
mod place;
mod scene;
mod stages;
mod strip;
mod units;
mod words;

pub(in crate::figure) use caption::count;
pub use film::FilmStrip;
pub use heat::ColorBy;
pub use kind::{KINDS, Kind};

use std::collections::BTreeMap;
use std::time::Duration;

use heat::Heat;
use layout::Layered;
use scene::{Scene, Wishes};

use super::picture::{Figure, Words};
use super::show::Show;
use super::svg::Svg;
use crate::graph::{Bindings, Graph, NodeId};

/// What a drawing may take; with more, parts are folded that were to be open. As HTML it is a third
/// longer.
const MOST_BYTES: usize = 140_000;
/// No box takes less with its link, so that more of them need not be placed to see that they are too
/// many.
const LEAST_BOX: usize = 400;

/// What a diagram may be wide to run from left to right: a notebook's cell.
const NOTEBOOK_WIDTH: f64 = 900.0;

/// What a diagram that folds itself may be high.
const SCREEN_HEIGHT: f64 = 950.0;
/// As many boxes as a diagram shows of its own accord; a smaller graph is drawn whole.
const READABLE: usize = 30;

/// Which way values flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    LeftToRight,
    TopToBottom,
}

/// A drawing of a graph.
///
/// A graph of up to 30 ops is drawn whole. A larger one is folded: equal numbered scopes to one
/// (`layer 0 … 5 × 6`), inner scopes to boxes, until it is readable; [`Diagram::expand`] opens what
/// is folded. Weights and constants are written into the ops that read them.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("net", |g| {
///     let mut x = g.input("x", f32s(("batch", 8)));
///     for layer in 0..3 {
///         x = g.scope(&format!("layer {layer}"), || (2 * x + 1.0).relu());
///     }
///     g.output("y", x);
/// })?;
/// let figure = Diagram::of(&graph).collapse("layer 0").figure();
/// assert!(figure.alt().contains("layer 0 … 2 × 3"));
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Diagram {
    graph: Graph,
    before: Option<Graph>,
    wishes: Wishes,
    direction: Option<Direction>,
    weights: bool,
    title: Option<String>,
    color_by: ColorBy,
    sizes: Bindings,
    times: BTreeMap<NodeId, Duration>,
}

impl Diagram {
    pub fn of(graph: &Graph) -> Diagram {
        Diagram {
            graph: graph.clone(),
            before: None,
            wishes: Wishes::default(),
            direction: None,
            weights: false,
            title: None,
            color_by: ColorBy::Kind,
            sizes: Bindings::new(),
            times: BTreeMap::new(),
        }
    }

    /// Marks what changed since an earlier graph, for instance the one that a pass was given: ops
    /// that are new, ops that are gone, and ops that are fused now.
    pub fn since(mut self, before: &Graph) -> Diagram {
        self.before = Some(before.clone());
        self
    }

    /// Opens a part, and those around it. A part inside another may be named by its path:
    /// `layer 0/attention`.
    pub fn expand(mut self, part: &str) -> Diagram {
        self.wishes.expand.push(part.to_owned());
        self
    }

    /// Opens everything, as far as the picture stays small enough to keep in a notebook.
    pub fn expand_all(mut self) -> Diagram {
        self.wishes.expand_all = true;
        self
    }

    /// Folds a part to one box.
    pub fn collapse(mut self, part: &str) -> Diagram {
        self.wishes.collapse.push(part.to_owned());
        self
    }

    /// Draws each of several equal layers, where otherwise one stands for all.
    pub fn every_layer(mut self) -> Diagram {
        self.wishes.unfold = true;
        self
    }

    /// Which way values flow; by default from left to right if that fits into a notebook's width.
    pub fn direction(mut self, direction: Direction) -> Diagram {
        self.direction = Some(direction);
        self
    }

    /// Whether weights get boxes of their own.
    pub fn weights(mut self, shown: bool) -> Diagram {
        self.weights = shown;
        self
    }

    /// A title other than the graph's name.
    pub fn title(mut self, title: &str) -> Diagram {
        self.title = Some(title.to_owned());
        self
    }

    /// Colors the boxes by what they cost; each says its share of the whole.
    ///
    /// ```
    /// use lessons::figure::ColorBy;
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("affine", |g| {
    ///     let x = g.input("x", f32s(("n", 8)));
    ///     g.output("y", (2 * x + 1.0).exp());
    /// })?;
    /// let figure = Diagram::of(&graph).color_by(ColorBy::Bytes).size("n", 1000).figure();
    /// assert!(figure.alt().ends_with(
    ///     "Most bytes: mul %2 33 %, add %4 33 %, exp %5 33 %, of 192 kB with n = 1000."
    /// ));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn color_by(mut self, color_by: ColorBy) -> Diagram {
        self.color_by = color_by;
        self
    }

    /// What a symbol stands for where costs are counted; a symbol that is not given counts as 1.
    pub fn size(mut self, symbol: &str, size: usize) -> Diagram {
        self.sizes.insert(symbol.to_owned(), size);
        self
    }

    /// Colors the boxes by measured times, one for each node that ran.
    pub fn times(mut self, times: impl IntoIterator<Item = (NodeId, Duration)>) -> Diagram {
        self.times = times.into_iter().collect();
        self.color_by(ColorBy::Time)
    }

    /// What the diagram shows.
    fn scene(&self) -> Scene {
        let units = units::units(&self.graph, self.before.as_ref(), self.weights);
        let wishes = Wishes {
            most_boxes: self.most_boxes(&units),
            kernels: self.color_by != ColorBy::Kind,
            ..self.wishes.clone()
        };
        self.scene_of(units, &wishes)
    }

    fn scene_of(&self, units: Vec<units::Unit>, wishes: &Wishes) -> Scene {
        let mut scene = Scene::new(&self.graph, units, wishes);
        scene.heat = Heat::of(&self.graph, &scene, self.color_by, &self.sizes, &self.times);
        scene
    }

    /// The picture. Where it would be too large to keep in a notebook, more is folded than was asked
    /// for, and the figure says so.
    pub fn figure(&self) -> Figure {
        let mut scene = self.scene();
        let mut drawn = self.drawn(&scene);
        let folded = drawn.is_none();
        for most_boxes in [240, 120, 60, READABLE, 0] {
            if drawn.is_some() {
                break;
            }
            let wishes = Wishes {
                most_boxes,
                unfold: self.wishes.unfold && most_boxes > READABLE,
                kernels: self.color_by != ColorBy::Kind,
                collapse: self.wishes.collapse.clone(),
                ..Wishes::default()
            };
            scene = self.scene_of(scene.units, &wishes);
            drawn = self.drawn(&scene);
        }
        let (drawing, width, height) = drawn.unwrap_or_else(|| self.draw(&scene));
        let compared = self.before.is_some();
        let mut finding = words::finding(&self.graph, &scene, compared);
        if folded {
            finding.push_str(&format!(
                " Opened as asked it would take more than {} kB.",
                MOST_BYTES / 1000
            ));
        }
        let words = Words {
            title: self
                .title
                .clone()
                .unwrap_or_else(|| self.graph.name().to_owned()),
            kind: "Graph",
            finding,
            text: words::table(&scene, compared),
        };
        Figure::new(words, drawing, width, height)
    }

    fn draw(&self, scene: &Scene) -> (Svg, f64, f64) {
        let (placed, direction) = self.place(scene);
        draw::draw(scene, &placed, direction)
    }

    /// The drawing, unless it is too large.
    fn drawn(&self, scene: &Scene) -> Option<(Svg, f64, f64)> {
        let few = scene.boxes().len() <= MOST_BYTES / LEAST_BOX;
        let drawn = few.then(|| self.draw(scene))?;
        (drawn.0.len() <= MOST_BYTES).then_some(drawn)
    }

    /// How many boxes the diagram may open by itself without growing higher than a screen.
    fn most_boxes(&self, units: &[units::Unit]) -> usize {
        if units.len() <= READABLE || self.wishes.expand_all {
            return READABLE;
        }
        let fits = |most_boxes: &usize| {
            let wishes = Wishes {
                most_boxes: *most_boxes,
                unfold: self.wishes.unfold,
                ..Wishes::default()
            };
            let scene = Scene::new(&self.graph, units.to_vec(), &wishes);
            let (placed, _) = self.place(&scene);
            placed.height <= SCREEN_HEIGHT && placed.width <= NOTEBOOK_WIDTH
        };
        [READABLE, 24, 20, 17, 15, 13, 12, 11, 10]
            .into_iter()
            .find(fits)
            .unwrap_or(0)
    }

    fn place(&self, scene: &Scene) -> (place::Placed, Direction) {
        placed(scene, self.direction)
    }
}

/// Where everything goes, in a direction or in the one that suits a notebook.
fn placed(scene: &Scene, direction: Option<Direction>) -> (place::Placed, Direction) {
    let place = |direction| {
        let layered = match direction {
            Direction::LeftToRight => Layered {
                box_gap: 18.0,
                layer_gap: 20.0,
            },
            Direction::TopToBottom => Layered {
                box_gap: 24.0,
                layer_gap: 20.0,
            },
        };
        (place::place(scene, &layered, direction), direction)
    };
    match direction {
        Some(direction) => place(direction),
        None if scene.boxes().len() > 16 => place(Direction::TopToBottom),
        None => {
            let (placed, direction) = place(Direction::LeftToRight);
            if placed.width <= NOTEBOOK_WIDTH {
                (placed, direction)
            } else {
                place(Direction::TopToBottom)
            }
        }
    }
}

impl Show for Diagram {
    fn figure(&self) -> Figure {
        Diagram::figure(self)
    }
}

impl Show for Graph {
    fn figure(&self) -> Figure {
        Diagram::of(self).figure()
    }
}

#[cfg(test)]
mod tests;
