//! Where boxes, hulls and links of random graphs come to lie.

use proptest::prelude::*;

use super::*;

/// A random graph in nested scopes.
fn random_graph() -> impl Strategy<Value = Graph> {
    prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            any::<prop::sample::Index>(),
            0..6u8,
        ),
        1..60,
    )
    .prop_map(|ops| {
        Graph::build("random", |g| {
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
        .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

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
