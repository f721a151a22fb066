//! Whole diagrams: small ones byte for byte, large ones by size and by what they say.

mod placement;

use std::time::Duration;

use super::*;
use crate::engine::Session;
use crate::graph::ops::{Argument, Binary, Fused, Op, Step, StepOp, Unary};
use crate::graph::{Builder, Custom, NodeId, Parts, Value, cond, f32s, i64s, while_loop};

fn linear() -> Graph {
    Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", 4)));
        let w = g.weight("fc.weight", f32s((2, 4)));
        let b = g.weight("fc.bias", f32s((2,)));
        g.output("y", (x.matmul(w.t()) + b).relu());
    })
    .unwrap()
}

fn affine() -> Graph {
    Graph::build("relu(2x + 1)", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (2 * x + 1.0).relu());
    })
    .unwrap()
}

/// What a fusing pass makes of [`affine`].
fn affine_fused() -> Graph {
    let graph = affine();
    let mut parts: Parts = graph.parts().clone();
    let of = |name: &str| {
        let named = graph.nodes().iter().find(|node| {
            use crate::graph::ops::OpDef;
            node.op.name() == name
        });
        named.unwrap().id
    };
    let step = |op, arguments, node| Step {
        op,
        arguments,
        node,
    };
    let steps = vec![
        step(
            StepOp::Binary(Binary::Mul),
            vec![Argument::Scalar(2.0), Argument::Input(0)],
            of("mul"),
        ),
        step(
            StepOp::Binary(Binary::Add),
            vec![Argument::Step(0), Argument::Scalar(1.0)],
            of("add"),
        ),
        step(
            StepOp::Unary(Unary::Relu),
            vec![Argument::Step(1)],
            of("relu"),
        ),
    ];
    let mut fused = graph.node(of("relu")).unwrap().clone();
    fused.id = NodeId(100);
    fused.op = Op::Fused(Fused { inputs: 1, steps });
    fused.inputs = vec![of("input")];
    parts.nodes.retain(|node| node.id == of("input"));
    parts.nodes.push(fused);
    parts.outputs[0].node = NodeId(100);
    Graph::from_parts(parts).unwrap()
}

/// A transformer encoder for classification, in the usual scopes.
pub(super) fn encoder(layers: usize) -> Graph {
    let linear = |g: &Builder, x: Value, name: &str, inputs: i32, outputs: i32| {
        let w = g.weight(&format!("{name}.weight"), f32s((outputs, inputs)));
        let b = g.weight(&format!("{name}.bias"), f32s((outputs,)));
        x.matmul(w.t()) + b
    };
    let norm = |g: &Builder, x: Value, name: &str| {
        let scale = g.weight(&format!("{name}.weight"), f32s((768,)));
        let shift = g.weight(&format!("{name}.bias"), f32s((768,)));
        x.layer_norm(scale, shift, 1e-12)
    };
    Graph::build("distilbert", |g| {
        let ids = g.input("input_ids", i64s(("batch", "seq")));
        let mask = g.input("attention_mask", f32s(("batch", "seq")));
        let mut x = g.scope("embeddings", || {
            let words = g.weight(
                "distilbert.embeddings.word_embeddings.weight",
                f32s((30522, 768)),
            );
            let places = g.weight(
                "distilbert.embeddings.position_embeddings.weight",
                f32s((512, 768)),
            );
            let x = words.gather(ids) + places.gather(g.range("seq"));
            norm(g, x, "distilbert.embeddings.LayerNorm")
        });
        let bias = g.scope("mask", || {
            ((1.0 - mask) * -1e9).reshape(("batch", 1, 1, "seq"))
        });
        for layer in 0..layers {
            let name = |part: &str| format!("distilbert.transformer.layer.{layer}.{part}");
            x = g.scope(&format!("layer {layer}"), || {
                let attended = g.scope("attention", || {
                    let heads = |part: &str| {
                        linear(g, x, &name(&format!("attention.{part}")), 768, 768)
                            .reshape(("batch", "seq", 12, 64))
                            .transpose(1, 2)
                    };
                    let (q, k, v) = (heads("q_lin"), heads("k_lin"), heads("v_lin"));
                    let scores = q.matmul(k.transpose(-1, -2)) * 0.125 + bias;
                    let mixed = scores.softmax(-1).matmul(v);
                    let joined = mixed.transpose(1, 2).reshape(("batch", "seq", 768));
                    linear(g, joined, &name("attention.out_lin"), 768, 768)
                });
                let x = norm(g, x + attended, &name("sa_layer_norm"));
                let ffn = g.scope("ffn", || {
                    let inner = linear(g, x, &name("ffn.lin1"), 768, 3072).gelu();
                    linear(g, inner, &name("ffn.lin2"), 3072, 768)
                });
                norm(g, x + ffn, &name("output_layer_norm"))
            });
        }
        let logits = g.scope("classifier", || {
            let first = x.slice(1, 0, 1).reshape(("batch", 768));
            let hidden = linear(g, first, "pre_classifier", 768, 768).relu();
            linear(g, hidden, "classifier", 768, 2)
        });
        g.output("logits", logits);
    })
    .unwrap()
}

