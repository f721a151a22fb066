//! Where the boxes of a diagram go: layers from top to bottom, after Sugiyama, Tagawa and Toda (1981).
//!
//! [`Layered`] breaks cycles (`cycles.rs`), puts each node below what it uses (`layers.rs`), orders the layers so
//! that few links cross (`crossings.rs`), and gives each node its place so that long links run
//! straight (`coordinates.rs`, after Brandes and Köpf, 2001). Boxes never overlap, and links pass
//! beside them. Diagrams from left to right are the same with the axes exchanged.

mod coordinates;
mod crossings;
pub(super) mod cycles;
mod layers;

/// Boxes and the links between them.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    pub boxes: Vec<Size>,
    pub links: Vec<Link>,
}

/// The size of a box. Boxes of height 0 in the first and last layers stand on the border itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
    pub end: End,
}

/// Whether a box must stand in the first or the last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Free,
    First,
    Last,
}

/// A link from the bottom of one box to the top of another, or, upwards, from the top of one to the
/// bottom of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    pub from: usize,
    pub to: usize,
    /// Where it leaves, from the middle of the box; `None` where the layout may choose.
    pub from_port: Option<f64>,
    pub to_port: Option<f64>,
    /// Whether it leads against the flow. Other links do where they close a cycle.
    pub upwards: bool,
}

/// What a layout found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placement {
    /// The middle of each box.
    pub middles: Vec<[f64; 2]>,
    /// For each link the points that it passes, its two ends included.
    pub routes: Vec<Vec<[f64; 2]>>,
    pub width: f64,
    pub height: f64,
}

/// A way of placing boxes.
pub trait Layout {
    fn place(&self, problem: &Problem) -> Placement;
}

/// The layered layout.
#[derive(Debug, Clone, Copy)]
pub struct Layered {
    /// Between two boxes of a layer.
    pub box_gap: f64,
    /// Between two layers.
    pub layer_gap: f64,
}

/// Boxes in layers, with a stand-in for a long link in each layer that it passes.
pub(in crate::figure) struct Grid {
    pub(super) nodes: Vec<Node>,
    /// The nodes of each layer from left to right.
    pub(super) layers: Vec<Vec<usize>>,
    /// Connections between neighboring layers, each from the upper to the lower node.
    pub(super) hops: Vec<Hop>,
    /// For each link of the problem the nodes that it passes, from its upper to its lower end.
    paths: Vec<Vec<usize>>,
    /// Links that were turned round to break a cycle.
    turned: Vec<bool>,
}

pub(in crate::figure) struct Node {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) layer: usize,
    /// A stand-in for a link.
    pub(super) bend: bool,
}

pub(in crate::figure) struct Hop {
    pub(super) upper: usize,
    pub(super) lower: usize,
    /// Where it ends at the nodes, from their middles.
    pub(super) upper_port: f64,
    pub(super) lower_port: f64,
}

impl Layout for Layered {
    fn place(&self, problem: &Problem) -> Placement {
        if problem.boxes.is_empty() {
            return Placement::default();
        }
        let mut grid = layers::arrange(problem);
        crossings::reduce(&mut grid);
        let xs = coordinates::assign(&grid, self.box_gap);
        self.measure(problem, &grid, &xs)
    }
}

impl Layered {
    fn measure(&self, problem: &Problem, grid: &Grid, xs: &[f64]) -> Placement {
        let left = |node: usize| xs[node] - grid.nodes[node].width / 2.0;
        let start = (0..xs.len()).map(left).fold(f64::INFINITY, f64::min);
        let xs: Vec<f64> = xs.iter().map(|x| x - start).collect();
        let right = |node: usize| xs[node] + grid.nodes[node].width / 2.0;
        let width = (0..xs.len()).map(right).fold(0.0, f64::max);

        let mut bands = Vec::with_capacity(grid.layers.len());
        let mut y = 0.0;
        for layer in &grid.layers {
            let height = layer
                .iter()
                .map(|node| grid.nodes[*node].height)
                .fold(0.0, f64::max);
            bands.push([y, y + height]);
            y += height + self.layer_gap;
        }
        let height = bands.last().map_or(0.0, |band| band[1]);
        let middle = |node: usize| {
            let [top, bottom] = bands[grid.nodes[node].layer];
            // Ports stand on the border itself.
            let y = match grid.nodes[node] {
                Node {
                    height: 0.0,
                    bend: false,
                    layer: 0,
                    ..
                } => top,
                Node {
                    height: 0.0,
                    bend: false,
                    ..
                } => bottom,
                _ => (top + bottom) / 2.0,
            };
            [xs[node], y]
        };
        let middles: Vec<[f64; 2]> = (0..problem.boxes.len()).map(middle).collect();
        let routes = problem
            .links
            .iter()
            .zip(&grid.paths)
            .zip(&grid.turned)
            .map(|((link, path), turned)| {
                let mut route = route(link, path, *turned, grid, &middles, &xs, &bands);
                if *turned {
                    route.reverse();
                }
                route
            })
            .collect();
        Placement {
            middles,
            routes,
            width,
            height,
        }
    }
}

/// The points of a link from its upper to its lower end. Beside boxes it runs straight down, so that
/// it only ever moves sideways between two layers.
fn route(
    link: &Link,
    path: &[usize],
    turned: bool,
    grid: &Grid,
    middles: &[[f64; 2]],
    xs: &[f64],
    bands: &[[f64; 2]],
) -> Vec<[f64; 2]> {
    let (Some(&upper), Some(&lower)) = (path.first(), path.last()) else {
        return Vec::new();
    };
    let (upper_port, lower_port) = if turned {
        (link.to_port, link.from_port)
    } else {
        (link.from_port, link.to_port)
    };
    let bends = &path[1..path.len() - 1];
    let reach = |node: usize, x: f64| {
        let room = (grid.nodes[node].width / 2.0 - 12.0).max(0.0);
        x.clamp(middles[node][0] - room, middles[node][0] + room)
    };
    let upper_x = upper_port.map_or(middles[upper][0], |port| middles[upper][0] + port);
    let lower_x = lower_port.map(|port| middles[lower][0] + port);
    // A free end stands straight under or over the other one where it can.
    let lower_x = lower_x.unwrap_or_else(|| reach(lower, bends.last().map_or(upper_x, |b| xs[*b])));
    let upper_x = match upper_port {
        Some(_) => upper_x,
        None => reach(upper, bends.first().map_or(lower_x, |b| xs[*b])),
    };
    let (upper_node, lower_node) = (&grid.nodes[upper], &grid.nodes[lower]);
    let mut points = vec![
        [upper_x, middles[upper][1] + upper_node.height / 2.0],
        [upper_x, bands[upper_node.layer][1]],
    ];
    for bend in bends {
        let [top, bottom] = bands[grid.nodes[*bend].layer];
        points.extend([[xs[*bend], top], [xs[*bend], bottom]]);
    }
    points.extend([
        [lower_x, bands[lower_node.layer][0]],
        [lower_x, middles[lower][1] - lower_node.height / 2.0],
    ]);
    points.dedup();
    points
}

#[cfg(test)]
mod tests;
