//! Where boxes, hulls and links of random graphs come to lie.

use proptest::prelude::*;

use super::*;

/// A random graph in nested scopes, or with scopes that depend on one another.
fn random_graph() -> impl Strategy<Value = Graph> {
    let ops = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            0..6u8,
        ),
        1..60,
    );
    (ops, any::<prop::sample::Index>(), any::<bool>()).prop_map(|(ops, at, tangled)| {
        let graph = Graph::build("random", |g| {
            let mut values = vec![g.input("x", f32s((3,)))];
            for chunk in ops.chunks(7) {
                let name = format!("part {}", chunk[0].2);
                g.scope(&name, || {
                    for (a, b, op) in chunk {
                        let (a, b) = (*a.get(&values), *b.get(&values));
                        values.push(match op {
                            0 => a.relu(),
                            1 => a + b,
                            2 => g.scope("inner", || (a * b).tanh()),
                            3 => a * 2.0,
                            4 => 1.0 - a,
                            _ => a - b,
                        });
                    }
                });
            }
            g.output("y", values[values.len() - 1]);
        })
        .unwrap();
        match tangled {
            true => tangle(&graph, at),
            false => graph,
        }
    })
}

/// The graph with its nodes in other scopes.
fn tangle(graph: &Graph, at: prop::sample::Index) -> Graph {
    let mut parts = graph.parts().clone();
    let count = parts.scopes.len();
    for (index, node) in parts.nodes.iter_mut().enumerate() {
        if index % 3 > 0 {
            node.scope = (count > 0).then(|| (at.index(97) + index * index) % count);
        }
    }
    Graph::from_parts(parts).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn boxes_and_hulls_keep_apart(graph in random_graph(), left in any::<bool>(), all in any::<bool>()) {
        let wishes = Wishes { expand_all: all,
            most_boxes: 30, ..Wishes::default() };
        let scene = Scene::new(&graph, units::units(&graph, None, false), &wishes);
        let direction = if left { Direction::LeftToRight } else { Direction::TopToBottom };
        let layered = Layered { box_gap: 20.0, layer_gap: 30.0 };
        let placed = place::place(&scene, &layered, direction);
        let areas: Vec<[f64; 4]> = placed
            .boxes
            .iter()
            .map(|b| [b.x, b.y, b.x + b.caption.width, b.y + b.caption.height])
            .collect();
        for (index, a) in areas.iter().enumerate() {
            prop_assert!(a[0] >= -1e-6 && a[1] >= -1e-6 && a[2] <= placed.width + 1e-6 && a[3] <= placed.height + 1e-6);
            for b in &areas[index + 1..] {
                let apart = a[2] <= b[0] + 1e-6 || b[2] <= a[0] + 1e-6 || a[3] <= b[1] + 1e-6 || b[3] <= a[1] + 1e-6;
                prop_assert!(apart, "{a:?} {b:?}");
            }
        }
        // A hull holds the boxes of its part whole, and nothing of others.
        for hull in &placed.hulls {
            for (part, area) in scene.boxes().into_iter().zip(&areas) {
                let mut around = Some(part);
                while let Some(part) = around.filter(|part| *part != hull.part) {
                    around = scene.parts[part].parent;
                }
                let (right, bottom) = (hull.x + hull.width, hull.y + hull.height);
                let inside = area[0] >= hull.x - 1e-6 && area[2] <= right + 1e-6 && area[1] >= hull.y - 1e-6 && area[3] <= bottom + 1e-6;
                let outside = area[2] <= hull.x + 1e-6 || area[0] >= right - 1e-6 || area[3] <= hull.y + 1e-6 || area[1] >= bottom - 1e-6;
                let fits = if around.is_some() { inside } else { outside };
                prop_assert!(fits);
            }
        }
        // Every link arrives at the border of the box that it leads to.
        for wire in &placed.wires {
            if let (Some(to), Some([x, y])) = (wire.to, wire.points.last()) {
                let at = scene.boxes().iter().position(|part| *part == to).unwrap();
                let [left, top, right, bottom] = areas[at];
                let on_border = (x - left).abs() < 1e-6 || (y - top).abs() < 1e-6 || (y - bottom).abs() < 1e-6 || (x - right).abs() < 1e-6;
                prop_assert!(on_border && *x >= left - 1e-6 && *x <= right + 1e-6 && *y >= top - 1e-6 && *y <= bottom + 1e-6);
            }
        }
        // Pieces of a link join at the borders of hulls: each begins where its box or another piece ends.
        let ends: Vec<[f64; 2]> = placed.wires.iter().filter_map(|wire| wire.points.last().copied()).collect();
        for wire in &placed.wires {
            let [x, y] = wire.points[0];
            let at = scene.boxes().iter().position(|part| *part == wire.from).unwrap();
            let [left, top, right, bottom] = areas[at];
            let at_box = x >= left - 1e-6 && x <= right + 1e-6 && y >= top - 1e-6 && y <= bottom + 1e-6;
            let at_piece = ends.iter().any(|[ex, ey]| (x - ex).abs() < 1e-6 && (y - ey).abs() < 1e-6);
            prop_assert!(at_box || at_piece, "a link begins in the air at {x}, {y}");
        }
        let arrived: std::collections::BTreeSet<_> = placed.wires.iter().filter_map(|w| Some((w.from, w.to?))).collect();
        for edge in scene.edges() {
            prop_assert!(arrived.contains(&(edge.from, edge.to)));
        }
    }
}