fn chain(length: usize) -> Graph {
    Graph::build("chain", |g| {
        let mut x = g.input("x", f32s(("n",)));
        for _ in 0..length {
            x = x.tanh();
        }
        g.output("y", x);
    })
    .unwrap()
}

#[test]
fn a_linear_layer() {
    let figure = linear().figure();
    assert_eq!(
        figure.alt(),
        "Graph linear: 1 input, 2 weights, 4 ops (permute, matmul, add, relu), output y f32[batch, 2]."
    );
    insta::assert_snapshot!(figure.to_svg());
    insta::assert_snapshot!(figure.to_text());
}

#[test]
fn what_a_pass_fused() {
    let figure = Diagram::of(&affine_fused()).since(&affine()).figure();
    assert!(
        figure.alt().contains("Changed: 3 ops fused into 1"),
        "{}",
        figure.alt()
    );
    insta::assert_snapshot!(figure.to_svg());
    insta::assert_snapshot!(figure.to_text());
}

/// The graph with another last op, as a node of its own.
fn with_tanh_at_its_end(graph: &Graph) -> Graph {
    let mut parts = graph.parts().clone();
    let mut tanh = parts.nodes.pop().unwrap();
    tanh.id = NodeId(50);
    tanh.op = Unary::Tanh.into();
    parts.nodes.push(tanh);
    parts.outputs[0].node = NodeId(50);
    Graph::from_parts(parts).unwrap()
}

#[test]
fn what_a_pass_added_and_removed() {
    let before = affine();
    let after = with_tanh_at_its_end(&before);
    let figure = Diagram::of(&after).since(&before).figure();
    assert!(
        figure.alt().contains("Changed: 1 added, 1 removed"),
        "{}",
        figure.alt()
    );
    let unchanged = Diagram::of(&after).since(&after).figure();
    assert!(unchanged.alt().contains("Nothing changed"));
}

#[test]
fn an_encoder_folds_to_one_screen_and_opens_again() {
    let graph = encoder(6);
    assert!(graph.nodes().len() > 150);
    let figure = graph.figure();
    assert!(figure.alt().contains("× 6"), "{}", figure.alt());
    let (width, height) = figure.size();
    assert!(width <= 960.0 && height <= 1100.0, "{width} × {height}");

    let opened = Diagram::of(&graph).expand("layer 3/attention").figure();
    assert!(opened.to_svg().contains("attention.q_lin.weight"));
    let unknown = Diagram::of(&graph).expand("layer 9").figure();
    assert!(
        unknown
            .alt()
            .contains("There is no part `layer 9`; the parts are `embeddings`"),
        "{}",
        unknown.alt()
    );
    let every = Diagram::of(&graph).every_layer().figure();
    assert!(every.to_svg().contains("layer 5") && !every.alt().contains("× 6"));
}

#[test]
fn a_graph_of_one_node_is_drawn() {
    let graph = Graph::build("one", |g| {
        let x = g.input("<x> & \"שלום\" 🙂", f32s(()));
        g.output("same", x);
    })
    .unwrap();
    let figure = graph.figure();
    assert_eq!(
        figure.alt(),
        "Graph one: 1 input, 0 ops, output same f32[]."
    );
    assert!(!figure.to_svg().contains("<x>"));
}

