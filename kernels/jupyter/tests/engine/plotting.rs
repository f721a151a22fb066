//! Plotting crates as they are, with what they have for evcxr.

use crate::harness::Session;

#[test]
fn a_figure_of_plotters_shows_itself() {
    let mut session = Session::new();
    let plotters = "plotters = { version = \"0.3\", default-features = false, features = [\"evcxr\", \"line_series\"] }";
    if !session.has_dep(plotters) {
        return;
    }
    session.ok("use plotters::prelude::*;");
    let ran = session.ok("evcxr_figure((120, 80), |root| {
            root.fill(&WHITE)?;
            let mut chart = ChartBuilder::on(&root).build_cartesian_2d(0f64..1f64, 0f64..1f64)?;
            chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], &RED))?;
            Ok(())
        }).style(\"width: 50%\")");
    let html = ran.result().map(|bundle| bundle["text/html"].to_string());
    let html = html.unwrap_or_else(|| panic!("{ran:?}"));
    for part in ["width: 50%", "<svg", "polyline"] {
        assert!(html.contains(part), "{html}");
    }
    assert_eq!(ran.stdout(), "");
}

/// Its crates take more than a minute to build, so that it runs only where `LESSONS_TEST_PLOTLY` is set.
#[test]
fn a_figure_of_plotly_shows_itself() {
    if std::env::var_os("LESSONS_TEST_PLOTLY").is_none() {
        println!("skipped: LESSONS_TEST_PLOTLY is not set");
        return;
    }
    let mut session = Session::new();
    if !session.has_dep("plotly") {
        return;
    }
    session.ok("use plotly::{Plot, Scatter};
        let mut plot = Plot::new();
        plot.add_trace(Scatter::new(vec![0, 1, 2], vec![2, 1, 0]));");
    let ran = session.ok("plot.lab_display();\nplot.notebook_display();\nplot.evcxr_display();");
    let kinds = ran
        .displays()
        .into_iter()
        .flat_map(|display| display.keys());
    let figure = "application/vnd.plotly.v1+json";
    assert_eq!(kinds.collect::<Vec<_>>(), [figure, "text/html", figure]);
    assert_eq!(ran.stdout(), "");
    let ran = session.ok("plot");
    let traces = &ran.result().expect("a value")[figure]["data"];
    assert_eq!(traces[0]["y"], serde_json::json!([2, 1, 0]));
}
