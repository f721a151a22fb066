//! Hulls in hulls: each open part is laid out by itself, as a box for the part around it.
//!
//! A link that crosses the border of a hull does so at a port, which the inner layout puts at the
//! first or last layer and the outer layout takes as the end of the link. So no box and no foreign
//! link ever stands in a hull that it does not belong to.

use std::collections::{BTreeMap, BTreeSet};

use super::Direction;
use super::caption::{Caption, caption};
use super::label::{self, Label};
use super::layout::cycles::against_the_flow_of;
use super::layout::{End, Layout, Link, Placement, Problem, Size};
use super::scene::{Edge, ROOT, Scene};

/// Around the contents of a hull, beside its label.
const HULL_PADDING: f64 = 14.0;
const PORT_WIDTH: f64 = 8.0;

/// Where everything is, in pixels from the upper left of the drawing.
pub(super) struct Placed {
    /// In the order of [`Scene::boxes`].
    pub boxes: Vec<PlacedBox>,
    /// From the outside in.
    pub hulls: Vec<Hull>,
    pub wires: Vec<Wire>,
    pub width: f64,
    pub height: f64,
}

pub(super) struct PlacedBox {
    pub part: usize,
    pub caption: Caption,
    pub x: f64,
    pub y: f64,
}

pub(super) struct Hull {
    pub part: usize,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    /// The upper left of its label.
    pub label: [f64; 2],
}

/// A piece of a link, from box to box or to the border of a hull.
pub(super) struct Wire {
    pub points: Vec<[f64; 2]>,
    /// The box that the link comes from.
    pub from: usize,
    /// The box that it leads to, where this piece ends there.
    pub to: Option<usize>,
    /// The boxes to which links lead that this is a piece of.
    pub leads_to: Vec<usize>,
    /// Whether it leads against the flow, from the upper side of a box to the lower one of another.
    pub upwards: bool,
}

/// What a link inside of a block is a piece of: the fields of a [`Wire`].
struct Piece {
    from: usize,
    to: Option<usize>,
    leads_to: Vec<usize>,
}

/// A part with what is in it, along the flow (`y`) and across it (`x`).
struct Block {
    width: f64,
    height: f64,
    placement: Placement,
    /// The contents start here.
    inset: [f64; 2],
    children: Vec<(usize, Block)>,
    links: Vec<(Link, Piece)>,
    /// Where links cross the border, from the middle of the block.
    ports: BTreeMap<Port, f64>,
    caption: Option<Caption>,
    /// Where the label of a hull begins, from its left.
    label: f64,
}

/// Where the links from a box cross the border of a hull.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    /// The box.
    from: usize,
    out: bool,
    /// The side at which the flow begins.
    above: bool,
}

impl Port {
    fn new(from: usize, out: bool, upwards: bool) -> Port {
        Port {
            from,
            out,
            above: out == upwards,
        }
    }
}

/// A link that concerns a part, and which way it leads where it crosses the part's border.
#[derive(Clone, Copy)]
struct Crossing {
    edge: Edge,
    upwards: bool,
}

impl Block {
    /// Where a link crosses the border; `None` where the layout may choose.
    fn port(&self, port: Port) -> Option<f64> {
        self.ports.get(&port).copied().or(self.round_port())
    }

    /// Boxes with round ends are only met at the middle of a side.
    fn round_port(&self) -> Option<f64> {
        self.caption.as_ref()?.is_round().then_some(0.0)
    }
}

pub(super) fn place(scene: &Scene, layout: &dyn Layout, direction: Direction) -> Placed {
    let edges = scene.edges();
    let placer = Placer {
        scene,
        layout,
        read: edges.iter().map(|edge| edge.from).collect(),
        across: direction == Direction::LeftToRight,
    };
    let all: Vec<Crossing> = edges
        .iter()
        .map(|edge| Crossing {
            edge: *edge,
            upwards: false,
        })
        .collect();
    let block = placer.block(ROOT, &all);
    let mut placed = Placed {
        boxes: Vec::new(),
        hulls: Vec::new(),
        wires: Vec::new(),
        width: block.width,
        height: block.height,
    };
    placer.spread(ROOT, block, [0.0, 0.0], &mut placed);
    if placer.across {
        std::mem::swap(&mut placed.width, &mut placed.height);
    }
    placed
}

struct Placer<'s> {
    scene: &'s Scene,
    layout: &'s dyn Layout,
    /// The boxes that links leave.
    read: BTreeSet<usize>,
    /// The flow goes from left to right.
    across: bool,
}

