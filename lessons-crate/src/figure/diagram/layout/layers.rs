//! Each box in a layer below what it uses.

use std::collections::HashMap;

use super::cycles::against_the_flow;
use super::{End, Grid, Hop, Link, Node, Problem};

/// The most stand-ins that links get; links beyond run straight from end to end.
const MOST_BENDS: usize = 20_000;

pub(super) fn arrange(problem: &Problem) -> Grid {
    let turned = turned(problem);
    let ends: Vec<(usize, usize)> = problem
        .links
        .iter()
        .zip(&turned)
        .map(|(link, turned)| match turned {
            true => (link.to, link.from),
            false => (link.from, link.to),
        })
        .collect();
    let layer_of = layer_of(problem, &ends);
    with_bends(problem, turned, &ends, &layer_of)
}

/// The links that lead upwards: those that are to, and those that close a cycle with the others.
fn turned(problem: &Problem) -> Vec<bool> {
    let links: Vec<(usize, usize)> = problem
        .links
        .iter()
        .map(|link| match link.upwards {
            true => (link.to, link.from),
            false => (link.from, link.to),
        })
        .collect();
    let against = against_the_flow(problem.boxes.len(), &links);
    let pairs = problem.links.iter().zip(against);
    pairs
        .map(|(link, against)| link.upwards != against)
        .collect()
}

/// The longest path from the top; then boxes move down towards their users where that shortens
/// links.
fn layer_of(problem: &Problem, ends: &[(usize, usize)]) -> Vec<usize> {
    let count = problem.boxes.len();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (upper, lower) in ends {
        below[*upper].push(*lower);
        above[*lower].push(*upper);
    }
    let is = |end: End| problem.boxes.iter().any(|size| size.end == end);
    let first = usize::from(is(End::First));
    let mut waiting: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..count).filter(|node| waiting[*node] == 0).collect();
    let mut layer: Vec<usize> = (0..count)
        .map(|node| match problem.boxes[node].end {
            End::First => 0,
            _ => first,
        })
        .collect();
    let mut at = 0;
    while at < order.len() {
        let node = order[at];
        at += 1;
        for &lower in &below[node] {
            layer[lower] = layer[lower].max(layer[node] + 1);
            waiting[lower] -= 1;
            if waiting[lower] == 0 {
                order.push(lower);
            }
        }
    }
    for &node in order.iter().rev() {
        let Some(nearest) = below[node].iter().map(|lower| layer[*lower]).min() else {
            continue;
        };
        let free = problem.boxes[node].end == End::Free;
        if free && below[node].len() > above[node].len() {
            layer[node] = nearest - 1;
        }
    }
    if is(End::Last) {
        let free = |node: &usize| problem.boxes[*node].end != End::Last;
        let last = (0..count).filter(free).map(|node| layer[node] + 1).max();
        for (size, layer) in problem.boxes.iter().zip(&mut layer) {
            if size.end == End::Last {
                *layer = last.unwrap_or(0);
            }
        }
    }
    layer
}

/// Fills the layers. Links from the same port of a box share their stand-ins: one line that branches
/// where it is used.
fn with_bends(
    problem: &Problem,
    turned: Vec<bool>,
    ends: &[(usize, usize)],
    layer_of: &[usize],
) -> Grid {
    let mut nodes: Vec<Node> = problem
        .boxes
        .iter()
        .zip(layer_of)
        .map(|(size, layer)| Node {
            width: size.width,
            height: size.height,
            layer: *layer,
            bend: false,
        })
        .collect();
    let mut hops = Vec::new();
    let mut bends: HashMap<(usize, i64, usize), usize> = HashMap::new();
    let mut known = std::collections::HashSet::new();
    let mut paths = Vec::with_capacity(ends.len());
    for ((link, turned), &(upper, lower)) in problem.links.iter().zip(&turned).zip(ends) {
        let Link {
            from_port, to_port, ..
        } = *link;
        let (upper_port, lower_port) = match turned {
            true => (to_port, from_port),
            false => (from_port, to_port),
        };
        let port_key = upper_port.map_or(i64::MIN, |port| (port * 100.0) as i64);
        let mut path = vec![upper];
        let between = layer_of[upper] + 1..layer_of[lower];
        if nodes.len() + between.len() <= problem.boxes.len() + MOST_BENDS {
            for layer in between {
                let bend = *bends.entry((upper, port_key, layer)).or_insert_with(|| {
                    nodes.push(Node {
                        width: 1.0,
                        height: 0.0,
                        layer,
                        bend: true,
                    });
                    nodes.len() - 1
                });
                path.push(bend);
            }
        }
        path.push(lower);
        for (index, pair) in path.windows(2).enumerate() {
            let adjacent = nodes[pair[0]].layer + 1 == nodes[pair[1]].layer;
            if adjacent && known.insert((pair[0], pair[1])) {
                let at_end = |is_end: bool, port: Option<f64>| match port {
                    Some(port) if is_end => port,
                    _ => 0.0,
                };
                hops.push(Hop {
                    upper: pair[0],
                    lower: pair[1],
                    upper_port: at_end(index == 0, upper_port),
                    lower_port: at_end(index + 2 == path.len(), lower_port),
                });
            }
        }
        paths.push(path);
    }
    let count = nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
    let mut layers = vec![Vec::new(); count];
    for (index, node) in nodes.iter().enumerate() {
        layers[node.layer].push(index);
    }
    layers.retain(|layer| !layer.is_empty());
    for (index, layer) in layers.iter().enumerate() {
        for node in layer {
            nodes[*node].layer = index;
        }
    }
    Grid {
        nodes,
        layers,
        hops,
        paths,
        turned,
    }
}