fn apart(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[2] <= b[0] + 1e-6 || b[2] <= a[0] + 1e-6 || a[3] <= b[1] + 1e-6 || b[3] <= a[1] + 1e-6
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The label of a hull stands clear in it: of links along their whole length, of boxes and the words
    /// on their corners, of the types of values, and of the labels of other hulls.
    #[test]
    fn labels_keep_clear_of_links_and_boxes(
        graph in random_graph(),
        left in any::<bool>(),
        all in any::<bool>(),
        fused in any::<bool>(),
    ) {
        let graph = match fused {
            true => Session::cpu().compile(&graph).unwrap().graph().clone(),
            false => graph,
        };
        let wishes = Wishes { expand_all: all, most_boxes: 30, ..Wishes::default() };
        let scene = Scene::new(&graph, units::units(&graph, None, false), &wishes);
        let direction = if left { Direction::LeftToRight } else { Direction::TopToBottom };
        let layered = Layered { box_gap: 20.0, layer_gap: 20.0 };
        let placed = place::place(&scene, &layered, direction);
        let hookups = links::hookups(&placed, direction);
        let labels: Vec<[f64; 4]> = placed
            .hulls
            .iter()
            .map(|hull| {
                let [x, y] = hull.label;
                [x, y, x + label::of(&scene.parts[hull.part]).1, y + label::LINE]
            })
            .collect();
        for (hull, label) in placed.hulls.iter().zip(&labels) {
            let inside = label[0] >= hull.x + 4.0 && label[2] <= hull.x + hull.width - 4.0
                && label[1] >= hull.y + 4.0 && label[3] <= hull.y + hull.height;
            prop_assert!(inside, "{label:?} is not in its hull");
        }
        for (index, label) in labels.iter().enumerate() {
            for other in &labels[index + 1..] {
                prop_assert!(apart(label, other), "labels {label:?} {other:?}");
            }
            for placed_box in &placed.boxes {
                let [wide, high] = placed_box.caption.inner();
                let area = [placed_box.x, placed_box.y, placed_box.x + wide, placed_box.y + high];
                prop_assert!(apart(label, &area), "label {label:?}, box {area:?}");
                // A mark on its corner stands out upwards.
                let marked = [area[2] - 40.0, area[1] - 8.0, area[2] + 5.0, area[1]];
                prop_assert!(apart(label, &marked), "label {label:?}, mark {marked:?}");
            }
            for ty in links::types(&scene, &hookups, direction) {
                let area = [ty.x, ty.y, ty.x + ty.width, ty.y + ty.height];
                prop_assert!(apart(label, &area), "label {label:?}, type {area:?}");
            }
            let clear = [label[0] - 3.0, label[1], label[2] + 3.0, label[3]];
            for hookup in &hookups {
                for [a, b, c, d] in hookup.course(direction) {
                    for step in 0..=40 {
                        let t = f64::from(step) / 40.0;
                        let [x, y] = [0, 1].map(|axis| {
                            let s = 1.0 - t;
                            s.powi(3) * a[axis] + 3.0 * s * s * t * b[axis]
                                + 3.0 * s * t * t * c[axis] + t.powi(3) * d[axis]
                        });
                        let inside = x > clear[0] && x < clear[2] && y > clear[1] && y < clear[3];
                        prop_assert!(!inside, "label {label:?} on a link at {x}, {y}");
                    }
                }
            }
        }
    }
}
