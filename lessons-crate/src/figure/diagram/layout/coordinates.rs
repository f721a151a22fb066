//! Places within the layers, so that links run straight: four greedy alignments, one towards each
//! corner, and for each node the mean of the middle two (Brandes and Köpf, 2001). Links may end
//! beside the middle of a box, so an aligned node stands at a distance from the others of its block.

use std::collections::HashSet;

use super::Grid;

/// The middle of each node.
pub(super) fn assign(grid: &Grid, gap: f64) -> Vec<f64> {
    let conflicts = conflicts(grid);
    let mut candidates = Vec::with_capacity(4);
    for downwards in [true, false] {
        for leftwards in [true, false] {
            let view = View::of(grid, downwards, leftwards, gap);
            let mut xs = view.compact(&conflicts);
            if !leftwards {
                xs.iter_mut().for_each(|x| *x = -*x);
            }
            candidates.push((leftwards, xs));
        }
    }
    balance(grid, candidates)
}

/// Moves the candidates to the side of the narrowest one, and takes the mean of the middle two.
fn balance(grid: &Grid, mut candidates: Vec<(bool, Vec<f64>)>) -> Vec<f64> {
    let span = |xs: &[f64]| {
        let half = |node: usize| grid.nodes[node].width / 2.0;
        let left = (0..xs.len())
            .map(|n| xs[n] - half(n))
            .fold(f64::INFINITY, f64::min);
        let right = (0..xs.len())
            .map(|n| xs[n] + half(n))
            .fold(f64::NEG_INFINITY, f64::max);
        [left, right]
    };
    let spans: Vec<[f64; 2]> = candidates.iter().map(|(_, xs)| span(xs)).collect();
    let [left, right] = spans
        .iter()
        .copied()
        .min_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))
        .unwrap_or_default();
    for ((leftwards, xs), span) in candidates.iter_mut().zip(spans) {
        let shift = match leftwards {
            true => left - span[0],
            false => right - span[1],
        };
        xs.iter_mut().for_each(|x| *x += shift);
    }
    (0..grid.nodes.len())
        .map(|node| {
            let mut places: Vec<f64> = candidates.iter().map(|(_, xs)| xs[node]).collect();
            places.sort_by(f64::total_cmp);
            (places[1] + places[2]) / 2.0
        })
        .collect()
}

/// The hops that cross a long link between two of its stand-ins, and so must give way to it.
fn conflicts(grid: &Grid) -> HashSet<(usize, usize)> {
    let places = places(&grid.layers, grid.nodes.len());
    let mut above = vec![Vec::new(); grid.nodes.len()];
    for hop in &grid.hops {
        above[hop.lower].push(hop.upper);
    }
    let long = |lower: usize| {
        above[lower]
            .iter()
            .copied()
            .find(|upper| grid.nodes[lower].bend && grid.nodes[*upper].bend)
    };
    let mut conflicts = HashSet::new();
    for pair in grid.layers.windows(2) {
        let (mut from, mut start) = (0, 0);
        for (place, lower) in pair[1].iter().enumerate() {
            let last = place + 1 == pair[1].len();
            let straight = long(*lower);
            if straight.is_none() && !last {
                continue;
            }
            let until = straight.map_or(pair[0].len(), |upper| places[upper]);
            for crossing in &pair[1][start..=place] {
                for upper in &above[*crossing] {
                    let both = grid.nodes[*crossing].bend && grid.nodes[*upper].bend;
                    if !both && (places[*upper] < from || places[*upper] > until) {
                        conflicts.insert((*upper, *crossing));
                    }
                }
            }
            start = place + 1;
            from = until;
        }
    }
    conflicts
}

fn places(layers: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut places = vec![0; count];
    for layer in layers {
        for (place, node) in layer.iter().enumerate() {
            places[*node] = place;
        }
    }
    places
}

/// The grid turned and mirrored so that every alignment is the one to the upper left.
struct View<'g> {
    grid: &'g Grid,
    layers: Vec<Vec<usize>>,
    places: Vec<usize>,
    /// For each node its neighbors in the layer before, and how far its middle is from theirs when
    /// the link between them is straight.
    before: Vec<Vec<(usize, f64)>>,
    downwards: bool,
    gap: f64,
}

