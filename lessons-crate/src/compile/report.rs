//! What compiling did, as a value: for each pass, for each kernel, and in total.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use super::cost::Cost;
use super::driver::Compiled;
use super::load_time::load_time;
use crate::graph::ops::OpDef;
use crate::graph::{Graph, Node, NodeId};

/// Which kernel runs a node, and why that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub kernel: String,
    pub why: String,
}

/// What a backend tells of itself when a graph is compiled for it.
pub trait Target {
    /// `cpu (avx512)`, `cuda:0`, …
    fn name(&self) -> String;

    /// The kernel for a node; `at_load` is [`load_time`] of the graph.
    fn choose(&self, graph: &Graph, node: &Node, at_load: &HashSet<NodeId>) -> Choice;
}

/// What one pass did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassReport {
    pub name: &'static str,
    pub says: &'static str,
    pub patches: Vec<String>,
    pub nodes_before: usize,
    pub nodes_after: usize,
    pub time: Duration,
}

/// One kernel of the compiled graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelReport {
    pub node: NodeId,
    pub op: String,
    pub choice: Choice,
    pub cost: Cost,
}

/// The report of one compilation.
///
/// Its `Display` is the same on every machine but for the kernels' instruction set; times are in
/// the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub graph: String,
    pub target: String,
    pub passes: Vec<PassReport>,
    pub kernels: Vec<KernelReport>,
    pub before: Cost,
    pub after: Cost,
    /// Things that are probably mistakes: unused inputs and weights.
    pub warnings: Vec<String>,
}

impl Report {
    pub fn new(compiled: &Compiled, target: &dyn Target) -> Report {
        let mut nodes = compiled.source.nodes().len();
        let mut passes = Vec::new();
        for stage in &compiled.stages {
            let after = stage.graph.nodes().len();
            passes.push(PassReport {
                name: stage.pass,
                says: stage.says,
                patches: stage.patches.clone(),
                nodes_before: nodes,
                nodes_after: after,
                time: stage.time,
            });
            nodes = after;
        }
        let graph = &compiled.graph;
        let at_load = load_time(graph);
        let kernels = graph
            .nodes()
            .iter()
            .filter(|node| !node.op.is_source())
            .map(|node| KernelReport {
                node: node.id,
                op: node.op.name().to_owned(),
                choice: target.choose(graph, node, &at_load),
                cost: Cost::of_node(graph, node),
            });
        Report {
            graph: graph.name().to_owned(),
            target: target.name(),
            passes,
            kernels: kernels.collect(),
            before: Cost::of(&compiled.source),
            after: Cost::of(graph),
            warnings: compiled.warnings(),
        }
    }

    /// The time that all passes took together.
    pub fn time(&self) -> Duration {
        self.passes.iter().map(|pass| pass.time).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} compiled for {}", self.graph, self.target)?;
        let width = self
            .passes
            .iter()
            .filter(|pass| !pass.patches.is_empty())
            .map(|pass| pass.name.len())
            .max()
            .unwrap_or(0);
        let (busy, idle): (Vec<_>, Vec<_>) = self
            .passes
            .iter()
            .partition(|pass| !pass.patches.is_empty());
        for pass in busy {
            let (before, after) = (pass.nodes_before, pass.nodes_after);
            match pass.patches.as_slice() {
                [] => {}
                [one] => writeln!(f, "  {:width$}  {before} → {after} nodes: {one}", pass.name)?,
                many => {
                    let count = many.len();
                    writeln!(
                        f,
                        "  {:width$}  {before} → {after} nodes in {count} patches:",
                        pass.name
                    )?;
                    for patch in many.iter().take(4) {
                        writeln!(f, "  {:width$}    {patch}", "")?;
                    }
                    if count > 4 {
                        writeln!(f, "  {:width$}    … and {} more", "", count - 4)?;
                    }
                }
            }
        }
        if !idle.is_empty() {
            writeln!(f, "  nothing to do: {}", names(&idle))?;
        }
        let (before, after) = (&self.before, &self.after);
        writeln!(f, "  kernels: {} → {}", before.kernels, after.kernels)?;
        writeln!(f, "  bytes moved: {} → {}", before.bytes, after.bytes)?;
        write!(f, "  arithmetic: {} operations", after.flops)?;
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// The names of passes, as a list.
pub(crate) fn names(passes: &[&PassReport]) -> String {
    let names: Vec<&str> = passes.iter().map(|pass| pass.name).collect();
    names.join(", ")
}