#[test]
fn large_graphs_fold_by_themselves() {
    for graph in [chain(5000), encoder(60)] {
        let figure = graph.figure();
        assert!(figure.to_svg().len() < 200_000, "{}", figure.to_svg().len());
        assert!(figure.size().0 <= 1200.0);
    }
}

/// What is asked for is folded again where the picture would be too large.
#[test]
fn whole_large_graphs_stay_within_their_bytes() {
    for diagram in [
        Diagram::of(&encoder(24)).every_layer().expand_all(),
        Diagram::of(&chain(300)).expand_all(),
        Diagram::of(&chain(5000)).expand_all(),
    ] {
        let figure = diagram.figure();
        let bytes = figure.to_html().len();
        assert!((20_000..200_000).contains(&bytes), "{bytes}");
        let says = "Opened as asked it would take more than 140 kB.";
        assert!(figure.alt().ends_with(says), "{}", figure.alt());
    }
    let small = Diagram::of(&linear()).expand_all().figure();
    assert!(!small.alt().contains("as asked"), "{}", small.alt());
}

#[test]
fn films_of_parts_that_are_too_large_stay_within_their_bytes() {
    let graph = Graph::build("wide", |g| {
        let x = g.input("x", f32s(("n",)));
        let y = g.scope("all", || (0..75).fold(x, |y, _| y.tanh()));
        g.output("y", y);
    })
    .unwrap();
    let film = (0..12).fold(FilmStrip::new("wide", &graph), |film, _| {
        film.then("nothing", "", &graph)
    });
    let film = film.expand("all");
    for figure in [film.figure(), film.frame(3)] {
        assert!(
            figure.to_html().len() < 200_000,
            "{}",
            figure.to_html().len()
        );
    }
    assert!(film.frame(3).to_svg().matches(">tanh<").count() == 75);
}

/// A graph has an output at least; a drawing of nothing is drawn all the same.
#[test]
fn a_graph_without_nodes_is_refused_and_nothing_is_drawn_of_it() {
    let error = Graph::from_parts(crate::graph::Parts::default()).unwrap_err();
    assert!(error.to_string().contains("output"), "{error}");
    let diagram = Diagram::of(&affine());
    let scene = diagram.scene_of(Vec::new(), &Wishes::default());
    let (svg, ..) = diagram.draw(&scene);
    assert!(!svg.is_empty() && words::table(&scene, false).starts_with("value"));
}

#[test]
fn inputs_and_weights_that_nothing_uses_are_drawn() {
    let graph = Graph::build("unused", |g| {
        let x = g.input("x", f32s((2,)));
        g.input("spare", f32s((2,)));
        let w = g.weight("lonely", f32s((2,)));
        g.output("w", w);
        g.output("y", x.relu());
    })
    .unwrap();
    let svg = graph.figure().to_svg().to_owned();
    assert!(svg.contains("spare") && svg.contains("lonely"));
    let shown = Diagram::of(&linear()).weights(true).figure();
    assert!(
        shown.to_text().contains("fc.weight  weight"),
        "{}",
        shown.to_text()
    );
}

/// Scopes that are left and entered again through other nodes make cycles between hulls.
#[test]
fn parts_that_depend_on_one_another_are_drawn() {
    let mut parts = chain(5).parts().clone();
    parts.scopes = vec![crate::graph::Scope {
        name: "odd".into(),
        parent: None,
    }];
    for node in &mut parts.nodes {
        node.scope = (node.id.0 % 2 == 1).then_some(0);
    }
    let graph = Graph::from_parts(parts).unwrap();
    Diagram::of(&graph).figure();
    Diagram::of(&graph).collapse("odd").figure();
}

