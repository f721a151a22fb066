//! What every layout keeps to, whatever the graph.

use proptest::prelude::*;

use super::*;

const LAYERED: Layered = Layered {
    box_gap: 20.0,
    layer_gap: 30.0,
};

fn problem() -> impl Strategy<Value = Problem> {
    (1usize..40).prop_flat_map(|count| {
        let size = (20.0..200.0f64, 20.0..60.0f64).prop_map(|(width, height)| Size {
            width,
            height,
            end: End::Free,
        });
        let link = (0..count, 1..count.max(2), prop::option::of(-0.5..0.5f64));
        (
            prop::collection::vec(size, count),
            prop::collection::vec(link, if count > 1 { 0..count * 2 } else { 0..1 }),
        )
            .prop_map(move |(boxes, links)| {
                let links = links.into_iter().map(|(from, off, port)| Link {
                    from,
                    to: (from + off) % count,
                    from_port: port.map(|part: f64| part * boxes[from].width),
                    to_port: None,
                    upwards: false,
                });
                Problem {
                    links: links.collect(),
                    boxes,
                }
            })
    })
}

proptest! {
    #[test]
    fn boxes_keep_apart_and_links_end_at_boxes(problem in problem()) {
        let placement = LAYERED.place(&problem);
        let size = |index: usize| problem.boxes[index];
        for (a, [ax, ay]) in placement.middles.iter().enumerate() {
            prop_assert!(ax - size(a).width / 2.0 >= -1e-6);
            prop_assert!(ax + size(a).width / 2.0 <= placement.width + 1e-6);
            for (b, [bx, by]) in placement.middles.iter().enumerate().skip(a + 1) {
                let beside = (ax - bx).abs() >= (size(a).width + size(b).width) / 2.0 - 1e-6;
                let above = (ay - by).abs() >= (size(a).height + size(b).height) / 2.0 - 1e-6;
                prop_assert!(beside || above, "{a} and {b} overlap");
            }
        }
        for (link, route) in problem.links.iter().zip(&placement.routes) {
            for (end, index) in [(route.first(), link.from), (route.last(), link.to)] {
                let [x, y] = *end.unwrap();
                let [mx, my] = placement.middles[index];
                prop_assert!((x - mx).abs() <= size(index).width / 2.0 + 1e-6);
                prop_assert!(((y - my).abs() - size(index).height / 2.0).abs() < 1e-6);
            }
        }
    }

    /// Links run straight down wherever a box could be in their way.
    #[test]
    fn links_pass_no_box(problem in problem()) {
        let placement = LAYERED.place(&problem);
        for (link, route) in problem.links.iter().zip(&placement.routes) {
            for step in route.windows(2) {
                for (index, [x, y]) in placement.middles.iter().enumerate() {
                    if index == link.from || index == link.to {
                        continue;
                    }
                    let Size { width, height, .. } = problem.boxes[index];
                    let inside = |at: [f64; 2]| {
                        (at[0] - x).abs() < width / 2.0 - 1e-6 && (at[1] - y).abs() < height / 2.0 - 1e-6
                    };
                    for part in 0..=8 {
                        let t = f64::from(part) / 8.0;
                        let at = [
                            step[0][0] + (step[1][0] - step[0][0]) * t,
                            step[0][1] + (step[1][1] - step[0][1]) * t,
                        ];
                        prop_assert!(!inside(at), "a link passes box {index}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_chain_is_one_straight_line() {
    let size = |width| Size {
        width,
        height: 40.0,
        end: End::Free,
    };
    let problem = Problem {
        boxes: [80.0, 120.0, 60.0, 90.0].map(size).to_vec(),
        links: (0..3)
            .map(|from| Link {
                from,
                to: from + 1,
                from_port: None,
                to_port: None,
                upwards: false,
            })
            .collect(),
    };
    let placement = LAYERED.place(&problem);
    assert!(
        placement.middles.iter().all(|[x, _]| *x == 60.0),
        "{:?}",
        placement.middles
    );
    assert_eq!(placement.height, 4.0 * 40.0 + 3.0 * 30.0);
}

#[test]
fn a_long_link_runs_straight_beside_the_chain() {
    let size = Size {
        width: 60.0,
        height: 40.0,
        end: End::Free,
    };
    let link = |from, to| Link {
        from,
        to,
        from_port: None,
        to_port: None,
        upwards: false,
    };
    let problem = Problem {
        boxes: vec![size; 6],
        links: vec![
            link(0, 1),
            link(1, 2),
            link(2, 3),
            link(3, 4),
            link(4, 5),
            link(0, 5),
        ],
    };
    let route = &LAYERED.place(&problem).routes[5];
    let inner: Vec<f64> = route[2..route.len() - 2]
        .iter()
        .map(|point| point[0])
        .collect();
    assert!(inner.windows(2).all(|pair| pair[0] == pair[1]), "{route:?}");
}
