//! The order within the layers: each node moves towards the mean place of its neighbors, downwards
//! and upwards in turn, and the order with the fewest crossings is kept.

use super::Grid;

pub(super) fn reduce(grid: &mut Grid) {
    let sides = Sides::of(grid);
    let mut places = places(grid);
    let mut best = grid.layers.clone();
    let mut fewest = count(grid, &sides, &places);
    let sweeps = if grid.nodes.len() > 3000 { 6 } else { 24 };
    for sweep in 0..sweeps {
        if fewest == 0 {
            break;
        }
        let downwards = sweep % 2 == 0;
        let rows: Vec<usize> = match downwards {
            true => (1..grid.layers.len()).collect(),
            false => (0..grid.layers.len().saturating_sub(1)).rev().collect(),
        };
        for row in rows {
            let towards = if downwards {
                &sides.above
            } else {
                &sides.below
            };
            sort(grid, row, towards, &mut places, sweep % 4 >= 2);
        }
        let crossings = count(grid, &sides, &places);
        if crossings < fewest {
            fewest = crossings;
            best.clone_from(&grid.layers);
        }
    }
    grid.layers = best;
}

/// The neighbors of each node with the place of the port there, as a part of its width.
struct Sides {
    above: Vec<Vec<(usize, f64)>>,
    below: Vec<Vec<(usize, f64)>>,
}

impl Sides {
    fn of(grid: &Grid) -> Sides {
        let mut above = vec![Vec::new(); grid.nodes.len()];
        let mut below = vec![Vec::new(); grid.nodes.len()];
        for hop in &grid.hops {
            let part = |node: usize, port: f64| port / grid.nodes[node].width.max(1.0);
            above[hop.lower].push((hop.upper, part(hop.upper, hop.upper_port)));
            below[hop.upper].push((hop.lower, part(hop.lower, hop.lower_port)));
        }
        Sides { above, below }
    }
}

fn places(grid: &Grid) -> Vec<usize> {
    let mut places = vec![0; grid.nodes.len()];
    for layer in &grid.layers {
        for (place, node) in layer.iter().enumerate() {
            places[*node] = place;
        }
    }
    places
}

/// Sorts one row. Nodes without neighbors on that side keep their places; equal ones keep their
/// order, or exchange it where `turn` says so, which leaves dead ends of the search.
fn sort(
    grid: &mut Grid,
    row: usize,
    towards: &[Vec<(usize, f64)>],
    places: &mut [usize],
    turn: bool,
) {
    let layer = &mut grid.layers[row];
    let mean = |node: &usize| {
        let neighbors = &towards[*node];
        if neighbors.is_empty() {
            return None;
        }
        let sum: f64 = neighbors
            .iter()
            .map(|(n, port)| places[*n] as f64 + port)
            .sum();
        Some(sum / neighbors.len() as f64)
    };
    let mut movable: Vec<(f64, usize)> = layer
        .iter()
        .filter_map(|node| Some((mean(node)?, *node)))
        .collect();
    if turn {
        movable.reverse();
    }
    movable.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut movable = movable.into_iter();
    for place in layer.iter_mut() {
        if !towards[*place].is_empty()
            && let Some((_, node)) = movable.next()
        {
            *place = node;
        }
    }
    for (place, node) in layer.iter().enumerate() {
        places[*node] = place;
    }
}

/// The number of crossings between all neighboring layers, where links to one box may end at
/// different ports of it.
fn count(grid: &Grid, sides: &Sides, places: &[usize]) -> usize {
    let mut crossings = 0;
    for pair in grid.layers.windows(2) {
        let mut ends: Vec<f64> = Vec::new();
        for upper in &pair[0] {
            let start = ends.len();
            let below = &sides.below[*upper];
            ends.extend(below.iter().map(|(node, port)| places[*node] as f64 + port));
            ends[start..].sort_by(f64::total_cmp);
        }
        let mut ranks = ends.clone();
        ranks.sort_by(f64::total_cmp);
        ranks.dedup();
        let rank = |end: &f64| ranks.partition_point(|rank| rank < end);
        let ranked: Vec<usize> = ends.iter().map(rank).collect();
        crossings += inversions(&ranked, ranks.len());
    }
    crossings
}

/// The pairs that stand in the wrong order, in `O(n log n)`: a Fenwick tree counts what is larger.
fn inversions(values: &[usize], bound: usize) -> usize {
    let mut tree = vec![0usize; bound + 1];
    let mut inversions = 0;
    for (seen, value) in values.iter().enumerate() {
        let mut not_larger = 0;
        let mut at = value + 1;
        while at > 0 {
            not_larger += tree[at];
            at &= at - 1;
        }
        inversions += seen - not_larger;
        let mut at = value + 1;
        while at <= bound {
            tree[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn inversions_are_what_two_loops_count(values in prop::collection::vec(0usize..20, 0..40)) {
            let mut slow = 0;
            for (at, a) in values.iter().enumerate() {
                slow += values[at + 1..].iter().filter(|b| a > b).count();
            }
            prop_assert_eq!(inversions(&values, 20), slow);
        }
    }
}
