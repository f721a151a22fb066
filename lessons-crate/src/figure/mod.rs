//! Pictures: whatever a notebook shows, with alt text and a text twin.
//!
//! [`Figure`] is what every picture is; [`Show`] gives the things of this library theirs. One figure
//! a file; all draw through [`svg`], take their colors from [`palette`] and say their finding in
//! words that are made from the data. Figures read graphs, plans and measurements; nothing reads
//! figures.

mod arcs;
mod attention;
#[cfg(test)]
mod bounds;
pub mod chart;
mod classification;
pub mod diagram;

mod error;
mod heat_map;
mod images;
mod matrix;
mod number;
pub mod palette;
mod picture;
mod png;
mod profile;
mod report;
mod show;
pub mod svg;
mod table;
mod tensor;
mod tokens;
pub mod typography;

pub use arcs::AttentionArcs;
pub use attention::AttentionMaps;
pub use chart::{
    BarChart, BoxChart, Distribution, Ecdf, IntervalChart, LineChart, LossCurve, Roofline, Timeline,
};
pub use diagram::{ColorBy, Diagram, Direction, FilmStrip};
pub use error::FigureError;
pub use heat_map::HeatMap;
pub use images::Images;
pub use number::{bytes, grouped, short};
pub use picture::Figure;
pub use show::Show;
pub use table::Table;
pub use tokens::TokenStrip;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use crate::engine::MemoryPlan;
    use crate::prelude::*;

    fn one_of_each() -> Vec<Figure> {
        let hostile = "<script>alert(\"1\")</script> 🙂 שלום \u{202e} &";
        let graph = Graph::build(hostile, |g| {
            let x = g.input(hostile, f32s(("n",)));
            g.output("y", g.scope(hostile, || (2 * x + 1.0).relu()));
        })
        .unwrap();
        let plan = Session::cpu().compile(&graph).unwrap();
        let tensor = Tensor::rand(-1f32, 1.0, (2, 40, 40), &Cpu).unwrap();
        let line = LineChart::new(hostile).x(hostile).log_y();
        vec![
            graph.figure(),
            plan.figure(),
            FilmStrip::of(&plan).figure(),
            FilmStrip::of(&plan).frame(1),
            Diagram::of(&graph).color_by(ColorBy::Bytes).figure(),
            Timeline::of(hostile, [(hostile, hostile, Duration::from_micros(7))]).figure(),
            Roofline::new(hostile, 1e9, 1e9)
                .point(hostile, 1.0, 1.0, 1.0)
                .figure(),
            plan.report().figure(),
            tensor.figure(),
            HeatMap::of(hostile, &tensor.get(0).unwrap())
                .unwrap()
                .figure(),
            AttentionMaps::new(hostile, &[hostile; 40], &tensor)
                .unwrap()
                .figure(),
            TokenStrip::new(hostile, &[hostile], &[1]).figure(),
            BarChart::new(hostile, hostile, [(hostile, 1.0)]).figure(),
            line.series(hostile, [(1.0, 1.0), (2.0, 3.0)])
                .intervals(hostile, [(1.0, 2.0, [1.0, 3.0]), (2.0, 3.0, [2.0, 4.0])])
                .figure(),
            Distribution::of(hostile, &tensor)
                .unwrap()
                .x(hostile)
                .figure(),
            Ecdf::new(hostile).sample(hostile, [1.0, 2.0]).figure(),
            BoxChart::new(hostile)
                .sample(hostile, [1.0, 2.0, 9.0])
                .figure(),
            LossCurve::new(hostile)
                .train([1f32, 0.5])
                .validation([(1, 0.7)])
                .figure(),
            Images::of(hostile, &tensor)
                .unwrap()
                .labels([hostile; 2])
                .figure(),
            AttentionMaps::new(hostile, &[hostile; 40], &tensor)
                .unwrap()
                .arcs(1)
                .figure(),
            Table::new(hostile, [hostile]).row([hostile]).figure(),
            memory_plan(hostile).figure(),
        ]
    }

    fn memory_plan(name: &str) -> MemoryPlan {
        let graph = Graph::build(name, |g| {
            let x = g.input(name, f32s(("n", 4)));
            g.output("y", x.softmax(-1).sum(-1).exp());
        });
        let model = Session::cpu().load(&graph.unwrap(), &Weights::new());
        let x = Tensor::zeros((8, 4), candle_core::DType::F32, &Cpu).unwrap();
        let plan = model.unwrap().memory_plan([(name, &x)]);
        plan.unwrap()
    }

    /// Names of any length make no figure large.
    #[test]
    fn names_are_cut() {
        let name = "name ".repeat(4000);
        let graph = Graph::build(&name, |g| {
            let x = g.input(&name, f32s(("n",)));
            g.output(&name, g.scope(&name, || (2 * x + 1.0).relu()));
        })
        .unwrap();
        let plan = Session::cpu().compile(&graph).unwrap();
        for figure in [
            graph.figure(),
            Diagram::of(&graph).expand(&name).figure(),
            plan.figure(),
            FilmStrip::of(&plan).figure(),
            memory_plan(&name).figure(),
            BarChart::new(&name, &name, [(name.as_str(), 1.0)]).figure(),
            LineChart::new(&name).series(&name, [(1.0, 1.0)]).figure(),
            TokenStrip::new(&name, &[&name], &[1]).figure(),
            Table::new(&name, [&name]).row([&name]).figure(),
        ] {
            let (html, text) = (figure.to_html().len(), figure.to_text().len());
            assert!(html < 60_000 && text < 30_000, "{html} {text} bytes");
        }
    }

    /// Everything that figures draw with, so that nothing else slips in.
    #[test]
    fn every_figure_keeps_to_the_dialect() {
        let elements = BTreeSet::from([
            "circle", "desc", "g", "line", "path", "rect", "svg", "text", "title",
        ]);
        let attributes = BTreeSet::from([
            "xmlns",
            "viewBox",
            "role",
            "width",
            "height",
            "x",
            "y",
            "x1",
            "y1",
            "x2",
            "y2",
            "cx",
            "cy",
            "r",
            "rx",
            "d",
            "fill",
            "stroke",
            "stroke-width",
            "stroke-dasharray",
            "stroke-linejoin",
            "opacity",
            "transform",
            "text-anchor",
            "font-family",
            "font-size",
            "font-weight",
        ]);
        for figure in one_of_each() {
            let svg = figure.to_svg();
            assert!(figure.to_png().unwrap().len() > 1000, "{}", figure.title());
            assert!(
                !svg.contains("script>") || svg.contains("script&gt;"),
                "{}",
                figure.title()
            );
            for tag in svg.split('<').skip(1) {
                let (tag, _) = tag.split_once('>').unwrap();
                let tag = tag.trim_end_matches('/');
                let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
                assert!(elements.contains(name.trim_start_matches('/')), "<{tag}>");
                for attribute in rest.split("=\"").collect::<Vec<_>>().windows(2) {
                    let name = attribute[0].rsplit([' ', '"']).next().unwrap();
                    assert!(attributes.contains(name), "{name} in <{tag}>");
                }
            }
            assert!(figure.alt().len() > 10 && !figure.to_text().is_empty());
            assert!(
                figure.size().0 <= 1000.0,
                "{} is {:?}",
                figure.title(),
                figure.size()
            );
            assert!(!figure.to_html().contains("<script"));
            assert!(
                figure.to_html().len() <= 100_000,
                "{}: {} bytes",
                figure.title(),
                svg.len()
            );
        }
    }
}