impl View<'_> {
    fn of(grid: &Grid, downwards: bool, leftwards: bool, gap: f64) -> View<'_> {
        let mut layers = grid.layers.clone();
        if !downwards {
            layers.reverse();
        }
        if !leftwards {
            layers.iter_mut().for_each(|layer| layer.reverse());
        }
        let places = places(&layers, grid.nodes.len());
        let mut before = vec![Vec::new(); grid.nodes.len()];
        let sign = if leftwards { 1.0 } else { -1.0 };
        for hop in &grid.hops {
            let shift = sign * (hop.upper_port - hop.lower_port);
            match downwards {
                true => before[hop.lower].push((hop.upper, shift)),
                false => before[hop.upper].push((hop.lower, -shift)),
            }
        }
        for neighbors in &mut before {
            neighbors.sort_by_key(|(node, _)| places[*node]);
        }
        View {
            grid,
            layers,
            places,
            before,
            downwards,
            gap,
        }
    }

    /// Joins nodes to blocks: the root of each node's block, and its distance from the root.
    fn align(&self, conflicts: &HashSet<(usize, usize)>) -> (Vec<usize>, Vec<f64>) {
        let count = self.grid.nodes.len();
        let mut root: Vec<usize> = (0..count).collect();
        let mut shift = vec![0.0; count];
        for layer in &self.layers {
            let mut free = 0;
            for node in layer {
                let neighbors = &self.before[*node];
                if neighbors.is_empty() {
                    continue;
                }
                for middle in [(neighbors.len() - 1) / 2, neighbors.len() / 2] {
                    let (neighbor, apart) = neighbors[middle];
                    let hop = match self.downwards {
                        true => (neighbor, *node),
                        false => (*node, neighbor),
                    };
                    let place = self.places[neighbor];
                    if place >= free && !conflicts.contains(&hop) {
                        root[*node] = root[neighbor];
                        shift[*node] = shift[neighbor] + apart;
                        free = place + 1;
                        break;
                    }
                }
            }
        }
        (root, shift)
    }

    /// Packs the blocks to the left, then moves each as far right as it may without pushing others.
    fn compact(&self, conflicts: &HashSet<(usize, usize)>) -> Vec<f64> {
        let (root, shift) = self.align(conflicts);
        let count = root.len();
        let mut after: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
        let mut waiting = vec![0usize; count];
        for pair in self.layers.iter().flat_map(|layer| layer.windows(2)) {
            let [left, right] = [pair[0], pair[1]];
            let apart = self.apart(left, right) + shift[left] - shift[right];
            after[root[left]].push((root[right], apart));
            waiting[root[right]] += 1;
        }
        let mut order: Vec<usize> = (0..count)
            .filter(|node| root[*node] == *node && waiting[*node] == 0)
            .collect();
        let mut xs = vec![0.0f64; count];
        let mut at = 0;
        while at < order.len() {
            let block = order[at];
            at += 1;
            for (right, apart) in &after[block] {
                xs[*right] = xs[*right].max(xs[block] + apart);
                waiting[*right] -= 1;
                if waiting[*right] == 0 {
                    order.push(*right);
                }
            }
        }
        for block in order.iter().rev() {
            let room = after[*block]
                .iter()
                .map(|(right, apart)| xs[*right] - apart)
                .fold(f64::INFINITY, f64::min);
            if room.is_finite() {
                xs[*block] = xs[*block].max(room);
            }
        }
        (0..count)
            .map(|node| xs[root[node]] + shift[node])
            .collect()
    }

    /// The least distance between the middles of two neighbors.
    fn apart(&self, left: usize, right: usize) -> f64 {
        let (left, right) = (&self.grid.nodes[left], &self.grid.nodes[right]);
        let gap = match (left.bend, right.bend) {
            (true, true) => self.gap * 0.5,
            (true, false) | (false, true) => self.gap * 0.75,
            (false, false) => self.gap,
        };
        (left.width + right.width) / 2.0 + gap
    }
}
