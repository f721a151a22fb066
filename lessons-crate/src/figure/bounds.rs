//! Every figure on input that nobody would draw on purpose: nothing at all, ten million numbers, graphs
//! of one node and of thousands.

use std::time::{Duration, Instant};

use candle_core::DType;

use super::FilmStrip;
use crate::prelude::*;

/// Every figure that is made of numbers, of the same ones as far as it takes them.
fn of_numbers(values: &[f64]) -> Vec<Figure> {
    let row = Tensor::from_vec(values.to_vec(), values.len(), &Cpu).unwrap();
    let points = || {
        values
            .iter()
            .copied()
            .enumerate()
            .map(|(x, y)| (x as f64, y))
    };
    let side = values.len().isqrt();
    let square = row.narrow(0, 0, side * side).unwrap();
    let square = square.reshape((side, side)).unwrap();
    let heads = square.unsqueeze(0).unwrap().to_dtype(DType::F32).unwrap();
    let tokens = vec!["token"; side];
    let ids: Vec<i64> = values.iter().map(|value| *value as i64).collect();
    let names = vec!["token"; values.len()];
    let nanoseconds = values
        .iter()
        .map(|value| Duration::from_nanos(*value as u64));
    let rows = values
        .iter()
        .fold(Table::new("numbers", ["value"]), |table, value| {
            table.row([value.to_string()])
        });
    vec![
        row.figure(),
        square.figure(),
        heads.figure(),
        HeatMap::of("numbers", &square).unwrap().figure(),
        Images::of("numbers", &square).unwrap().figure(),
        Distribution::new("numbers", values.iter().copied()).figure(),
        Ecdf::new("numbers")
            .sample("all", values.iter().copied())
            .figure(),
        BoxChart::new("numbers")
            .sample("all", values.iter().copied())
            .figure(),
        BarChart::new("numbers", "", values.iter().map(|value| ("bar", *value))).figure(),
        LineChart::new("numbers").series("all", points()).figure(),
        LineChart::new("numbers")
            .log_x()
            .log_y()
            .line("all", points())
            .figure(),
        LossCurve::new("numbers")
            .train(values.iter().copied())
            .figure(),
        AttentionMaps::new("numbers", &tokens, &heads)
            .unwrap()
            .figure(),
        AttentionMaps::new("numbers", &tokens, &heads)
            .unwrap()
            .arcs(0)
            .figure(),
        TokenStrip::new("numbers", &names, &ids).figure(),
        Timeline::of("numbers", nanoseconds.map(|time| ("kernel", "node", time))).figure(),
        values
            .iter()
            .take(200)
            .fold(Roofline::new("numbers", 1e9, 1e9), |roof, value| {
                roof.point("kernel", *value, *value, *value)
            })
            .figure(),
        rows.sort_by("value").figure(),
    ]
}

fn assert_bounded(figure: &Figure) {
    let (html, text) = (figure.to_html().len(), figure.to_text().len());
    let of = figure.alt();
    assert!(
        html <= 200_000 && text <= 30_000,
        "{of}: {html} and {text} bytes"
    );
    let [width, height] = [figure.size().0, figure.size().1];
    assert!(
        width <= 1000.0 && height.is_finite(),
        "{of}: {width} × {height}"
    );
    // No number without a place gets into the document.
    let svg = figure.to_svg();
    assert!(!svg.contains("=\"NaN") && !svg.contains("=\"inf"), "{of}");
}

#[test]
fn nothing_at_all_is_drawn_and_said() {
    for figure in of_numbers(&[]) {
        assert_bounded(&figure);
        assert!(figure.alt().len() > 10, "{}", figure.alt());
    }
}