/// A box's share is its own cost over that of all, and the sum of the shares is all.
#[test]
fn costs_color_boxes_and_are_told() {
    let graph = linear();
    let diagram = |batch| {
        Diagram::of(&graph)
            .color_by(ColorBy::Flops)
            .size("batch", batch)
    };
    let figure = diagram(64).figure();
    // 2 · 64 · 4 · 2 for the product, 64 · 2 each for the sum and relu.
    let says = "Most operations: matmul %4 80 %, add %5 10 %, relu %6 10 %, of 1.28 kFLOP with batch = 64.";
    assert!(figure.alt().ends_with(says), "{}", figure.alt());
    assert!(figure.to_text().contains("80 %  1.02 kFLOP"), "{figure}");
    assert!(figure.to_svg().contains("80 %  1.02 kFLOP"));
    let timed = Diagram::of(&graph).times([(NodeId(5), Duration::from_micros(3))]);
    let alt = timed.figure().alt().to_owned();
    assert!(alt.contains("Most time: add %5 100 %, of 3"), "{alt}");
    let nothing = Diagram::of(&graph).times([]).figure();
    assert!(nothing.alt().contains("No time known"), "{}", nothing.alt());
}

/// The same parts at the same places in all frames of a film.
#[test]
fn films_keep_everything_in_its_place() {
    let (before, after) = (affine(), affine_fused());
    let film = FilmStrip::new("affine", &before).then("fuse", "three become one", &after);
    let figure = film.figure();
    assert_eq!(
        figure.alt(),
        "Film strip affine: fuse: 3 ops fused into 1, 6 → 2 nodes."
    );
    insta::assert_snapshot!(figure.to_svg());
    insta::assert_snapshot!(figure.to_text());
    let places = |svg: &str| -> Vec<String> {
        let at = |name: &str| {
            let (head, _) = svg.split_once(&format!(">{name}<")).unwrap();
            head.rsplit("<text ").next().unwrap().to_owned()
        };
        ["mul", "add", "relu"].map(at).to_vec()
    };
    let first = film.frame(0);
    assert_eq!(places(first.to_svg()), places(film.frame(1).to_svg()));
    assert!(!first.to_svg().contains("fused %100"));
    assert!(film.frame(9).to_svg().contains("fused %100"));
}

#[test]
fn films_tell_what_came_and_went() {
    let before = affine();
    let after = with_tanh_at_its_end(&before);
    let film = FilmStrip::new("swap", &before)
        .then("swap", "relu becomes tanh", &after)
        .then("fuse", "all become one", &affine_fused());
    let alt = film.figure().alt().to_owned();
    assert!(
        alt.contains("swap: 1 added, 1 removed, 6 → 6 nodes"),
        "{alt}"
    );
    assert!(film.frame(1).to_svg().contains(">removed<"));
}

/// A folded part says how much of it came and went, and how much there is at each stage.
#[test]
fn parts_say_how_much_of_them_a_stage_changed() {
    let layers = |second: fn(Value) -> Value| {
        Graph::build("parts", |g| {
            let mut x = g.input("x", f32s(("n",)));
            x = g.scope("first", || (0..40).fold(x, |x, _| x.tanh()));
            g.output(
                "y",
                g.scope("second", || second((0..40).fold(x, |x, _| x.tanh()))),
            );
        })
        .unwrap()
    };
    let film = FilmStrip::new("parts", &layers(|x| x.exp().sin().cos()));
    let film = film.then("shorten", "one for three", &layers(|x| x.exp().sin()));
    let frame = film.frame(1);
    let svg = frame.to_svg();
    assert!(svg.contains(">−1<") && !svg.contains(">+1<"), "{svg}");
    assert!(svg.contains(">42 ops<"), "{svg}");
    let first = film.frame(0);
    assert!(first.to_svg().contains(">43 ops<") && !first.to_svg().contains(">−"));
    assert!(frame.to_svg().contains(">removed<") && !first.to_svg().contains(">removed<"));
}

/// Constants are written into what reads them, so that their going is told in words.
#[test]
fn constants_that_go_are_told() {
    let graph = Graph::build("gated", |g| {
        let x = g.input("x", f32s(("n", 64)));
        let gate = (x * 1.0 + 2.0).tanh();
        let same = (x * 1.0 + 2.0).tanh();
        g.output("y", x * gate + same);
    })
    .unwrap();
    let film = FilmStrip::every_patch(&Session::cpu().compile(&graph).unwrap()).unwrap();
    let alt = film.figure().alt().to_owned();
    let told = "share_subexpressions: 1 constant removed, 9 → 8 nodes";
    assert!(alt.contains(told), "{alt}");
}

