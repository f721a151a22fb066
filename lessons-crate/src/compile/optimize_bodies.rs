//! Optimizes the graphs that are part of ops.

use super::driver::{Options, compile};
use super::pass::{Pass, Patch, Tools};
use super::pattern::{Pattern, listed};
use crate::graph::ops::Body;
use crate::graph::{Graph, GraphError};

/// Runs all passes on the branches of a `cond` and on condition and step of a `while`, one op a patch.
pub struct OptimizeBodies;

impl Pass for OptimizeBodies {
    fn name(&self) -> &'static str {
        "optimize_bodies"
    }

    fn says(&self) -> &'static str {
        "optimizes the branches and loops inside of ops"
    }

    fn concerns(&self, graph: &Graph) -> bool {
        graph
            .nodes()
            .iter()
            .any(|node| !node.op.bodies().is_empty())
    }

    fn next(&self, graph: &Graph, tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        for node in graph.nodes() {
            let mut changed = Vec::new();
            let op = node.op.with_bodies(|body| -> Result<Body, GraphError> {
                let compiled = compile(body.graph(), tools.evaluate, &Options::default())?;
                match compiled.patches().count() {
                    0 => {}
                    1 => changed.push(format!("1 patch in {}", body.graph().name())),
                    many => changed.push(format!("{many} patches in {}", body.graph().name())),
                }
                Ok(Body::new(compiled.graph))
            })?;
            if !changed.is_empty() {
                let label = format!("{}: {}", graph.label(node.id), listed(&changed));
                let pattern = Pattern::new(graph);
                return Ok(Some(pattern.with_op(node, op, node.inputs.clone(), label)));
            }
        }
        Ok(None)
    }
}