#[test]
fn ten_million_numbers_make_small_pictures_in_a_few_seconds() {
    const MANY: usize = 10_000_000;
    let column: Vec<f32> = (0..MANY).map(|i| (i as f32 * 0.37).sin()).collect();
    let flat = Tensor::from_vec(column, MANY, &Cpu).unwrap();
    let values = || (0..MANY).map(|i| (i as f64 * 0.37).sin());
    let square = flat
        .narrow(0, 0, 3162 * 3162)
        .unwrap()
        .reshape((3162, 3162))
        .unwrap();
    let heads = square.unsqueeze(0).unwrap();
    let tokens = vec!["token"; 3162];
    type Draw<'a> = (&'a str, Box<dyn Fn() -> Figure + 'a>);
    let draw: Vec<Draw<'_>> = vec![
        ("vector", Box::new(|| flat.figure())),
        (
            "matrix",
            Box::new(|| HeatMap::of("m", &square).unwrap().figure()),
        ),
        (
            "tensor",
            Box::new(|| flat.reshape((10, 1000, 1000)).unwrap().figure()),
        ),
        (
            "images",
            Box::new(|| {
                Images::of("i", &flat.reshape((10_000, 1, 25, 40)).unwrap())
                    .unwrap()
                    .figure()
            }),
        ),
        (
            "distribution",
            Box::new(|| Distribution::of("d", &flat).unwrap().figure()),
        ),
        (
            "ecdf",
            Box::new(|| Ecdf::new("e").sample("all", values()).figure()),
        ),
        (
            "boxes",
            Box::new(|| BoxChart::new("b").sample("all", values()).figure()),
        ),
        (
            "line",
            Box::new(|| {
                LineChart::new("l")
                    .line("all", values().enumerate().map(|(x, y)| (x as f64, y)))
                    .figure()
            }),
        ),
        (
            "loss",
            Box::new(|| LossCurve::new("l").train(values()).figure()),
        ),
        (
            "attention",
            Box::new(|| AttentionMaps::new("a", &tokens, &heads).unwrap().figure()),
        ),
        (
            "arcs",
            Box::new(|| {
                AttentionMaps::new("a", &tokens, &heads)
                    .unwrap()
                    .arcs(0)
                    .figure()
            }),
        ),
    ];
    for (name, draw) in draw {
        let start = Instant::now();
        let figure = draw();
        let took = start.elapsed();
        assert_bounded(&figure);
        // About a second or two; the rest is for busy machines and builds without optimization.
        assert!(took < Duration::from_secs(60), "{name} takes {took:?}");
    }
}

#[test]
fn lists_of_any_length_are_cut() {
    let values: Vec<f64> = (0..100_000).map(f64::from).collect();
    for figure in of_numbers(&values) {
        assert_bounded(&figure);
    }
}

/// A graph of one node, which is an input and an output at once, and one of 5,000.
#[test]
fn graphs_of_one_node_and_of_thousands_are_drawn() {
    for length in [0, 1, 5000] {
        let graph = Graph::build("chain", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", (0..length).fold(x, |x, _| x.tanh()));
        })
        .unwrap();
        let film = FilmStrip::new("chain", &graph).then("nothing", "", &graph);
        let diagram = || Diagram::of(&graph);
        for figure in [
            graph.figure(),
            diagram().expand_all().figure(),
            diagram().every_layer().weights(true).figure(),
            diagram().since(&graph).figure(),
            diagram().color_by(ColorBy::Flops).size("n", 10).figure(),
            diagram()
                .color_by(ColorBy::Bytes)
                .direction(Direction::LeftToRight)
                .figure(),
            film.figure(),
            film.frame(1),
        ] {
            let html = figure.to_html().len();
            assert!(html <= 200_000, "{}: {html} bytes", figure.alt());
            assert!(figure.alt().len() < 2000 && figure.to_text().len() < 30_000);
        }
        for text in [
            diagram().to_mermaid(),
            diagram().to_dot(),
            diagram().to_table(),
        ] {
            assert!(
                !text.is_empty() && text.len() < 200_000,
                "{} bytes",
                text.len()
            );
        }
    }
}