/// A link into a kernel that comes later leaves nothing behind before: as many arrows as links, and a
/// second piece for the two that cross the kernel's border.
#[test]
fn a_stage_draws_its_own_links_whole_and_no_others() {
    let graph = Graph::build("steps", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * 1.0 + 2.0).relu() * 1.0);
    })
    .unwrap();
    let plan = Session::cpu().compile(&graph).unwrap();
    let film = FilmStrip::every_patch(&plan).unwrap();
    let paths = |number: usize| film.frame(number).to_svg().matches("<path").count();
    let links = |count: usize| 2 * count + 2;
    // x, the first product, the sum, relu, the second product, y; then without the products.
    assert_eq!(paths(0), links(5));
    assert_eq!(paths(film.len() - 1), links(3));
}

#[test]
fn every_patch_of_an_encoder_is_a_step() {
    let plan = Session::cpu().compile(&encoder(2)).unwrap();
    let film = FilmStrip::of(&plan);
    let figure = film.figure();
    assert!(figure.to_svg().len() < 200_000, "{}", figure.to_svg().len());
    assert!(figure.size().0 <= 960.0, "{:?}", figure.size());
    let busy = plan
        .stages()
        .iter()
        .filter(|stage| !stage.patches.is_empty());
    assert_eq!(film.len(), busy.count() + 1);

    let small = Session::cpu().compile(&linear()).unwrap();
    let every = FilmStrip::every_patch(&small).unwrap();
    let patches: usize = small.stages().iter().map(|stage| stage.patches.len()).sum();
    assert_eq!(every.len(), patches + 1);
}

/// 1,000 nodes in at most 0.3 s in a release build; see CONTRIBUTING.md for how to time it.
#[test]
#[ignore = "a measurement"]
fn large_graphs_are_laid_out_quickly() {
    let graph = encoder(43);
    for (name, diagram) in [
        ("folded", Diagram::of(&graph)),
        ("every layer", Diagram::of(&graph).every_layer()),
        ("chain", Diagram::of(&chain(1000))),
        ("all", Diagram::of(&graph).every_layer().expand_all()),
    ] {
        let start = std::time::Instant::now();
        let figure = diagram.figure();
        let took = start.elapsed();
        let (bytes, nodes) = (figure.to_svg().len(), diagram.graph.nodes().len());
        println!("{name}: {took:?}, {bytes} bytes, {nodes} nodes");
        assert!(took < Duration::from_millis(300));
    }
    // Larger than a figure may be, and placed all the same.
    let whole = Diagram::of(&encoder(18)).every_layer().expand_all();
    let scene = whole.scene();
    let start = std::time::Instant::now();
    let (svg, ..) = whole.draw(&scene);
    let took = start.elapsed();
    let (bytes, boxes) = (svg.len(), scene.boxes().len());
    println!("whole: {took:?}, {bytes} bytes, {boxes} boxes");
    assert!(took < Duration::from_millis(300));
}

#[test]
fn choices_loops_and_custom_ops_are_boxes_of_a_color_of_their_own() {
    let halve = Custom::new(
        "halve",
        |inputs| Ok(inputs[0].clone()),
        |inputs, _| Ok(inputs[0].values.iter().map(|x| x / 2.0).collect()),
    );
    let graph = Graph::build("control", |g| {
        let x = g.input("x", f32s(("n",)));
        let large = x.sum(0).greater(1);
        let y = cond(large, [x], |_, [x]| (x - 1.0).abs(), |_, [x]| x.relu());
        let [y] = while_loop([y], |_, [y]| y.sum(0).greater(1), |_, [y]| [y * 0.5]);
        g.output("y", halve.apply(&[y]));
    })
    .unwrap();
    let figure = graph.figure();
    insta::assert_snapshot!(figure.to_text());
    let svg = figure.to_svg();
    for part in [
        "then={sub, abs}, else={relu}",
        "halve",
        "choice, loop or custom",
    ] {
        assert!(svg.contains(part), "{part} is not in the picture");
    }
    let plan = Session::cpu().compile(&graph).unwrap();
    let report = plan.report().to_string();
    assert!(report.contains("optimize_bodies"), "{report}");
    assert!(report.contains("1 patch in then"), "{report}");
    let compiled = plan.figure();
    assert!(compiled.to_text().contains("then={fused}"));
}
