//! The roofline: what a machine allows at most, and how near kernels come to it.

use std::collections::BTreeMap;

use super::line::LineChart;
use crate::compile::Cost;
use crate::engine::KernelTime;
use crate::figure::number::short;
use crate::figure::picture::Figure;
use crate::figure::show::Show;
use crate::figure::table::aligned;
use crate::graph::ops::OpDef;
use crate::graph::{Bindings, Graph};

/// As many points as are named.
const MOST: usize = 8;

/// Performance over arithmetic intensity, after Williams, Waterman and Patterson (2009): below a roof
/// of the memory's bandwidth on the left and the peak of arithmetic on the right.
///
/// ```
/// use lessons::figure::Roofline;
/// use lessons::prelude::*;
///
/// // 100 GFLOP/s and 20 GB/s; a kernel of 1 MFLOP over 2 MB in 200 µs.
/// let chart = Roofline::new("one core", 100e9, 20e9).point("add", 1e6, 2e6, 200e-6);
/// assert_eq!(
///     chart.figure().alt(),
///     "Roofline one core: the roof bends at 5 operations per byte; add reaches 50 % of what the \
///      memory allows."
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Roofline {
    title: String,
    peak: f64,
    bandwidth: f64,
    points: Vec<Measured>,
}

#[derive(Debug, Clone, PartialEq)]
struct Measured {
    name: String,
    flops: f64,
    bytes: f64,
    seconds: f64,
}

impl Measured {
    fn intensity(&self) -> f64 {
        self.flops / self.bytes
    }

    fn performance(&self) -> f64 {
        self.flops / self.seconds
    }

    fn is_known(&self) -> bool {
        let known = |value: f64| value.is_finite() && value > 0.0;
        known(self.intensity()) && known(self.performance())
    }
}

impl Roofline {
    /// The roof of a machine: operations a second at most, and bytes a second between it and memory.
    pub fn new(title: &str, peak: f64, bandwidth: f64) -> Roofline {
        Roofline {
            title: title.to_owned(),
            peak,
            bandwidth,
            points: Vec::new(),
        }
    }

    /// Adds a kernel by its operations, the bytes that it moves, and its time in seconds.
    pub fn point(mut self, name: &str, flops: f64, bytes: f64, seconds: f64) -> Roofline {
        self.points.push(Measured {
            name: name.to_owned(),
            flops,
            bytes,
            seconds,
        });
        self
    }

    /// Adds one point for each kind of op of a profiled run, the longest first. `sizes` are those of
    /// the run's symbolic dims; ops whose cost is not known with them are left out.
    pub fn profile(mut self, graph: &Graph, sizes: &Bindings, times: &[KernelTime]) -> Roofline {
        let mut sums: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
        for time in times {
            let Some(node) = graph.node(time.node) else {
                continue;
            };
            let cost = Cost::of_node(graph, node);
            if let (Some(flops), Some(bytes)) = (cost.flops.bind(sizes), cost.bytes.bind(sizes)) {
                let sum = sums.entry(node.op.name()).or_insert([0.0; 3]);
                sum[0] += flops as f64;
                sum[1] += bytes as f64;
                sum[2] += time.time.as_secs_f64();
            }
        }
        let mut sums: Vec<(&str, [f64; 3])> = sums.into_iter().collect();
        sums.sort_by(|a, b| b.1[2].total_cmp(&a.1[2]));
        for (name, [flops, bytes, seconds]) in sums {
            self = self.point(name, flops, bytes, seconds);
        }
        self
    }

    /// What the roof allows at an intensity.
    fn roof(&self, intensity: f64) -> f64 {
        self.peak.min(self.bandwidth * intensity)
    }

    fn ridge(&self) -> f64 {
        self.peak / self.bandwidth
    }

    fn known(&self) -> Vec<&Measured> {
        let known = self.points.iter().filter(|point| point.is_known());
        known.take(MOST).collect()
    }

    fn words(&self) -> String {
        let mut words = vec![format!(
            "the roof bends at {} operations per byte",
            short(self.ridge(), 3)
        )];
        for point in self.known().iter().take(4) {
            let reached = point.performance() / self.roof(point.intensity());
            let by = match point.intensity() < self.ridge() {
                true => "the memory",
                false => "the arithmetic",
            };
            words.push(format!(
                "{} reaches {} % of what {by} allows",
                point.name,
                short(reached * 100.0, 2)
            ));
        }
        let left_out = self.points.len() - self.known().len();
        if left_out > 0 {
            words.push(format!("{left_out} not drawn"));
        }
        format!("{}.", words.join("; "))
    }

    fn text(&self) -> String {
        let mut rows = vec![
            ["kernel", "FLOP/byte", "GFLOP/s", "of the roof", "bound by"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for point in self.known() {
            let reached = point.performance() / self.roof(point.intensity());
            rows.push(vec![
                point.name.clone(),
                short(point.intensity(), 3),
                short(point.performance() / 1e9, 3),
                format!("{} %", short(reached * 100.0, 2)),
                match point.intensity() < self.ridge() {
                    true => "memory".to_owned(),
                    false => "arithmetic".to_owned(),
                },
            ]);
        }
        aligned(&rows)
    }
}

impl Show for Roofline {
    fn figure(&self) -> Figure {
        let known = self.known();
        let ridge = self.ridge();
        let ends = known.iter().map(|point| point.intensity()).chain([ridge]);
        let (mut least, mut greatest) = (f64::INFINITY, 0.0f64);
        for end in ends.filter(|end| end.is_finite() && *end > 0.0) {
            (least, greatest) = (least.min(end / 4.0), greatest.max(end * 4.0));
        }
        let corners = [least, ridge, greatest].map(|x| (x, self.roof(x) / 1e9));
        let mut chart = LineChart::new(&self.title)
            .x("operations per byte")
            .y("GFLOP/s")
            .log_x()
            .log_y()
            .kind("Roofline")
            .finding(&self.words())
            .twin(self.text())
            .line("roof", corners);
        for point in known {
            let at = (point.intensity(), point.performance() / 1e9);
            chart = chart.points(&point.name, [at]);
        }
        chart.figure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_held_against_the_side_of_the_roof_that_they_are_under() {
        let chart = Roofline::new("core", 100e9, 20e9)
            .point("add", 1e6, 2e6, 200e-6)
            .point("<matmul>", 2e9, 2e7, 40e-3)
            .point("copy", 0.0, 1e6, 1e-3);
        let figure = chart.figure();
        assert!(
            figure.alt().ends_with(
                "add reaches 50 % of what the memory allows; <matmul> reaches 50 % of what the \
                 arithmetic allows; 1 not drawn."
            ),
            "{}",
            figure.alt()
        );
        assert!(figure.to_text().contains("arithmetic"), "{figure}");
        let none = Roofline::new("none", f64::NAN, 0.0).figure();
        assert!(none.to_svg().len() < 20_000);
    }
}
