//! Graphs as text: one node a line, stable, for snapshots and for reading.

use std::fmt;

use super::ir::Graph;
use super::ops::{Op, OpDef};

impl fmt::Display for Graph {
    /// ```text
    /// graph affine
    ///   %0 = input x : f32[n]
    ///   %1 = constant 2 : f32[]
    ///   %2 = mul(%0, %1) : f32[n]
    ///   output y = %2
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "graph {}", self.name())?;
        for node in self.nodes() {
            write!(f, "  {} = ", node.id)?;
            match &node.op {
                Op::Input(_) | Op::Weight(_) | Op::Constant(_) => {
                    write!(f, "{} {}", node.op.name(), node.op.attributes())?;
                }
                op => {
                    let mut arguments: Vec<_> =
                        node.inputs.iter().map(|id| id.to_string()).collect();
                    let attributes = op.attributes();
                    if !attributes.is_empty() {
                        arguments.push(attributes);
                    }
                    write!(f, "{}({})", op.name(), arguments.join(", "))?;
                }
            }
            writeln!(f, " : {}", node.ty)?;
            for (what, body) in node.op.bodies() {
                writeln!(f, "    {what}:")?;
                // Without its first line, which says its name.
                for line in body.graph().to_string().lines().skip(1) {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        for output in self.outputs() {
            writeln!(f, "  output {} = {}", output.name, output.node)?;
        }
        Ok(())
    }
}
