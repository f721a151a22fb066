//! Reports for programs.

use serde::Serialize;

use super::cost::Cost;
use super::report::{KernelReport, PassReport, Report};

impl Report {
    /// As one JSON object on one line. Costs are formulas over the graph's symbols, so they are text.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let graph = Graph::build("relu", |g| g.output("y", g.input("x", f32s(("n",))).relu()))?;
    /// let json = Session::cpu().compile(&graph)?.report().to_json();
    /// assert!(json.contains(r#""op":"relu","kernel":"elementwise loop "#));
    /// assert!(json.contains(r#""flops":"n","bytes":"8*n""#));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Shown::from(self)).unwrap_or_default()
    }
}

/// The report as JSON shows it. Costs are formulas over the graph's symbols, so they are text.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    graph: &'a str,
    target: &'a str,
    passes: Vec<Pass<'a>>,
    kernels: Vec<Kernel<'a>>,
    before: Totals,
    after: Totals,
    warnings: &'a [String],
    milliseconds: f64,
}

#[derive(Debug, Serialize)]
struct Pass<'a> {
    name: &'a str,
    says: &'a str,
    patches: &'a [String],
    nodes_before: usize,
    nodes_after: usize,
    milliseconds: f64,
}

#[derive(Debug, Serialize)]
struct Kernel<'a> {
    node: u32,
    op: &'a str,
    kernel: &'a str,
    why: &'a str,
    flops: String,
    bytes: String,
}

#[derive(Debug, Serialize)]
struct Totals {
    kernels: usize,
    flops: String,
    bytes: String,
}

impl<'a> From<&'a PassReport> for Pass<'a> {
    fn from(pass: &'a PassReport) -> Pass<'a> {
        Pass {
            name: pass.name,
            says: pass.says,
            patches: &pass.patches,
            nodes_before: pass.nodes_before,
            nodes_after: pass.nodes_after,
            milliseconds: 1e3 * pass.time.as_secs_f64(),
        }
    }
}

impl<'a> From<&'a KernelReport> for Kernel<'a> {
    fn from(kernel: &'a KernelReport) -> Kernel<'a> {
        Kernel {
            node: kernel.node.0,
            op: &kernel.op,
            kernel: &kernel.choice.kernel,
            why: &kernel.choice.why,
            flops: kernel.cost.flops.to_string(),
            bytes: kernel.cost.bytes.to_string(),
        }
    }
}

impl From<&Cost> for Totals {
    fn from(cost: &Cost) -> Totals {
        Totals {
            kernels: cost.kernels,
            flops: cost.flops.to_string(),
            bytes: cost.bytes.to_string(),
        }
    }
}

impl<'a> From<&'a Report> for Shown<'a> {
    fn from(report: &'a Report) -> Shown<'a> {
        Shown {
            graph: &report.graph,
            target: &report.target,
            passes: report.passes.iter().map(Pass::from).collect(),
            kernels: report.kernels.iter().map(Kernel::from).collect(),
            before: Totals::from(&report.before),
            after: Totals::from(&report.after),
            warnings: &report.warnings,
            milliseconds: 1e3 * report.time().as_secs_f64(),
        }
    }
}