impl Placer<'_> {
    fn block(&self, part: usize, crossings: &[Crossing]) -> Block {
        if !self.scene.parts[part].open {
            let caption = caption(self.scene, part, self.read.contains(&part), self.across);
            let (mut width, mut height) = (caption.width, caption.height);
            if self.across {
                std::mem::swap(&mut width, &mut height);
            }
            return Block {
                width,
                height,
                placement: Placement::default(),
                inset: [0.0, 0.0],
                children: Vec::new(),
                links: Vec::new(),
                ports: BTreeMap::new(),
                caption: Some(caption),
                label: 0.0,
            };
        }
        let children = self.scene.parts[part].children.clone();
        let mut child_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, child) in children.iter().enumerate() {
            for shown in self.boxes_in(*child) {
                child_of.insert(shown, index);
            }
        }
        let crossings = self.crossings_within(crossings, &child_of, children.len());
        // Only the edges that concern a part are looked at in it.
        let mut inner: Vec<Vec<Crossing>> = vec![Vec::new(); children.len()];
        for crossing in &crossings {
            let ends = [crossing.edge.from, crossing.edge.to].map(|end| child_of.get(&end));
            let mut known: Vec<usize> = ends.into_iter().flatten().copied().collect();
            known.dedup();
            for child in known {
                inner[child].push(*crossing);
            }
        }
        let blocks: Vec<Block> = children
            .iter()
            .zip(&inner)
            .map(|(child, crossings)| self.block(*child, crossings))
            .collect();
        self.join(part, children, blocks, &crossings, &child_of)
    }

    /// The links within a part, with those between its children that lead against the flow. A link that
    /// comes in from below goes on as such.
    fn crossings_within(
        &self,
        crossings: &[Crossing],
        child_of: &BTreeMap<usize, usize>,
        count: usize,
    ) -> Vec<Crossing> {
        let mut pairs: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        let pair = |edge: &Edge| Some((*child_of.get(&edge.from)?, *child_of.get(&edge.to)?));
        for Crossing { edge, .. } in crossings {
            if let Some((from, to)) = pair(edge).filter(|(from, to)| from != to) {
                *pairs.entry((from, to)).or_insert(true) &= edge.late;
            }
        }
        let links: Vec<(usize, usize)> = pairs.keys().copied().collect();
        let late: Vec<bool> = pairs.values().copied().collect();
        let against = against_the_flow_of(count, &links, &late);
        let turned: BTreeSet<(usize, usize)> = links
            .into_iter()
            .zip(against)
            .filter_map(|(link, against)| against.then_some(link))
            .collect();
        let within = |crossing: &Crossing| Crossing {
            edge: crossing.edge,
            upwards: match pair(&crossing.edge) {
                Some(pair) => turned.contains(&pair),
                None => crossing.upwards,
            },
        };
        crossings.iter().map(within).collect()
    }

    fn join(
        &self,
        part: usize,
        children: Vec<usize>,
        blocks: Vec<Block>,
        crossings: &[Crossing],
        child_of: &BTreeMap<usize, usize>,
    ) -> Block {
        let mut problem = Problem::default();
        problem.boxes.extend(blocks.iter().map(|block| Size {
            width: block.width,
            height: block.height,
            end: End::Free,
        }));
        let mut ports: BTreeMap<Port, usize> = BTreeMap::new();
        let mut seen: BTreeMap<(usize, usize, usize), usize> = BTreeMap::new();
        let mut links: Vec<(Link, Piece)> = Vec::new();
        for Crossing { edge, upwards } in crossings {
            let at = |out: bool| Port::new(edge.from, out, *upwards);
            let mut port = |port: Port| {
                *ports.entry(port).or_insert_with(|| {
                    let strip = port.above && !self.across;
                    problem.boxes.push(Size {
                        width: PORT_WIDTH,
                        height: if strip { label::STRIP } else { 0.0 },
                        end: if port.above { End::First } else { End::Last },
                    });
                    problem.boxes.len() - 1
                })
            };
            let (from, from_port) = match child_of.get(&edge.from) {
                Some(child) => (*child, blocks[*child].port(at(true))),
                None => (port(at(false)), Some(0.0)),
            };
            let (to, to_port) = match child_of.get(&edge.to) {
                Some(child) => (*child, blocks[*child].port(at(false))),
                None => (port(at(true)), Some(0.0)),
            };
            let ends_here = child_of
                .get(&edge.to)
                .is_some_and(|child| children[*child] == edge.to);
            if from == to {
                continue;
            }
            let next = links.len();
            let known = *seen.entry((from, to, edge.from)).or_insert(next);
            if known == next {
                let link = Link {
                    from,
                    to,
                    from_port,
                    to_port,
                    upwards: *upwards,
                };
                problem.links.push(link);
                let piece = Piece {
                    from: edge.from,
                    to: ends_here.then_some(edge.to),
                    leads_to: Vec::new(),
                };
                links.push((link, piece));
            }
            links[known].1.leads_to.push(edge.to);
        }
        let placement = self.layout.place(&problem);
        let mut inset = self.inset(part, &ports);
        let end = self.outset(part, &ports);
        let inner = [
            inset[0] + placement.width + end[0],
            inset[1] + placement.height + end[1],
        ];
        let above = ports.iter().filter(|(port, _)| port.above);
        let above = above.map(|(_, at)| inset[0] + placement.middles[*at][0]);
        let label = match (part, self.across) {
            (ROOT, _) => Label::default(),
            (_, true) => Label::above(label::of(&self.scene.parts[part]).1, inner[1]),
            (_, false) => Label::beside(
                label::of(&self.scene.parts[part]).1,
                inner[0],
                above.collect(),
            ),
        };
        let (width, height) = match self.across {
            true => (inner[0], inner[1] + label.missing),
            false => (inner[0] + label.missing, inner[1]),
        };
        inset[0] += (width - inner[0]) / 2.0;
        inset[1] += (height - inner[1]) / 2.0;
        let ports = ports
            .into_iter()
            .map(|(port, at)| (port, inset[0] + placement.middles[at][0] - width / 2.0))
            .collect();
        Block {
            width,
            height,
            ports,
            placement,
            inset,
            children: children.into_iter().zip(blocks).collect(),
            links,
            caption: None,
            label: label.at,
        }
    }

    /// Before the contents of a hull, across and along the flow. Ports stand on the border.
    fn inset(&self, part: usize, ports: &BTreeMap<Port, usize>) -> [f64; 2] {
        if part == ROOT {
            return [0.0, 0.0];
        }
        let has_ports = ports.keys().any(|port| port.above);
        match (self.across, has_ports) {
            (true, true) => [label::STRIP, 0.0],
            (true, false) => [label::STRIP, HULL_PADDING],
            (false, true) => [HULL_PADDING, 0.0],
            (false, false) => [HULL_PADDING, label::STRIP],
        }
    }

    fn outset(&self, part: usize, ports: &BTreeMap<Port, usize>) -> [f64; 2] {
        let has_ports = ports.keys().any(|port| !port.above);
        match (part, has_ports) {
            (ROOT, _) => [0.0, 0.0],
            (_, true) => [HULL_PADDING, 0.0],
            (_, false) => [HULL_PADDING, HULL_PADDING],
        }
    }

    fn boxes_in(&self, part: usize) -> Vec<usize> {
        let mut boxes = Vec::new();
        let mut walk = vec![part];
        while let Some(at) = walk.pop() {
            match self.scene.parts[at].open {
                true => walk.extend(&self.scene.parts[at].children),
                false => boxes.push(at),
            }
        }
        boxes
    }

    /// Writes a block and what is in it at a place.
    fn spread(&self, part: usize, block: Block, at: [f64; 2], placed: &mut Placed) {
        let turn = |[x, y]: [f64; 2]| if self.across { [y, x] } else { [x, y] };
        let [x, y] = turn(at);
        if let Some(caption) = block.caption {
            placed.boxes.push(PlacedBox {
                part,
                caption,
                x,
                y,
            });
            return;
        }
        if part != ROOT {
            let [width, height] = turn([block.width, block.height]);
            placed.hulls.push(Hull {
                part,
                x,
                y,
                width,
                height,
                label: [x + block.label, y + label::INSET[1]],
            });
        }
        let start = [at[0] + block.inset[0], at[1] + block.inset[1]];
        for ((link, piece), route) in block.links.into_iter().zip(&block.placement.routes) {
            let mut points: Vec<[f64; 2]> = route
                .iter()
                .map(|[x, y]| turn([start[0] + x, start[1] + y]))
                .collect();
            // Ports may stand inside the border.
            let is_port = |end: usize| end >= block.children.len();
            let [above, below] = [at[1], at[1] + block.height];
            let [first, last] = match link.upwards {
                true => [below, above],
                false => [above, below],
            };
            if let (Some([x, _]), true) = (route.first(), is_port(link.from)) {
                points.insert(0, turn([start[0] + x, first]));
            }
            if let (Some([x, _]), true) = (route.last(), is_port(link.to)) {
                points.push(turn([start[0] + x, last]));
            }
            points.dedup();
            placed.wires.push(Wire {
                points,
                from: piece.from,
                to: piece.to,
                leads_to: piece.leads_to,
                upwards: link.upwards,
            });
        }
        for ((child, inner), [x, y]) in block.children.into_iter().zip(&block.placement.middles) {
            let corner = [
                start[0] + x - inner.width / 2.0,
                start[1] + y - inner.height / 2.0,
            ];
            self.spread(child, inner, corner, placed);
        }
    }
}
